//! `status`: shows what the daemon does, which conferences are open, and how many calls were used.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use serde::Serialize;

use super::output::{self, Dated, Format};
use super::screen::{Screen, Tone};
use super::table::{Cell, Column, Kind};
use super::zone::Precision;
use super::{open, wiring};
use crate::archive::LookIntervals;
use crate::archive::events;
use crate::archive::health::{self, Stale};
use crate::catalog::Catalog;
use crate::catalog::gaps::GapSummary;
use crate::catalog::lists::LastErrorRow;
use crate::catalog::measures::Oldest;
use crate::catalog::notices::ReceiverRow;
use crate::catalog::pauses::Pause;
use crate::catalog::runs::JobRun;
use crate::catalog::starts::Starts;
use crate::catalog::stream::StreamRow;
use crate::config::Config;
use crate::daemon::lock::{Lock, Note};
use crate::daemon::report::in_words;
use crate::domain::clock::{Clock, SystemClock, Timestamp, millis};
use crate::domain::conference::State;
use crate::domain::lease::Holder;
use crate::domain::schedule::Schedule;
use crate::domain::{forecast, gap};

/// Of so many recordings it is shown how soon they came.
const LATEST: u32 = 1_000;

/// How starting recordings went is shown of so long.
const LATELY: Duration = Duration::from_hours(7 * 24);

/// Instants and durations are in milliseconds.
#[derive(Serialize)]
struct Report {
    catalog: String,
    daemon_pid: Option<u32>,
    daemon_waits_for: Option<String>,
    configuration_refused: Option<String>,
    conferences: BTreeMap<&'static str, u64>,
    last_error: Option<LastErrorRow>,
    oldest_open: Vec<Oldest>,
    recordings: u64,
    /// From a meeting's end to the first row of its recording, of the latest thousand: the median, and the longest.
    lag_half_ms: Option<i64>,
    lag_most_ms: Option<i64>,
    month: String,
    calls: u64,
    calls_per_month: u64,
    /// `null` where none are wanted.
    events: Option<Events>,
    /// How starting recordings went in the last week; `null` where `record.automatic_for` names nobody.
    automatic: Option<Starts>,
    discover_interval_ms: Option<i64>,
    discover_stretched: bool,
    poll_interval_ms: i64,
    poll_stretched: bool,
    /// Times in which nobody looked, of the last thirty days.
    gaps: GapSummary,
    pauses: Vec<Pause>,
    /// Who is told when something needs a person, and how they take it.
    notify: Vec<ReceiverRow>,
    unhealthy: Vec<String>,
    /// Who works on a catalog that several daemons share.
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<Holder>,
    #[serde(skip)]
    stale: Vec<Stale>,
    stages: Vec<JobRun>,
}

#[derive(Serialize)]
struct Events {
    #[serde(flatten)]
    stream: StreamRow,
    pushes: u64,
    pushes_per_month: u64,
    /// When they are spent, if that is before the month's end.
    pushes_end_at: Option<Timestamp>,
    /// How many of a hundred meetings events told of; `null` while too little is known.
    coverage_percent: Option<u64>,
    are_trusted: bool,
}

