//! `doctor`: finds what keeps the daemon from working, and what to do about it.
//!
//! First it checks this machine ([`local`]) and who is told ([`notify`]), then DingTalk ([`remote`]). A check that depends on one that failed is
//! reported as skipped.

mod local;
mod notify;
mod remote;

use anyhow::ensure;
use serde::Serialize;

use super::output::{self, Format, Printed};
use super::screen::{Screen, Tone};
use super::table::{Cell, Column, Kind};
use crate::config::{ConfigError, Loaded};

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
    metered_calls: usize,
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
            Verdict::Ok => Cell::from("ok"),
            Verdict::Warning => Cell::from("warning").toned(Tone::Warning),
            Verdict::Failed => Cell::from("FAILED").toned(Tone::Failed),
            Verdict::Skipped => Cell::from("skipped"),
        };
        let columns = [
            Column("check", Kind::Word, 0),
            Column("verdict", Kind::Word, 0),
            Column("what, and what to do", Kind::Prose, 0),
        ];
        let row = |check: &Check| vec![check.name.into(), text(check.verdict), check.says.clone().into()];
        let table = Screen::of_stdout(false).table(&columns, &self.checks.iter().map(row).collect::<Vec<_>>());
        output::print(&format!("{table}\nmetered calls used: {}\n", self.metered_calls))
    }
}

/// Says that nothing else can be checked without a valid configuration, and fails.
pub(super) fn without_configuration(printed: Printed, error: ConfigError) -> anyhow::Result<Loaded> {
    let mut findings = Findings::default();
    findings.add("configuration", Verdict::Failed, error.to_string());
    findings.add("everything else", Verdict::Skipped, "repair the configuration first");
    findings.print(printed.format)?;
    Err(error.into())
}

pub(super) async fn run(printed: Printed, loaded: &Loaded) -> anyhow::Result<()> {
    let loaded = &loaded.at_a_shell();
    let (config, mut findings) = (&loaded.config, Findings::default());
    local::configuration(&mut findings, loaded);
    let has_secret = local::secret(&mut findings, loaded);
    let catalog = local::open(&mut findings, config).await;
    if let Some((catalog, _)) = &catalog {
        local::catalog(&mut findings, config, catalog).await;
    }
    notify::check(&mut findings, config, catalog.as_ref().map(|(catalog, _)| catalog)).await;
    let writable = catalog.as_ref().and_then(|(catalog, may_write)| may_write.then_some(catalog));
    let mut checked = Ok(());
    if has_secret {
        checked = remote::check(&mut findings, config, writable).await;
    } else {
        findings.add("DingTalk", Verdict::Skipped, "it cannot be asked without the app's key and secret");
    }
    if let Some((catalog, _)) = catalog {
        catalog.close().await;
    }
    checked?;
    findings.print(printed.format)?;
    let has_failed = findings.checks.iter().any(|check| check.verdict == Verdict::Failed);
    ensure!(!has_failed, "at least one check failed; see FAILED above");
    Ok(())
}
