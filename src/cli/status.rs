//! `status`: what the daemon does, what is open, what was spent.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::output::{self, Format};
use super::wiring;
use crate::archive::{Pace, health};
use crate::catalog::Catalog;
use crate::catalog::ledger::{JobRun, Pause};
use crate::catalog::lists::{RecordingFilter, TroubleRow};
use crate::config::{Config, ConfigError};
use crate::daemon::lock::Lock;
use crate::domain::clock::{Clock, SystemClock, Timestamp, millis};
use crate::domain::pace;
use crate::domain::schedule::Schedule;

#[derive(Args, Debug)]
pub(super) struct Status {
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The daemon does not achieve what it is there for.
#[derive(Debug, thiserror::Error)]
#[error("unhealthy: {0}")]
struct Unhealthy(String);

/// Everything there is to say; instants and durations in milliseconds.
#[derive(Debug, Serialize)]
pub struct Report {
    catalog: String,
    daemon_pid: Option<u32>,
    daemon_waits_for: Option<String>,
    configuration_refused: Option<String>,
    conferences: BTreeMap<&'static str, u64>,
    trouble: Option<TroubleRow>,
    oldest_open: Vec<OldestReport>,
    recordings: usize,
    /// From a meeting's end to its recording's first row: for half of them no longer than this, and for none.
    lag_half_ms: Option<i64>,
    lag_most_ms: Option<i64>,
    month: String,
    calls: u64,
    calls_per_month: u64,
    discover_interval_ms: Option<i64>,
    discover_stretched: bool,
    poll_interval_ms: Option<i64>,
    poll_stretched: bool,
    pauses: Vec<PauseReport>,
    unhealthy: Vec<String>,
    stages: Vec<StageReport>,
}

#[derive(Debug, Serialize)]
struct OldestReport {
    state: String,
    since: i64,
}

#[derive(Debug, Serialize)]
struct PauseReport {
    scope: String,
    paused_until: i64,
    since: i64,
    code: String,
    message: String,
}

#[derive(Debug, Serialize)]
struct StageReport {
    stage: String,
    last_started_at: i64,
    last_finished_at: i64,
    outcome: String,
    next_due_at: Option<i64>,
}

pub(super) async fn run(status: &Status, config: &Config) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let catalog = Catalog::open_read_only(&config.catalog.path).await?;
    let report = report(&catalog, config, now).await;
    catalog.close().await;
    let report = report?;
    match status.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report, config, now)?,
    }
    if report.unhealthy.is_empty() { Ok(()) } else { Err(Unhealthy(report.unhealthy.join("; ")).into()) }
}

/// The same for a configuration that cannot be taken: what the daemon does by the one before, as far as the catalog says.
pub(super) async fn without_configuration(status: &Status, path: &Path, error: ConfigError) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let Ok(catalog) = Catalog::open_read_only(path).await else { return Err(error.into()) };
    let mut config = Config::default();
    config.catalog.path = path.to_owned();
    config.quota.calls_per_month = catalog.share().await?;
    let report = report(&catalog, &config, now).await;
    catalog.close().await;
    let mut report = report?;
    // What the running settings are, the catalog does not say.
    (report.discover_interval_ms, report.poll_interval_ms) = (None, None);
    match status.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report, &config, now)?,
    }
    Err(error.into())
}

/// Gathers what there is to say at `now` of a daemon with this configuration. Reads only.
pub async fn report(catalog: &Catalog, config: &Config, now: Timestamp) -> anyhow::Result<Report> {
    let settings = wiring::settings(config);
    let share = config.quota.calls_per_month;
    let pace = Pace::at(catalog, &settings, share, now).await?;
    let discovers = settings.organization || !settings.users.is_empty();
    let (discover, discover_stretched) = effective(&settings.discover, pace.discover, now);
    let (poll, poll_stretched) = effective(&settings.poll, pace.poll, now);
    let daemon = Lock::holder(&config.catalog.path);
    let mut lags_ms: Vec<i64> = catalog.lags().await?.into_iter().map(millis).collect();
    lags_ms.sort_unstable();
    let oldest = catalog.oldest_open().await?.into_iter();
    Ok(Report {
        catalog: config.catalog.path.display().to_string(),
        daemon_pid: daemon.as_ref().map(|daemon| daemon.pid),
        daemon_waits_for: daemon.as_ref().and_then(|daemon| daemon.note.waits_for.clone()),
        configuration_refused: daemon.and_then(|daemon| daemon.note.refused),
        conferences: catalog.census().await?.into_iter().map(|(state, count)| (state.as_str(), count)).collect(),
        trouble: catalog.trouble().await?,
        oldest_open: oldest.map(|open| OldestReport { state: open.state, since: open.since.as_millis() }).collect(),
        lag_half_ms: lags_ms.get(lags_ms.len() / 2).copied(),
        lag_most_ms: lags_ms.last().copied(),
        recordings: catalog.list_recordings(&RecordingFilter::default()).await?.len(),
        month: pace::day(now).chars().take(7).collect(),
        calls: catalog.spent(&pace::day(now)).await?,
        calls_per_month: share,
        discover_interval_ms: discovers.then_some(millis(discover)),
        discover_stretched: discovers && discover_stretched,
        poll_interval_ms: Some(millis(poll)),
        poll_stretched,
        pauses: catalog.pauses().await?.into_iter().filter(|pause| pause.until > now).map(PauseReport::from).collect(),
        unhealthy: health::stale(catalog, &settings, share, now).await?.iter().map(ToString::to_string).collect(),
        stages: catalog.job_runs().await?.into_iter().map(StageReport::from).collect(),
    })
}

/// The interval that is kept, and whether it is longer than the configured one.
fn effective(schedule: &Schedule, pace: Duration, now: Timestamp) -> (Duration, bool) {
    let configured = schedule.shortest_gap(now);
    (configured.max(pace), pace > configured)
}

