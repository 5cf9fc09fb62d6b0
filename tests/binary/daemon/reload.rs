//! SIGHUP: the configuration is read anew and taken whole, or not at all.

use recording_archiver::simulator::{Answer, Endpoint, Fault};

use super::{EAGER, HOUR, archives, recorded, watching};
use crate::harness::{CONFIG, Daemon, Far, Place, Said, as_nobody, chmod, eventually, is_root, number, says, text};

/// Changes the configuration, and has `daemon` read it.
fn reloads(daemon: &Daemon, place: &Place, change: impl FnOnce(String) -> String) {
    place.write("config.toml", change(text(&place.path("config.toml"))));
    daemon.signal("HUP");
}

#[test]
fn what_changed_is_logged_key_by_key_and_goes_by_the_new_words_at_once() {
    let far = Far::with([recorded("conf-one"), recorded("conf-two")]);
    let place = Place::with(&far.configuration(EAGER));
    let daemon = Daemon::start(&place);
    reloads(&daemon, &place, |toml| {
        format!("{toml}[watch]\nconferences = [\"conf-one\"]\n[log]\nlevel = \"debug\"\n")
            .replace("calls_per_month = 0", "calls_per_month = 4000000")
    });
    daemon.has_said("watch.conferences: [conf-one], was the default");
    daemon.has_said("quota.calls_per_month: 4000000, was 0");
    daemon.has_said("log.level: debug, was the default");
    archives(&place, 1);
    assert_eq!(number(&place.catalog(), "SELECT calls_per_month FROM quota"), 4_000_000);
    assert!(daemon.said().contains("DEBUG"), "{}", daemon.said());
    // A key that is gone is at its default again.
    reloads(&daemon, &place, |toml| toml.replace("calls_per_month = 4000000", "").replace("conf-one", "conf-two"));
    daemon.has_said("quota.calls_per_month: the default, was 4000000");
    let conferences = || number(&place.catalog(), "SELECT count(*) FROM conferences");
    eventually("the second is on watch", || (conferences() == 2).then_some(()));
    assert_eq!(number(&place.catalog(), "SELECT calls_per_month FROM quota"), 5000);
    daemon.stop();
}

#[test]
fn intervals_change_while_it_runs() {
    let far = Far::with([recorded("conf-one")]);
    let place = Place::with(
        &far.configuration("[discover]\norganization = true\ninterval = \"1h\"\n[quota]\ncalls_per_month = 0\n"),
    );
    let daemon = Daemon::start(&place);
    eventually("the first look", || (far.asked(Endpoint::OrgConferences) == 1).then_some(()));
    reloads(&daemon, &place, |toml| toml.replace("1h", "1s"));
    eventually("two more", || (far.asked(Endpoint::OrgConferences) >= 3).then_some(()));
    daemon.stop();
}

#[test]
fn a_broken_file_is_refused_whole_and_status_says_so_until_the_daemon_reads_a_good_one() {
    let (_far, place) = watching();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let good = text(&place.path("config.toml"));
    let repaired = place.write("repaired.toml", &good);
    let status = || place.run_with(CONFIG, &repaired, &["status"]);
    for (broken, said) in [
        ("[quota]\ncalls_per_month = 7\n[poll]\nintervall = \"5m\"\n", "poll.intervall: no such key"),
        ("[quota]\ncalls_per_month = 7\n[poll]\nbatch_size = [\n", "not TOML"),
        ("[quota]\ncalls_per_month = 7\n", "dingtalk.app_key"),
    ] {
        reloads(&daemon, &place, |_| broken.to_owned());
        daemon.has_said("the configuration is refused, and the running settings stay");
        let status = eventually(said, || {
            let status = status();
            (status.out.contains("refused") && status.out.contains(said)).then_some(status)
        });
        says(&status.out, &["running, pid", "2 archived", "the previous one is in use"]);
        assert_eq!(number(&place.catalog(), "SELECT calls_per_month FROM quota"), 0, "a part of it was taken");
    }
    reloads(&daemon, &place, |_| good);
    eventually("the good one is read", || (!status().out.contains("refused")).then_some(()));
    daemon.stop();
}