pub(super) async fn run(printed: Dated, config: &Config) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let report = open::read(config, async |catalog| report(catalog, config, now).await).await?;
    match printed.format {
        Format::Json => output::json(&report)?,
        Format::Table => print(&report, config, now, &printed.screen())?,
    }
    let stale: Vec<_> = report.stale.iter().map(|stale| stale.stage.as_str()).collect();
    ensure!(stale.is_empty(), "unhealthy: {} did not succeed in time; see above", stale.join(", "));
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
    let Note { waits_for, refused, .. } = note.unwrap_or_default();
    let by_state = catalog.count_by_state().await?.into_iter().map(|(state, count)| (state.as_str(), count));
    let day = forecast::day(now);
    let lags = catalog.latest_lags(LATEST).await?;
    let stale = health::stale(catalog, &settings, share, now).await?;
    let events = events::report(catalog, &settings, now).await?.map(|report| Events {
        stream: report.stream,
        pushes: report.pushes,
        pushes_per_month: settings.pushes_per_month,
        pushes_end_at: report.pushes_end_at,
        coverage_percent: report.coverage.percent(),
        are_trusted: report.are_trusted,
    });
    let automatic =
        if settings.automatic_for.is_nobody() { None } else { Some(catalog.automatic_starts(now - LATELY).await?) };
    Ok(Report {
        events,
        automatic,
        catalog: catalog.location().to_string(),
        leader: catalog.holder().await?,
        daemon_pid,
        daemon_waits_for: waits_for,
        configuration_refused: refused,
        conferences: by_state.collect(),
        last_error: catalog.last_error().await?,
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
        gaps: catalog.gap_summary(now - gap::SHOWN).await?,
        pauses: catalog.pauses().await?.into_iter().filter(|pause| pause.until > now).collect(),
        notify: catalog.receivers().await?,
        unhealthy: stale.iter().map(ToString::to_string).collect(),
        stale,
        stages: catalog.job_runs().await?,
    })
}

/// The interval in use, and whether it is longer than the configured one.
fn effective(schedule: &Schedule, pace: Duration, now: Timestamp) -> (Duration, bool) {
    let configured = schedule.shortest_gap(now);
    (configured.max(pace), pace > configured)
}

fn facts(report: &Report, config: &Config, screen: &Screen) -> Vec<(&'static str, Cell)> {
    let daemon = report.daemon_pid.map_or_else(|| "not running".to_owned(), |pid| format!("running, pid {pid}"));
    let by_state = State::ALL.into_iter().filter_map(|state| Some((state, *report.conferences.get(state.as_str())?)));
    let conferences = in_words(by_state).unwrap_or_else(|| "none".to_owned());
    // DingTalk counts its months in UTC+8.
    let calls = if report.calls_per_month == 0 {
        format!("{} in {} (UTC+8), unmetered", report.calls, report.month)
    } else {
        format!("{} of {} in {} (UTC+8)", report.calls, report.calls_per_month, report.month)
    };
    let mut facts: Vec<(_, Cell)> = vec![
        ("daemon", daemon.into()),
        ("catalog", report.catalog.as_str().into()),
        ("conferences", conferences.into()),
        ("recordings", recordings(report).into()),
        ("calls", calls.into()),
    ];
    let leads = |leader: &Holder| format!("{}, since {}", leader.owner, screen.zone.show(leader.since));
    facts.extend(report.leader.as_ref().map(|leader| ("leads", leads(leader).into())));
    facts.extend(report.events.iter().flat_map(|events| told(events, report, screen)));
    facts.extend(report.automatic.iter().map(|automatic| ("started", started(automatic, screen))));
    facts.extend(gaps(&report.gaps, screen).map(|gaps| ("gaps", Cell::from(gaps).toned(Tone::Warning))));
    let failed = |text: String| Cell::from(text).toned(Tone::Failed);
    let oldest = report.oldest_open.iter().find(|open| open.state == "ended");
    facts.extend(oldest.map(|open| ("longest awaited", format!("since {}", screen.zone.show(open.since)).into())));
    facts.extend(report.daemon_waits_for.clone().map(|waits_for| ("waiting", failed(waits_for))));
    let refused = report.configuration_refused.clone();
    let refused = refused.map(|refused| format!("refused; the previous one is in use: {refused}"));
    facts.extend(refused.map(|refused| ("configuration", failed(refused))));
    let failures = failures(&report.stages);
    let stale = report.stale.iter().map(|stale| unhealthy(stale, screen));
    facts.extend(stale.map(|stale| ("unhealthy", failed(stale))));
    facts.extend(
        failures.iter().map(|(outcome, stages)| ("failing", failed(format!("{}: {outcome}", stages.join(", "))))),
    );
    // What stopped a stage is said there.
    let is_said = |message: &str| failures.iter().any(|(outcome, _)| outcome.contains(message));
    facts.extend(report.last_error.as_ref().map(|last| ("unanswered", unanswered(last, is_said, screen).into())));
    if let Some(interval_ms) = report.discover_interval_ms {
        let discover = interval(report, &config.discover.schedule(), interval_ms, report.discover_stretched);
        facts.push(("discover", discover.into()));
    }
    let poll = interval(report, &config.poll.schedule(), report.poll_interval_ms, report.poll_stretched);
    facts.push(("poll", poll.into()));
    let paused = |pause: &Pause| {
        let why = if is_said(&pause.message) { String::new() } else { format!(": {}", pause.message) };
        let until = format!("{} until {}{why}", pause.scope, screen.zone.show(pause.until));
        ("paused", Cell::from(until).toned(Tone::Warning))
    };
    facts.extend(report.pauses.iter().map(paused));
    let untold = report.notify.iter().filter_map(|receiver| untold(receiver, screen));
    facts.extend(untold.map(|untold| ("telling", failed(untold))));
    facts
}