impl From<Pause> for PauseReport {
    fn from(pause: Pause) -> Self {
        Self {
            scope: pause.scope,
            paused_until: pause.until.as_millis(),
            since: pause.since.as_millis(),
            code: pause.code,
            message: pause.message,
        }
    }
}

impl From<JobRun> for StageReport {
    fn from(run: JobRun) -> Self {
        Self {
            stage: run.stage,
            last_started_at: run.last_started_at.as_millis(),
            last_finished_at: run.last_finished_at.as_millis(),
            outcome: run.outcome,
            next_due_at: run.next_due_at.map(Timestamp::as_millis),
        }
    }
}

/// What stands in the table's upper half: a name and what there is to say of it, a pair a line.
#[must_use]
pub fn facts(report: &Report, config: &Config) -> Vec<(&'static str, String)> {
    let daemon = report.daemon_pid.map_or_else(|| "not running".to_owned(), |pid| format!("running, pid {pid}"));
    let conferences: Vec<String> = crate::domain::conference::State::ALL
        .iter()
        .filter_map(|state| Some((state, report.conferences.get(state.as_str()).filter(|count| **count > 0)?)))
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let calls = if report.calls_per_month == 0 {
        format!("{} in {}, unmetered", report.calls, report.month)
    } else {
        format!("{} of {} in {}", report.calls, report.calls_per_month, report.month)
    };
    let mut facts = vec![
        ("daemon", daemon),
        ("catalog", report.catalog.clone()),
        ("conferences", if conferences.is_empty() { "none".to_owned() } else { conferences.join(", ") }),
        ("recordings", recordings(report)),
        ("calls", calls),
    ];
    let oldest = report.oldest_open.iter().find(|open| open.state == "ended");
    facts.extend(oldest.map(|open| ("longest awaited", format!("since {}", output::instant(Some(open.since))))));
    facts.extend(report.daemon_waits_for.clone().map(|waits_for| ("waiting", waits_for)));
    let refused = report.configuration_refused.clone();
    facts.extend(
        refused.map(|refused| ("configuration", format!("refused, and the one before is in force: {refused}"))),
    );
    facts.extend(report.unhealthy.iter().map(|stale| ("unhealthy", stale.clone())));
    facts.extend(report.trouble.as_ref().map(|trouble| ("unanswered", unanswered(trouble))));
    if let Some(interval_ms) = report.discover_interval_ms {
        facts.push(("discover", interval(&config.discover.schedule(), interval_ms, report.discover_stretched)));
    }
    if let Some(interval_ms) = report.poll_interval_ms {
        facts.push(("poll", interval(&config.poll.schedule(), interval_ms, report.poll_stretched)));
    }
    for pause in &report.pauses {
        let what = if pause.scope == "*" { "all calls" } else { pause.scope.as_str() };
        facts
            .push(("paused", format!("{what} until {}: {}", output::instant(Some(pause.paused_until)), pause.message)));
    }
    facts
}

/// How many recordings there are, and how soon after their meetings' ends they came.
fn recordings(report: &Report) -> String {
    let (Some(half_ms), Some(most_ms)) = (report.lag_half_ms, report.lag_most_ms) else {
        return report.recordings.to_string();
    };
    let (half, most) = (roughly(half_ms), roughly(most_ms));
    format!("{}; half of them within {half} of the meeting's end, the last within {most}", report.recordings)
}

/// A duration to the minute: nobody reads on.
fn roughly(duration_ms: i64) -> String {
    let minutes = u64::try_from(duration_ms / 60_000).unwrap_or(0) + 1;
    humantime::format_duration(Duration::from_mins(minutes)).to_string()
}

/// What stands in its lower half: of each stage its name, its last run, what came of it, and when it is due.
#[must_use]
pub fn stages(report: &Report, now: Timestamp) -> Vec<[String; 4]> {
    let line = |stage: &StageReport| {
        let due = stage.next_due_at.map(|due| output::instant(Some(due.max(now.as_millis()))));
        [
            stage.stage.clone(),
            output::instant(Some(stage.last_finished_at)),
            stage.outcome.clone(),
            due.unwrap_or_else(|| "when there is something to do".to_owned()),
        ]
    };
    report.stages.iter().map(line).collect()
}

fn print(report: &Report, config: &Config, now: Timestamp) -> anyhow::Result<()> {
    let facts = facts(report, config).into_iter().map(|(name, fact)| vec![name.to_owned(), fact]);
    let stages = stages(report, now).into_iter().map(Vec::from);
    let (facts, stages) =
        (output::table(&[], facts), output::table(&["stage", "last run", "outcome", "next due"], stages));
    output::print(&format!("{facts}\n{stages}\n"))
}

/// What stands beside the open conference that DingTalk last gave no answer about, and how many more there are.
fn unanswered(trouble: &TroubleRow) -> String {
    let TroubleRow { conferences, conference_id, last_error_code: code, last_error_message, last_error_at } = trouble;
    let words = last_error_message.as_deref().filter(|words| !words.is_empty() && words != code);
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    let others = if *conferences > 1 { format!("; {} more", conferences - 1) } else { String::new() };
    format!("conference {conference_id} at {}: {code}{words}{others}", output::instant(*last_error_at))
}

fn interval(configured: &Schedule, interval_ms: i64, stretched: bool) -> String {
    if !stretched {
        return configured.to_string();
    }
    // To the minute is as exact as a pace can be told.
    let minutes = u64::try_from(interval_ms / 60_000).unwrap_or(0).max(1);
    let kept = humantime::format_duration(Duration::from_mins(minutes));
    format!("{configured}, now stretched to {kept} so that the month's calls last")
}
