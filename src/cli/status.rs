//! `status`: shows what the daemon does, which conferences are open, and how many calls were used.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;

use super::output::{self, Format, Printed};
use super::{open, wiring};
use crate::archive::{LookIntervals, health};
use crate::catalog::Catalog;
use crate::catalog::lists::LastErrorRow;
use crate::catalog::measures::Oldest;
use crate::catalog::pauses::Pause;
use crate::catalog::runs::JobRun;
use crate::config::Config;
use crate::daemon::lock::{Lock, Note};
use crate::daemon::report::in_words;
use crate::domain::clock::{Clock, SystemClock, Timestamp, millis};
use crate::domain::conference::State;
use crate::domain::forecast;
use crate::domain::schedule::Schedule;

/// Of so many recordings it is shown how soon they came.
const LATEST: u32 = 1_000;

/// Instants and durations are in milliseconds.
#[derive(Serialize)]
struct Report {
    catalog: String,
    daemon_pid: Option<u32>,
    daemon_waits_for: Option<String>,
    configuration_refused: Option<String>,
    conferences: BTreeMap<&'static str, u64>,
    trouble: Option<LastErrorRow>,
    oldest_open: Vec<Oldest>,
    recordings: u64,
    /// From a meeting's end to the first row of its recording, of the latest thousand: the median, and the longest.
    lag_half_ms: Option<i64>,
    lag_most_ms: Option<i64>,
    month: String,
    calls: u64,
    calls_per_month: u64,
    discover_interval_ms: Option<i64>,
    discover_stretched: bool,
    poll_interval_ms: i64,
    poll_stretched: bool,
    pauses: Vec<Pause>,
    unhealthy: Vec<String>,
    stages: Vec<JobRun>,
}

pub(super) async fn run(printed: Printed, config: &Config) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let report = open::read(config, async |catalog| report(catalog, config, now).await).await?;
    match printed.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report, config, now)?,
    }
    ensure!(report.unhealthy.is_empty(), "unhealthy: {}", report.unhealthy.join("; "));
    Ok(())
}

/// The state at `now` of a daemon with this configuration. Reads only.
async fn report(catalog: &Catalog, config: &Config, now: Timestamp) -> anyhow::Result<Report> {
    let settings = wiring::settings(config);
    let share = config.quota.calls_per_month;
    let pace = LookIntervals::at(catalog, &settings, share, now).await?;
    let discovers = settings.organization || !settings.users.is_empty();
    let (discover, discover_stretched) = effective(&settings.discover, pace.discover, now);
    let (poll, poll_stretched) = effective(&settings.poll, pace.poll, now);
    let (daemon_pid, note) = Lock::holder(&config.catalog.path).unzip();
    let Note { waits_for, refused } = note.unwrap_or_default();
    let by_state = catalog.count_by_state().await?.into_iter().map(|(state, count)| (state.as_str(), count));
    let day = forecast::day(now);
    let lags = catalog.latest_lags(LATEST).await?;
    Ok(Report {
        catalog: config.catalog.path.display().to_string(),
        daemon_pid,
        daemon_waits_for: waits_for,
        configuration_refused: refused,
        conferences: by_state.collect(),
        trouble: catalog.last_error().await?,
        oldest_open: catalog.oldest_open().await?,
        lag_half_ms: lags.get(lags.len() / 2).copied().map(millis),
        lag_most_ms: lags.last().copied().map(millis),
        recordings: catalog.count_recordings().await?,
        calls: catalog.spent(&day).await?,
        month: day.chars().take(7).collect(),
        calls_per_month: share,
        discover_interval_ms: discovers.then_some(millis(discover)),
        discover_stretched: discovers && discover_stretched,
        poll_interval_ms: millis(poll),
        poll_stretched,
        pauses: catalog.pauses().await?.into_iter().filter(|pause| pause.until > now).collect(),
        unhealthy: health::stale(catalog, &settings, share, now).await?.iter().map(ToString::to_string).collect(),
        stages: catalog.job_runs().await?,
    })
}

/// The interval in use, and whether it is longer than the configured one.
fn effective(schedule: &Schedule, pace: Duration, now: Timestamp) -> (Duration, bool) {
    let configured = schedule.shortest_gap(now);
    (configured.max(pace), pace > configured)
}

