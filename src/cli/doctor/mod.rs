//! `doctor`: finds what keeps the daemon from working, and what to do about it.
//!
//! First it checks this machine ([`local`]), then DingTalk ([`remote`]). A check that depends on one that failed is
//! reported as skipped.

mod local;
mod remote;

use anyhow::ensure;
use clap::Args;
use serde::Serialize;

use super::open;
use super::output::{self, Format};
use crate::catalog::Catalog;
use crate::config::{ConfigError, Loaded};

#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Failed,
    Skipped,
}

#[derive(Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Default, Serialize)]
struct Findings {
    checks: Vec<Check>,
    metered_calls: u64,
}

impl Findings {
    fn add(&mut self, name: &'static str, verdict: Verdict, says: impl Into<String>) {
        self.checks.push(Check { name, verdict, says: says.into() });
    }

    fn print(&self, format: Format) -> anyhow::Result<()> {
        if format == Format::Json {
            return output::json(self);
        }
        let text = |verdict| match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "skipped",
        };
        let row = |check: &Check| vec![check.name.to_owned(), text(check.verdict).to_owned(), check.says.clone()];
        let table = output::table(&["check", "verdict", "what, and what to do"], self.checks.iter().map(row));
        output::print(&format!("{table}\nmetered calls used: {}\n", self.metered_calls))
    }
}

/// Without a valid configuration nothing else can be checked.
pub(super) fn without_configuration(doctor: &Doctor, error: ConfigError) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    findings.add("configuration", Verdict::Failed, error.to_string());
    findings.add("everything else", Verdict::Skipped, "repair the configuration first");
    findings.print(doctor.format)?;
    Err(error.into())
}

pub(super) async fn run(doctor: &Doctor, loaded: &Loaded) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    local::configuration(&mut findings, loaded);
    let has_secret = local::secret(&mut findings, loaded);
    match local::open(&mut findings, &loaded.config).await {
        Some(catalog) => {
            let checks = async |catalog: &Catalog| {
                local::catalog(&mut findings, &loaded.config, catalog).await;
                if has_secret { remote::check(&mut findings, &loaded.config, Some(catalog)).await } else { Ok(()) }
            };
            open::then_close(catalog, checks).await?;
        }
        None if has_secret => remote::check(&mut findings, &loaded.config, None).await?,
        None => {}
    }
    if !has_secret {
        findings.add("DingTalk", Verdict::Skipped, "it cannot be asked without credentials");
    }
    findings.print(doctor.format)?;
    let has_failed = findings.checks.iter().any(|check| check.verdict == Verdict::Failed);
    ensure!(!has_failed, "at least one check failed; see FAILED above");
    Ok(())
}