/// What there is to say of gaps, if there are any.
pub(super) fn gaps(summary: &GapSummary, screen: &Screen) -> Option<String> {
    let ended = screen.zone.show(Timestamp::from_millis(summary.last_ended_at?));
    let lasted = roughly(summary.duration_ms);
    let times = if summary.gaps == 1 { "time" } else { "times" };
    let awaited = Some(summary.unsearched).filter(|some| *some > 0).map(|some| format!("; {some} not searched yet"));
    let unanswered = Some(summary.unanswered)
        .filter(|some| *some > 0)
        .map(|some| format!("; {some} could be searched in part only"));
    Some(format!(
        "within 30 days nobody looked {} {times}, {lasted} in all, the last until {ended}; meetings found: {}{}{}",
        summary.gaps,
        summary.found,
        awaited.unwrap_or_default(),
        unanswered.unwrap_or_default(),
    ))
}

/// That a receiver takes no message, if it does not.
fn untold(receiver: &ReceiverRow, screen: &Screen) -> Option<String> {
    let ReceiverRow { receiver, next_attempt_at, failing_since, last_error, untold, .. } = receiver;
    let [since, next] = [(*failing_since)?, *next_attempt_at].map(|at| screen.zone.show(Timestamp::from_millis(at)));
    let why = last_error.as_deref().unwrap_or_default();
    Some(format!("notify.{receiver} takes no message since {since}: {why}; {untold} untold, next attempt {next}"))
}

/// What stopped the last runs, each with the stages that it stopped.
fn failures(stages: &[JobRun]) -> Vec<(&str, Vec<&str>)> {
    let mut failures: Vec<(&str, Vec<&str>)> = Vec::new();
    for JobRun { stage, outcome, .. } in stages.iter().filter(|run| run.outcome != "ok") {
        match failures.iter_mut().find(|(known, _)| known == outcome) {
            Some((_, stages)) => stages.push(stage),
            None => failures.push((outcome, vec![stage])),
        }
    }
    failures
}

fn unhealthy(stale: &Stale, screen: &Screen) -> String {
    let Stale { stage, since, stopped_by } = stale;
    let why = if stopped_by.is_some() { "" } else { ": it does not run" };
    format!("{} has not succeeded since {}{why}", stage.as_str(), screen.zone.show(*since))
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
    output::duration(Duration::from_mins(minutes))
}

