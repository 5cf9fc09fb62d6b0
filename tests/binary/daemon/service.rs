//! The daemon among others: systemd, a second daemon, people who read.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use recording_archiver::domain::clock::{Clock, SystemClock};
use recording_archiver::simulator::{Answer, Endpoint, Fault};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{HOUR, archived, archives, recorded, watching};
use crate::harness::{Daemon, Far, PATIENCE, Place, block_on, eventually, linger, number, one, says, text};

#[test]
fn a_second_daemon_or_pass_is_refused_and_told_who_works_already() {
    let (_far, place) = watching();
    let daemon = Daemon::start(&place);
    for command in ["run", "once"] {
        let said = place.run(&[command]).refused(1);
        says(&said, &[&format!("(pid {})", daemon.pid()), "stop it, or name another catalog"]);
    }
    let status: serde_json::Value = serde_json::from_str(&place.run(&["status", "--format", "json"]).out).unwrap();
    assert_eq!(status["daemon_pid"], daemon.pid());
    says(&place.run(&["status"]).out, &[&format!("running, pid {}", daemon.pid())]);
    eventually("it goes on all the same", || (archived(&place).len() == 2).then_some(()));
    daemon.stop();
    place.run(&["once"]).done();
}

#[test]
fn a_killed_daemon_leaves_no_lock_behind() {
    let (_far, place) = watching();
    Daemon::start(&place).kill();
    says(&place.run(&["status"]).out, &["not running"]);
    place.run(&["once"]).done();
}

#[test]
fn commands_work_beside_the_daemon_and_leave_its_journal_to_it() {
    let (far, place) = watching();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
    place.run(&["watch", "add", "conf-three"]).done();
    assert_eq!(one(&place.catalog(), "PRAGMA journal_mode"), "wal");
    archives(&place, 3);
    says(&place.run(&["recordings", "list"]).done(), &["media-conf-three-0"]);
    daemon.stop();
}

#[test]
fn a_reader_in_a_long_transaction_does_not_stop_the_daemon_and_sees_one_instant() {
    let (far, place) = watching();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    block_on(async {
        let options = SqliteConnectOptions::new().filename(place.catalog()).read_only(true);
        let mut reader = options.connect().await.unwrap();
        let mut transaction = reader.begin().await.unwrap();
        let count = "SELECT count(*) FROM recordings";
        let before: i64 = sqlx::query_scalar(count).fetch_one(&mut *transaction).await.unwrap();
        far.simulator.with_organisation(|organisation| organisation.add(recorded("conf-three")));
        place.run(&["watch", "add", "conf-three"]).done();
        // On another thread: the reader's runtime is this one.
        std::thread::scope(|scope| scope.spawn(|| archives(&place, 3)).join()).unwrap();
        let after: i64 = sqlx::query_scalar(count).fetch_one(&mut *transaction).await.unwrap();
        assert_eq!((before, after), (2, 2));
        daemon.stop();
        drop(transaction);
        reader.close().await.unwrap();
    });
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM recordings"), 3);
    place.run(&["once"]).done();
    assert!(!place.files().iter().any(|name| name.ends_with("-wal")), "{:?}", place.files());
}

/// A stand-in for systemd: the socket that takes its messages.
struct Systemd {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Systemd {
    fn beside(place: &Place) -> Self {
        let path = place.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, path }
    }

    /// A daemon that it starts, with a watchdog that waits so long.
    fn starts(&self, place: &Place, watchdog: Duration) -> Daemon {
        let mut command = place.std_command(&["run"]);
        command.env("NOTIFY_SOCKET", &self.path).env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        Daemon::spawn(place, command)
    }

    /// Waits until it is told something that begins with `word`.
    #[track_caller]
    fn is_told(&self, word: &str) -> String {
        let mut line = [0; 4096];
        loop {
            let length = match self.socket.recv(&mut line) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                received => received.unwrap_or_else(|error| panic!("{word} was never told: {error}")),
            };
            let said = String::from_utf8_lossy(&line[..length]).trim_end().to_owned();
            if said.starts_with(word) {
                return said;
            }
        }
    }
}

#[test]
fn systemd_is_told_when_it_is_ready_what_it_does_and_that_it_stops() {
    let (_far, place) = watching();
    let systemd = Systemd::beside(&place);
    let daemon = systemd.starts(&place, HOUR);
    systemd.is_told("READY=1");
    while !systemd.is_told("STATUS=").contains("2 archived") {}
    daemon.signal("TERM");
    systemd.is_told("STOPPING=1");
    daemon.stop();
}

#[test]
fn systemd_is_told_when_the_configuration_is_read_anew_and_whether_it_was_taken() {
    let (_far, place) = watching();
    let systemd = Systemd::beside(&place);
    let daemon = systemd.starts(&place, HOUR);
    systemd.is_told("READY=1");
    daemon.signal("HUP");
    let reloading = systemd.is_told("RELOADING=1");
    says(&reloading, &["\nMONOTONIC_USEC="]);
    systemd.is_told("READY=1");
    place.write("config.toml", "[poll]\nintervall = \"5m\"\n");
    daemon.signal("HUP");
    systemd.is_told("RELOADING=1");
    systemd.is_told("READY=1");
    says(&systemd.is_told("STATUS=the configuration is refused"), &["poll.intervall"]);
    daemon.stop();
}

