//! `verify`: checks whether a catalog, or a copy of one, is valid.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

use super::output::{self, Format, Printed};
use super::screen::Screen;
use super::{open, sanitize, wiring};
use crate::catalog::verify::Finding;
use crate::catalog::{Catalog, Location};
use crate::config::Config;

#[derive(Args, Debug)]
pub(super) struct Verify {
    /// The file to check [default: the configured catalog]
    file: Option<PathBuf>,
    #[command(flatten)]
    printed: Printed,
}

#[derive(Serialize)]
struct Report<'a> {
    catalog: String,
    valid: bool,
    /// `None`: the file is too damaged to count.
    conferences: Option<u64>,
    recordings: Option<u64>,
    checks: Vec<&'static str>,
    findings: &'a [Finding],
}

pub(super) async fn run(verify: &Verify, config: &Config) -> anyhow::Result<()> {
    let location = match &verify.file {
        Some(file) => Location::File(file.clone()),
        None => wiring::location(config)?,
    };
    let check = async |catalog: &Catalog| Ok((catalog.verify().await?, catalog.checks(), catalog.size().await.ok()));
    let (findings, checks, size) = open::then_close(location.open_read_only().await?, check).await?;
    let (conferences, recordings) = size.unzip();
    let report = Report {
        catalog: location.to_string(),
        valid: findings.is_empty(),
        conferences,
        recordings,
        checks,
        findings: &findings,
    };
    match verify.printed.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report, &Screen::of_stdout(false))?,
    }
    let (failed, all) = (findings.len(), report.checks.len());
    ensure!(report.valid, "{} is not valid: {failed} of {all} checks failed; nothing was changed", report.catalog);
    Ok(())
}

fn print(report: &Report<'_>, screen: &Screen) -> anyhow::Result<()> {
    if !report.valid {
        return output::print(&screen.prose(&lines(report.findings).collect::<Vec<_>>().join("\n")));
    }
    let size = report.conferences.zip(report.recordings);
    let size = size.map(|(conferences, recordings)| format!(": {conferences} conferences and {recordings} recordings"));
    let size = size.unwrap_or_default();
    let checks: String = report.checks.iter().flat_map(|check| ["- ", check, "\n"]).collect();
    let count = report.checks.len();
    let catalog = sanitize::text(&report.catalog);
    output::print(&screen.prose(&format!("{catalog} is valid{size}\n{count} checks passed:\n{checks}")))
}

/// A line for each named offender, and one for the number of the others.
pub(super) fn lines(findings: &[Finding]) -> impl Iterator<Item = String> {
    findings.iter().flat_map(|Finding { check, offenders, more }| {
        let named = offenders.iter().map(move |offender| format!("{check}: violated by {}", sanitize::text(offender)));
        named.chain((*more > 0).then(|| format!("{check}: violated by {more} more")))
    })
}
