//! `verify`: whether a catalog, or a copy of one, is sound.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::output::{self, Format};
use super::sanitize;
use crate::catalog::Catalog;
use crate::catalog::verify::{Finding, checks};
use crate::config::Config;

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// The catalog to be checked, or a copy of one; the configured one unless given
    file: Option<PathBuf>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    catalog: String,
    sound: bool,
    /// None where the file is too damaged to count.
    conferences: Option<u64>,
    recordings: Option<u64>,
    checks: Vec<&'static str>,
    findings: &'a [Finding],
}

pub(super) async fn run(verify: &Verify, config: &Config) -> anyhow::Result<()> {
    let path = verify.file.as_ref().unwrap_or(&config.catalog.path);
    let catalog = Catalog::open_read_only(path).await?;
    let checked = async { anyhow::Ok((catalog.verify().await?, catalog.size().await.ok())) }.await;
    catalog.close().await;
    let (findings, size) = checked?;
    let report = Report {
        catalog: path.display().to_string(),
        sound: findings.is_empty(),
        conferences: size.map(|(conferences, _)| conferences),
        recordings: size.map(|(_, recordings)| recordings),
        checks: checks().collect(),
        findings: &findings,
    };
    match verify.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report)?,
    }
    if !report.sound {
        bail!(
            "{} is not sound: {} of {} checks found something; nothing was changed",
            report.catalog,
            findings.len(),
            report.checks.len()
        );
    }
    Ok(())
}

fn print(report: &Report<'_>) -> anyhow::Result<()> {
    if !report.sound {
        return output::print(&lines(report.findings).map(|line| line + "\n").collect::<String>());
    }
    let size = match (report.conferences, report.recordings) {
        (Some(conferences), Some(recordings)) => format!(": {conferences} conferences and {recordings} recordings"),
        _ => String::new(),
    };
    let checks: String = report.checks.iter().flat_map(|check| ["- ", check, "\n"]).collect();
    let count = report.checks.len();
    let catalog = sanitize::text(&report.catalog);
    output::print(&format!("{catalog} is sound{size}\n{count} checks, each without a finding:\n{checks}"))
}

/// A line for each that breaks a check, as far as they are named, and one for the others.
pub(super) fn lines(findings: &[Finding]) -> impl Iterator<Item = String> {
    findings.iter().flat_map(|Finding { check, offenders, more }| {
        let named = offenders.iter().map(move |offender| format!("{check}, but not: {}", sanitize::text(offender)));
        named.chain((*more > 0).then(|| format!("{check}, but not: {more} more")))
    })
}