#[test]
fn the_watchdog_hears_of_a_daemon_that_has_nothing_to_do_and_not_of_one_that_stands_still() {
    let place = Place::with(&Far::with([]).configuration("[quota]\ncalls_per_month = 0\n"));
    let systemd = Systemd::beside(&place);
    // Nothing is due for an hour: the watchdog alone wakes it up.
    place.write("config.toml", text(&place.path("config.toml")).replace("interval = \"1s\"", "interval = \"1h\""));
    let daemon = systemd.starts(&place, Duration::from_secs(2));
    for _ in 0..3 {
        systemd.is_told("WATCHDOG=1");
    }
    daemon.signal("STOP");
    let state = || text(format!("/proc/{}/stat", daemon.pid()).as_ref());
    eventually("it stands still", || state().contains(") T ").then_some(()));
    systemd.socket.set_nonblocking(true).unwrap();
    while systemd.socket.recv(&mut [0; 4096]).is_ok() {}
    systemd.socket.set_nonblocking(false).unwrap();
    systemd.socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    assert!(systemd.socket.recv(&mut [0; 4096]).is_err(), "a process that is stopped said something");
    daemon.signal("CONT");
    daemon.stop();
}

#[test]
fn a_pass_that_waits_for_an_answer_that_never_comes_is_not_taken_for_progress() {
    let (far, place) = watching();
    far.simulator.faults().push(Fault::new(Answer::Hang(HOUR)).on(Endpoint::Query));
    let patient =
        text(&place.path("config.toml")).replacen("[dingtalk]\n", "[dingtalk]\nrequest_timeout = \"1h\"\n", 1);
    place.write("config.toml", patient);
    let systemd = Systemd::beside(&place);
    let daemon = systemd.starts(&place, Duration::from_secs(2));
    eventually("the call is under way", || (far.asked(Endpoint::Query) > 0).then_some(()));
    systemd.socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut line = [0; 4096];
    let clock = SystemClock::new();
    // Whatever it said before the call went out, it falls silent.
    while systemd.socket.recv(&mut line).is_ok() {
        assert!(clock.elapsed() < PATIENCE, "it goes on saying that it lives");
    }
    daemon.kill();
}

/// What a daemon that logs JSON logged at info and above, a line each.
fn lines(daemon: &Daemon) -> Vec<serde_json::Value> {
    daemon
        .said()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn each_change_of_state_is_one_line_with_its_stage_and_its_conference_and_idle_passes_say_nothing() {
    let (far, place) = watching();
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[log]\nformat = \"json\"\n"));
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    eventually("both are logged", || (daemon.said().matches("\"to\":\"archived\"").count() == 2).then_some(()));
    let asked = far.simulator.calls().len();
    let said = lines(&daemon).len();
    linger(Duration::from_secs(3));
    assert_eq!((far.simulator.calls().len(), lines(&daemon).len()), (asked, said), "{}", daemon.said());
    let changes: Vec<(String, String)> = lines(&daemon)
        .iter()
        .map(|line| &line["fields"])
        .filter(|fields| fields["conference_id"] == "conf-one")
        .map(|fields| {
            (fields["stage"].as_str().unwrap_or("-").to_owned(), fields["to"].as_str().unwrap_or("-").to_owned())
        })
        .collect();
    let expected = [("-", "waiting"), ("poll", "ended"), ("collect", "archived")];
    assert_eq!(changes, expected.map(|(stage, to)| (stage.to_owned(), to.to_owned())), "{}", daemon.said());
    daemon.stop();
}

#[test]
fn a_conference_that_dingtalk_gives_no_answer_about_is_logged_once_a_try() {
    let (far, place) = watching();
    far.simulator
        .faults()
        .push(Fault::new(Answer::error("systemError")).on(Endpoint::GetVideos).conference("conf-one").times(1));
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[log]\nformat = \"json\"\n"));
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let failures: Vec<_> = lines(&daemon).into_iter().filter(|line| line["fields"]["code"] == "systemError").collect();
    assert_eq!(failures.len(), 1, "{failures:#?}");
    assert_eq!(
        (&failures[0]["fields"]["stage"], &failures[0]["fields"]["conference_id"]),
        (&"collect".into(), &"conf-one".into())
    );
    daemon.stop();
}

#[test]
fn in_an_outage_no_failed_call_is_logged_twice_whether_it_became_a_pause_or_not() {
    let (far, place) = watching();
    far.simulator.faults().push(Fault::new(Answer::error("systemError")));
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", format!("{toml}[log]\nformat = \"json\"\n"));
    let daemon = Daemon::start(&place);
    daemon.has_said("all calls paused");
    linger(Duration::from_secs(2));
    let said = || lines(&daemon).into_iter().filter(|line| line["fields"]["code"] == "systemError").count();
    let failed = || far.simulator.calls().iter().filter(|call| call.code.as_deref() == Some("systemError")).count();
    assert!((1..=failed()).contains(&said()), "{} lines for {} failed calls", said(), failed());
    daemon.stop();
}
