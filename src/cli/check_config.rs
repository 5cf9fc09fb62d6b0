//! `check-config`: checks the configuration, and shows how many calls it needs.

use std::time::Duration;

use super::screen::Screen;
use super::table::{Column, Kind};
use super::{output, sanitize, wiring};
use crate::archive::Settings;
use crate::config::{DingTalk, Loaded, Problem};
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::{Conference, DiscoveredBy, State};
use crate::domain::lifecycle::{Collect, Observation, Rules, observe};
use crate::domain::recording::RecordingList;
use crate::domain::schedule::Schedule;

const DAY: Duration = Duration::from_hours(24);

const NOTHING_LOOKED_FOR: &str = "note: no meeting is looked for. Set discover.organization, discover.users or \
    watch.conferences, or put meetings on watch with `recording-archiver watch add`\n";

const STARTING: &str =
    "\nstarting recordings: 1 call for a meeting of record.automatic_for, and up to 5 more where it is refused";

const DAYS_OF_MONTH: u64 = 31;

pub(super) fn run(loaded: &Loaded) -> anyhow::Result<()> {
    let loaded = &loaded.at_a_shell();
    let config = &loaded.config;
    credentials(&config.dingtalk)?;
    if config.notify.credential_for_the_daemon_alone().is_none() {
        config.notify.dingtalk_robot_secret()?;
    }
    for exposed in loaded.exposed() {
        output::say(&format!("warning: {}", sanitize::text(&exposed.to_string())));
    }
    let now = SystemClock::new().now();
    let settings = wiring::settings(config);

    let lists = u64::from(settings.organization) + u64::try_from(settings.users.len())?;
    let discover = looks_a_day(&settings.discover, now).saturating_mul(lists);
    let poll = looks_a_day(&settings.poll, now);
    let looking = discover.saturating_add(poll);
    let row = |what: &str, a_day: u64| {
        vec![what.into(), a_day.to_string().into(), a_day.saturating_mul(DAYS_OF_MONTH).to_string().into()]
    };
    let screen = Screen::of_stdout(false);
    let table = screen.table(
        &[
            Column("calls, at most", Kind::Word, 0),
            Column("a day", Kind::Number, 0),
            Column("a month", Kind::Number, 0),
        ],
        &[
            row(&format!("discover {} (lists of a page each: {lists})", settings.discover), discover),
            row(&format!("poll {} (while up to {} meetings go on)", settings.poll, settings.batch_size), poll),
            row("looking in all", looking),
        ],
    );
    let sums = format!(
        "{}{}\n{}\n{}",
        a_conference(&settings, config.quota.calls_per_month),
        if settings.automatic_for.is_nobody() { "" } else { STARTING },
        verdict(looking.saturating_mul(DAYS_OF_MONTH), config.quota.calls_per_month),
        if lists == 0 && settings.watch.is_empty() { NOTHING_LOOKED_FOR } else { "" }
    );
    let source = loaded.source_name();
    output::print(&format!("{source}: the configuration is good\n\n{table}\n{}", screen.prose(&sums)))
}

/// Checks the app's key and its secret, as far as they can be read here.
fn credentials(dingtalk: &DingTalk) -> Result<(), Problem> {
    if let Some(path) = dingtalk.credential_for_the_daemon_alone() {
        output::say(&sanitize::text(&format!(
            "note: the app's secret in {} is not readable from here, and that is as intended: systemd passes it to the \
             daemon",
            path.display()
        )));
        return dingtalk.app().map(drop);
    }
    dingtalk.credentials()?;
    if let Some(path) = dingtalk.credential_file() {
        let what = "which systemd passes to the daemon";
        output::say(&sanitize::text(&format!("note: the app's secret is in {}, {what}", path.display())));
    }
    Ok(())
}

fn looks_a_day(schedule: &Schedule, now: Timestamp) -> u64 {
    let times = std::iter::successors(schedule.next_after(now), |last| schedule.next_after(*last));
    times.take_while(|at| at.since(now) <= DAY).count().try_into().unwrap_or(u64::MAX)
}

fn a_conference(settings: &Settings, share: u64) -> String {
    let none_expected = 1 + reads(&settings.collect, share > 0);
    let none_found = 1 + reads(&settings.collect, false);
    format!(
        "collecting: 4 to 6 calls for a meeting that was recorded, {none_expected} for one that was not, \
         and at most {none_found} where DingTalk does not say whether one was"
    )
}

/// How often the list of a conference without recordings is read.
fn reads(collect: &Collect, nothing_expected: bool) -> u64 {
    /// Ends the count where the intervals are milliseconds.
    const MANY: u64 = 100_000;
    let epoch = Timestamp::default();
    let rules = Rules { collect: *collect, is_metered: nothing_expected, ..Rules::default() };
    let nothing = Observation::List { list: &RecordingList::default(), known: &[], union_id: "" };
    let mut conference = Conference::unknown("", DiscoveredBy::Config, epoch);
    conference.state = Some(State::Ended);
    conference.record_status = Some(0);
    conference.next_attempt_at = Some(epoch + collect.first_delay);
    let mut reads = 0;
    while let Some(now) = conference.next_attempt_at.filter(|_| reads < MANY) {
        reads += 1;
        let transition = observe(&conference, nothing, now, &rules);
        conference.state = Some(transition.state);
        conference.attempts = transition.attempts;
        conference.next_attempt_at = transition.next_attempt_at;
        conference.wait = transition.wait.unwrap_or(conference.wait);
    }
    reads
}

fn verdict(looking: u64, share: u64) -> String {
    match share {
        0 => "quota.calls_per_month is 0: nothing is held back".to_owned(),
        share if looking > share => format!(
            "quota.calls_per_month is {share}: looking round the clock at these intervals would take more, so they are \
             stretched as far as needed, most of all in the hours in which meetings hardly ever begin; collecting comes first"
        ),
        share => {
            format!("quota.calls_per_month is {share}: at least {} of them are left for collecting", share - looking)
        }
    }
}