fn facts(report: &Report, config: &Config) -> Vec<(&'static str, String)> {
    let daemon = report.daemon_pid.map_or_else(|| "not running".to_owned(), |pid| format!("running, pid {pid}"));
    let by_state = State::ALL.into_iter().filter_map(|state| Some((state, *report.conferences.get(state.as_str())?)));
    let conferences = in_words(by_state).unwrap_or_else(|| "none".to_owned());
    let calls = if report.calls_per_month == 0 {
        format!("{} in {}, unmetered", report.calls, report.month)
    } else {
        format!("{} of {} in {}", report.calls, report.calls_per_month, report.month)
    };
    let mut facts = vec![
        ("daemon", daemon),
        ("catalog", report.catalog.clone()),
        ("conferences", conferences),
        ("recordings", recordings(report)),
        ("calls", calls),
    ];
    let oldest = report.oldest_open.iter().find(|open| open.state == "ended");
    facts.extend(oldest.map(|open| ("longest awaited", format!("since {}", open.since))));
    facts.extend(report.daemon_waits_for.clone().map(|waits_for| ("waiting", waits_for)));
    let refused = report.configuration_refused.clone();
    facts.extend(refused.map(|refused| ("configuration", format!("refused; the previous one is in use: {refused}"))));
    facts.extend(report.unhealthy.iter().map(|stale| ("unhealthy", stale.clone())));
    facts.extend(report.trouble.as_ref().map(|last| ("unanswered", unanswered(last))));
    if let Some(interval_ms) = report.discover_interval_ms {
        facts.push(("discover", interval(&config.discover.schedule(), interval_ms, report.discover_stretched)));
    }
    facts.push(("poll", interval(&config.poll.schedule(), report.poll_interval_ms, report.poll_stretched)));
    let paused = |pause: &Pause| ("paused", format!("{} until {}: {}", pause.scope, pause.until, pause.message));
    facts.extend(report.pauses.iter().map(paused));
    facts
}

/// The number of recordings, and how soon after their meetings' ends they came.
fn recordings(report: &Report) -> String {
    let (Some(half_ms), Some(most_ms)) = (report.lag_half_ms, report.lag_most_ms) else {
        return report.recordings.to_string();
    };
    let (half, most) = (roughly(half_ms), roughly(most_ms));
    let them = if report.recordings > u64::from(LATEST) { format!("the latest {LATEST}") } else { "them".to_owned() };
    format!("{}; half of {them} within {half} of the meeting's end, the last within {most}", report.recordings)
}

/// A duration in whole minutes, rounded up.
fn roughly(duration_ms: i64) -> String {
    let minutes = u64::try_from(duration_ms / 60_000).unwrap_or(0) + 1;
    humantime::format_duration(Duration::from_mins(minutes)).to_string()
}

fn print(report: &Report, config: &Config, now: Timestamp) -> anyhow::Result<()> {
    let facts = facts(report, config).into_iter().map(|(name, fact)| vec![name.to_owned(), fact]);
    let stages = report.stages.iter().map(|run| {
        let due = run.next_due_at.map(|due| due.max(now).to_string());
        let due = due.unwrap_or_else(|| "when there is something to do".to_owned());
        vec![run.stage.clone(), run.last_finished_at.to_string(), run.outcome.clone(), due]
    });
    let stages = output::table(&["stage", "last run", "outcome", "next due"], stages);
    output::print(&format!("{}\n{stages}\n", output::table(&[], facts)))
}

/// The last error of an open conference, and how many more have one.
fn unanswered(last: &LastErrorRow) -> String {
    let LastErrorRow { conferences, conference_id, last_error_code: code, last_error_message, last_error_at } = last;
    let message = last_error_message.as_deref().filter(|message| !message.is_empty() && message != code);
    let message = message.map(|message| format!(": {message}")).unwrap_or_default();
    let others = if *conferences > 1 { format!("; {} more", conferences - 1) } else { String::new() };
    format!("conference {conference_id} at {}: {code}{message}{others}", output::instant(*last_error_at))
}

fn interval(configured: &Schedule, interval_ms: i64, stretched: bool) -> String {
    if !stretched {
        return configured.to_string();
    }
    // The forecast is not more exact than a minute.
    let minutes = u64::try_from(interval_ms / 60_000).unwrap_or(0).max(1);
    let actual = humantime::format_duration(Duration::from_mins(minutes));
    format!("{configured}, now stretched to {actual} so that the month's calls last")
}
