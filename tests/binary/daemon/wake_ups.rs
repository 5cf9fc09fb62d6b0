//! When the daemon looks: exactly at its intervals, whatever wakes it.

use std::time::Duration;

use recording_archiver::simulator::Endpoint;

use super::recorded;
use crate::harness::{Daemon, Far, Place, column, eventually, linger, number};

/// When `stage` last began, if it ever did.
fn began(place: &Place, stage: &str) -> Option<i64> {
    column(&place.catalog(), &format!("SELECT last_started_at FROM job_runs WHERE stage = '{stage}'"))
        .first()
        .map(|at| at.parse().unwrap())
}

#[test]
fn an_interval_is_kept_to_the_millisecond_whatever_else_wakes_the_daemon() {
    let far = Far::with([recorded("conf-one")]);
    // Recordings are looked for every second, and so the daemon wakes up between two looks.
    let discover = "[discover]\norganization = true\ninterval = \"1500ms\"\n[quota]\ncalls_per_month = 0\n";
    let place = Place::with(&far.configuration(discover));
    let daemon = Daemon::start(&place);
    let mut last = eventually("the first look", || began(&place, "discover"));
    let mut looks = 0;
    let mut shortest = i64::MAX;
    eventually("six looks, and one that comes on time", || {
        let now = began(&place, "discover")?;
        if now != last {
            let gap = now - last;
            assert!(gap >= 1_500, "a look came {} ms early: after {gap} ms", 1_500 - gap);
            (last, looks, shortest) = (now, looks + 1, shortest.min(gap));
        }
        (looks >= 6 && shortest < 1_900).then_some(())
    });
    daemon.stop();
}

#[test]
fn an_interval_far_below_a_second_is_kept() {
    let far = Far::with([]);
    let discover = "[discover]\norganization = true\ninterval = \"100ms\"\n[quota]\ncalls_per_month = 0\n";
    let place = Place::with(&far.configuration(discover));
    let daemon = Daemon::start(&place);
    let mut last = eventually("the first look", || began(&place, "discover"));
    eventually("a look after less than half a second", || {
        let now = began(&place, "discover")?;
        let gap = now - std::mem::replace(&mut last, now);
        assert!(gap == 0 || gap >= 100, "a look came after {gap} ms");
        (gap > 0 && gap < 500).then_some(())
    });
    daemon.stop();
}

#[test]
fn a_cron_pattern_wakes_it_too() {
    let far = Far::with([recorded("conf-one")]);
    let cron = "[discover]\ncron = \"* * * * * *\"\norganization = true\n[poll]\ncron = \"*/1 * * * * *\"\n";
    let place = Place::with(&far.configuration(&format!("{cron}[quota]\ncalls_per_month = 0\n")));
    // Nothing else wakes it while this test goes on.
    let mut command = place.std_command(&["run"]);
    command.env("RECORDING_ARCHIVER__COLLECT__INTERVAL", "1h");
    let daemon = Daemon::spawn(&place, command);
    daemon.has_said("at work on");
    let first = eventually("the first look", || began(&place, "discover"));
    eventually("a later look", || (began(&place, "discover")? > first).then_some(()));
    daemon.stop();
    assert!(far.asked(Endpoint::OrgConferences) >= 2);
}

#[test]
fn with_nothing_to_watch_and_nothing_to_discover_no_call_is_made_and_the_processor_rests() {
    let far = Far::with([recorded("conf-one")]);
    let place = Place::with(&far.configuration("[poll]\ninterval = \"1s\"\n[discover]\ninterval = \"1s\"\n"));
    let daemon = Daemon::start(&place);
    linger(Duration::from_secs(3));
    let used = processor_time(&daemon);
    daemon.stop();
    assert!(used < Duration::from_secs(1), "it used the processor for {used:?}");
    assert!(number(&place.catalog(), "SELECT count(*) FROM job_runs") > 0, "not even a pass was made");
    place.run(&["once"]).done();
    assert!(far.simulator.calls().is_empty(), "{:?}", far.simulator.calls());
}

/// How long a process has used the processor. Linux counts it in hundredths of a second.
fn processor_time(daemon: &Daemon) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
    let ticks: u64 =
        stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}