#[test]
fn whoever_asks_for_a_reload_waits_for_the_verdict() {
    let (_far, place) = watching();
    let daemon = Daemon::start(&place);
    let good = text(&place.path("config.toml"));
    let pid = format!("(pid {})", daemon.pid());
    for (number_of_calls, broken, why) in [
        (4_000_000, "[quota]\ncalls_per_month = 7\n[poll]\nintervall = \"5m\"\n", "poll.intervall: no such key"),
        (3_000_000, "[quota]\ncalls_per_month = 7\n[poll]\nbatch_size = [\n", "not TOML"),
        (2_000_000, "[quota]\ncalls_per_month = 7\n", "dingtalk.app_key"),
    ] {
        let changed = good.replace("calls_per_month = 0", &format!("calls_per_month = {number_of_calls}"));
        place.write("config.toml", &changed);
        let said = place.run(&["reload"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        says(&said.err, &[&pid, "has taken the configuration"]);
        let calls = || number(&place.catalog(), "SELECT calls_per_month FROM quota");
        assert_eq!(calls(), number_of_calls, "it is in force when the command is done");
        place.write("config.toml", broken);
        says(&place.run(&["reload"]).refused(1), &[&pid, "refuses the configuration", "running settings stay", why]);
        assert_eq!(calls(), number_of_calls);
    }
    place.write("config.toml", &good);
    place.run(&["reload"]).done();
    // What was refused before is no verdict on this one.
    place.run(&["reload"]).done();
    daemon.stop();
    says(&place.run(&["reload"]).refused(1), &["no daemon works on catalog.db"]);
}

#[test]
fn the_daemon_is_found_by_its_catalog_however_wrong_the_rest_is() {
    let (_far, place) = watching();
    let elsewhere = "[catalog]\npath = \"state.db\"\n";
    place.write("config.toml", format!("{}{elsewhere}", text(&place.path("config.toml"))));
    let daemon = Daemon::start(&place);
    place.write("config.toml", format!("{elsewhere}[poll]\nintervall = \"5m\"\n"));
    says(&place.run(&["reload"]).refused(1), &["poll.intervall"]);
    place.write("config.toml", "[poll\n");
    let of_the_unit = || place.run_with("RECORDING_ARCHIVER__CATALOG__PATH", place.path("state.db"), &["reload"]);
    says(&of_the_unit().refused(1), &["refuses the configuration", "not TOML"]);
    // Nobody knows which catalog is meant.
    says(&place.run(&["reload"]).refused(2), &["not TOML"]);
    daemon.stop();
}

#[test]
fn whoever_may_not_ask_the_daemon_is_told_who_may() {
    if !is_root() {
        return;
    }
    let (_far, place) = watching();
    chmod(&place.path(""), 0o755);
    let daemon = Daemon::start(&place);
    let said = Said::of(&mut assert_cmd::Command::from_std(as_nobody(&place, &["reload"]))).refused(1);
    says(&said, &["only root and the daemon's own user may ask it", "sudo systemctl reload"]);
    daemon.stop();
}

#[test]
fn a_pass_that_reads_its_configuration_once_is_not_disturbed() {
    let (far, place) = watching();
    far.simulator.faults().push(Fault::new(Answer::Hang(HOUR)).on(Endpoint::Query).times(1));
    let mut once = Daemon::spawn(&place, place.std_command(&["once"]));
    eventually("the call is under way", || (far.asked(Endpoint::Query) > 0).then_some(()));
    says(&place.run(&["reload"]).refused(1), &[&format!("(pid {})", once.pid()), "reads its configuration only once"]);
    once.signal("TERM");
    assert_eq!(once.ended().code(), Some(1), "{}", once.said());
}

#[test]
fn a_daemon_that_gives_no_verdict_is_not_waited_for_for_ever() {
    let (_far, place) = watching();
    let daemon = Daemon::start(&place);
    daemon.signal("STOP");
    says(&place.run(&["reload"]).refused(1), &["has had no verdict for 10s"]);
    daemon.signal("CONT");
    daemon.stop();
}

#[test]
fn what_needs_a_restart_is_named_and_the_rest_is_taken() {
    let far = Far::with([recorded("conf-one")]);
    let place = Place::with(&far.configuration(EAGER));
    let daemon = Daemon::start(&place);
    reloads(&daemon, &place, |toml| {
        format!("{toml}[catalog]\npath = \"other.db\"\n[watch]\nconferences = [\"conf-one\"]\n")
    });
    daemon.has_said("catalog.path: other.db, was the default; this needs a restart, and has not changed");
    archives(&place, 1);
    assert!(!place.path("other.db").exists());
    daemon.stop();
}

#[test]
fn a_new_secret_is_taken_and_never_shown() {
    let (far, place) = watching();
    place.write("secret", far.simulator.app_secret());
    let toml = text(&place.path("config.toml"));
    let toml =
        toml.replace(&format!("app_secret = \"{}\"", far.simulator.app_secret()), "app_secret_file = \"secret\"");
    place.write("config.toml", &toml);
    place.write("secret", "a-secret-that-is-wrong");
    let daemon = Daemon::start(&place);
    daemon.has_said("all calls paused");
    place.write("secret", far.simulator.app_secret());
    daemon.signal("HUP");
    daemon.has_said("the app's secret is another");
    // At once, and not when the pause would have been over.
    archives(&place, 2);
    let said = daemon.said();
    assert!(!said.contains(far.simulator.app_secret()) && !said.contains("a-secret-that-is-wrong"), "{said}");
    daemon.stop();
}

#[test]
fn a_reload_that_changes_nothing_costs_nothing() {
    let (far, place) = watching();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let calls = far.simulator.calls().len();
    for n in 1..=3 {
        daemon.signal("HUP");
        let said = || daemon.said().matches("the configuration says nothing new").count();
        eventually("it was read", || (said() == n).then_some(()));
    }
    assert_eq!(far.simulator.calls().len(), calls);
    daemon.stop();
}

/// By how many kB a daemon grows in so many reloads, each of which changes something, after a warm-up.
fn growth(warm_up: usize, reloads: usize) -> i64 {
    let far = Far::with([]);
    let heartbeat = "[heartbeat]\nurl = \"http://127.0.0.1:1/\"\n";
    let place = Place::with(&far.configuration(&format!("[poll]\ninterval = \"1h\"\n{heartbeat}")));
    let daemon = Daemon::start(&place);
    let mut before = 0;
    for n in 0..warm_up + reloads {
        if n == warm_up {
            before = daemon.memory_kb("VmRSS");
        }
        let (from, to) = if n % 2 == 0 { ("1h", "2h") } else { ("2h", "1h") };
        self::reloads(&daemon, &place, |toml| toml.replace(from, to));
        eventually("it is taken", || (daemon.said().matches("poll.interval: ").count() > n).then_some(()));
    }
    let grown = daemon.memory_kb("VmRSS") - before;
    daemon.stop();
    grown
}

#[test]
fn a_reload_leaks_nothing() {
    let grown = growth(50, 100);
    assert!(grown < 512, "a hundred reloads took {grown} kB");
}

#[test]
#[ignore = "soak: eight hundred reloads"]
fn soak_eight_hundred_reloads_leak_nothing() {
    let grown = growth(50, 800);
    println!("\neight hundred reloads took {grown} kB");
    assert!(grown < 2_048, "eight hundred reloads took {grown} kB");
}
