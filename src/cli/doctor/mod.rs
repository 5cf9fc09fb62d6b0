//! `doctor`: what keeps the daemon from doing its work, and what to do about it.
//!
//! Checks in the order in which one thing rests on another: what cannot be asked because of an earlier failure is said to be
//! skipped, never to be well. First this machine ([`here`]), then DingTalk ([`there`]).

mod here;
mod there;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::output::{self, Format};
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

/// What a check found, and what to do about it.
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
    /// Calls that DingTalk counts.
    metered_calls: u64,
}

impl Findings {
    fn say(&mut self, name: &'static str, verdict: Verdict, says: impl Into<String>) {
        self.checks.push(Check { name, verdict, says: says.into() });
    }

    fn has_failed(&self) -> bool {
        self.checks.iter().any(|check| check.verdict == Verdict::Failed)
    }

    fn print(&self, format: Format) -> anyhow::Result<()> {
        if format == Format::Json {
            return output::json(self);
        }
        let word = |verdict| match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "skipped",
        };
        let row = |check: &Check| vec![check.name.to_owned(), word(check.verdict).to_owned(), check.says.clone()];
        let table = output::table(&["check", "verdict", "what, and what to do"], self.checks.iter().map(row));
        output::print(&format!("{table}\nmetered calls used: {}\n", self.metered_calls))
    }
}

/// All that can be said of a configuration that cannot be taken.
pub(super) fn without_configuration(doctor: &Doctor, error: ConfigError) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    findings.say("configuration", Verdict::Failed, error.to_string());
    findings.say("everything else", Verdict::Skipped, "mend the configuration first");
    findings.print(doctor.format)?;
    Err(error.into())
}

pub(super) async fn run(doctor: &Doctor, loaded: &Loaded) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    here::configuration(&mut findings, loaded);
    let has_secret = here::secret(&mut findings, loaded);
    let catalog = here::catalog(&mut findings, &loaded.config).await;
    if has_secret {
        there::far_side(&mut findings, &loaded.config, catalog).await?;
    } else {
        if let Some(catalog) = catalog {
            catalog.close().await;
        }
        findings.say("DingTalk", Verdict::Skipped, "without credentials it cannot be asked");
    }
    findings.print(doctor.format)?;
    if findings.has_failed() {
        bail!("not everything is well: see FAILED above");
    }
    Ok(())
}