fn print(report: &Report, config: &Config, now: Timestamp, screen: &Screen) -> anyhow::Result<()> {
    let facts = screen.facts(facts(report, config, screen));
    if report.stages.is_empty() {
        return output::print(&format!("{facts}\nno stage has run yet\n"));
    }
    let columns = [
        Column("stage", Kind::Word, 0),
        Column("last run", Kind::Time(Precision::Seconds), 0),
        Column("outcome", Kind::Word, 0),
        Column("next due", Kind::Time(Precision::Seconds), 0),
    ];
    let row = |run: &JobRun| {
        let due = run.next_due_at.map(|due| Cell::time(Some(due.max(now))));
        let due = due.unwrap_or_else(|| "when there is something to do".into());
        let outcome = if run.outcome == "ok" { "ok".into() } else { Cell::from("failed").toned(Tone::Failed) };
        vec![run.stage.as_str().into(), Cell::time(Some(run.last_finished_at)), outcome, due]
    };
    let stages: Vec<_> = report.stages.iter().map(row).collect();
    output::print(&format!("{facts}\n{}", screen.table(&columns, &stages)))
}

/// The last error of an open conference, and how many more have one.
fn unanswered(last: &LastErrorRow, is_said: impl Fn(&str) -> bool, screen: &Screen) -> String {
    let LastErrorRow { conferences, conference_id, last_error_code: code, last_error_message, last_error_at } = last;
    let message = last_error_message.as_deref().filter(|message| !message.is_empty() && message != code);
    let message = message.filter(|message| !is_said(message)).map(|message| format!(": {message}")).unwrap_or_default();
    let others = if *conferences > 1 { format!("; {} more", conferences - 1) } else { String::new() };
    let at =
        last_error_at.map(|at| format!(" at {}", screen.zone.show(Timestamp::from_millis(at)))).unwrap_or_default();
    format!("conference {conference_id}{at}: {code}{message}{others}")
}

fn interval(report: &Report, configured: &Schedule, interval_ms: i64, stretched: bool) -> String {
    if !stretched {
        return configured.to_string();
    }
    // The forecast is not more exact than a minute.
    let minutes = u64::try_from(interval_ms / 60_000).unwrap_or(0).max(1);
    let actual = output::duration(Duration::from_mins(minutes));
    let why = match &report.events {
        Some(events) if events.are_trusted => "for events tell of nearly all meetings",
        _ => "so that the month's calls last",
    };
    format!("{configured}, now stretched to {actual} {why}")
}

/// How it stands with events.
fn told(events: &Events, report: &Report, screen: &Screen) -> Vec<(&'static str, Cell)> {
    let show = |at: i64| screen.zone.show(Timestamp::from_millis(at));
    let Events { stream, pushes, pushes_per_month, .. } = events;
    let connection = match (stream.connected_since, &stream.last_error) {
        (Some(since), _) => Cell::from(format!("connected since {}", show(since))),
        (None, Some(error)) => Cell::from(format!("not connected: {error}")).toned(Tone::Warning),
        (None, None) => "not connected yet".into(),
    };
    let of = if *pushes_per_month == 0 { "unmetered".to_owned() } else { format!("of {pushes_per_month}") };
    let coverage = events.coverage_percent.map_or_else(
        || "of how many meetings they tell is not known yet".to_owned(),
        |percent| format!("they tell of {percent} of 100 meetings"),
    );
    let pushes = format!("{pushes} {of} in {} (UTC+8); {coverage}", report.month);
    let end = events.pushes_end_at.map(|end| {
        let end = format!("are spent about {}; then looking goes on at its normal pace", screen.zone.show(end));
        ("pushes", Cell::from(end).toned(Tone::Warning))
    });
    [("events", connection), ("pushed", pushes.into())].into_iter().chain(end).collect()
}

/// How starting recordings went in the last week.
fn started(automatic: &Starts, screen: &Screen) -> Cell {
    let Starts { started, not_started, pending, last_not_started } = automatic;
    let pending = if *pending > 0 { format!(", {pending} to be started") } else { String::new() };
    let text = format!("{started} recordings within a week, {not_started} could not be{pending}");
    match last_not_started {
        None => text.into(),
        Some(last) => {
            let at = screen.zone.show(Timestamp::from_millis(last.finished_at));
            let last = format!("the last of these at {at}: conference {}: {}", last.conference_id, last.outcome);
            Cell::from(format!("{text}; {last}")).toned(Tone::Warning)
        }
    }
}
