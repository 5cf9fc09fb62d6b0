//! A daemon that is watched: by Prometheus, by whoever asks `/healthz`, by people, and by a dead man's switch.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use recording_archiver::domain::clock::{Clock, SystemClock};
use recording_archiver::simulator::{Answer, Fault};

use super::{EAGER, archives, recorded};
use crate::harness::{Daemon, Far, Place, block_on, eventually, execute, linger, says, text};
use crate::package::house;

const LISTEN: &str = "[http]\nlisten = \"0\"\n";

/// A place whose daemon watches two recorded meetings, and `more`.
fn watching(more: &str) -> (Far, Place) {
    let far = Far::with([recorded("conf-one"), recorded("conf-two")]);
    let place =
        Place::with(&far.configuration(&format!("[watch]\nconferences = [\"conf-one\", \"conf-two\"]\n{EAGER}{more}")));
    (far, place)
}

/// Where the daemon listens.
fn address(daemon: &Daemon) -> String {
    let said = daemon.said();
    let url = said.split_once("are served at http://").expect("it says where").1.split_whitespace().next().unwrap();
    url.to_owned()
}

/// What `path` of the daemon answers: its status, its type, its body.
#[track_caller]
pub(super) fn get(daemon: &Daemon, path: &str) -> (u16, String, String) {
    let url = format!("http://{}{path}", address(daemon));
    block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answer = reqwest::get(url).await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    })
}

#[test]
fn prometheus_reads_what_there_is_to_know() {
    let (_far, place) = watching(LISTEN);
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let metrics = eventually("the calls are entered", || {
        let (status, kind, metrics) = get(&daemon, "/metrics");
        assert_eq!((status, kind.split(';').next().unwrap()), (200, "application/openmetrics-text"));
        metrics.contains("endpoint=\"getVideos\",outcome=\"ok\"").then_some(metrics)
    });
    let version = format!("recording_archiver_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    says(
        &metrics,
        &[
            &version,
            "recording_archiver_healthy 1.0\n",
            "recording_archiver_conferences{state=\"archived\"} 2.0\n",
            "recording_archiver_conferences{state=\"failed\"} 0.0\n",
            "recording_archiver_calls_total{endpoint=\"getVideos\",outcome=\"ok\"} 2\n",
            "recording_archiver_recording_lag_seconds_bucket{le=\"7200.0\"} 2\n",
            "recording_archiver_recording_lag_seconds_count 2\n",
            "recording_archiver_stage_duration_seconds{stage=\"collect\"}",
            "recording_archiver_stage_last_success_timestamp_seconds{stage=\"poll\"}",
            "recording_archiver_look_interval_seconds{stage=\"poll\"} 1.0\n",
        ],
    );
    assert!(metrics.ends_with("# EOF\n") && !metrics.contains("quota_calls"), "{metrics}");
    // What is served is what is in force.
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", toml.replace("calls_per_month = 0", "calls_per_month = 4000"));
    daemon.signal("HUP");
    eventually("the share is shown", || {
        get(&daemon, "/metrics").2.contains("recording_archiver_quota_calls 4000.0\n").then_some(())
    });
    assert_eq!(get(&daemon, "/healthz"), (200, "text/plain; charset=utf-8".to_owned(), "ok\n".to_owned()));
    daemon.stop();
}

#[test]
fn a_daemon_that_achieves_nothing_is_red_at_healthz_and_in_status() {
    let (far, place) = watching(LISTEN);
    far.simulator.faults().push(Fault::new(Answer::quota_spent()));
    let daemon = Daemon::start(&place);
    let (_, _, body) = eventually("it is red", || Some(get(&daemon, "/healthz")).filter(|(status, ..)| *status == 503));
    says(&body, &["poll has not succeeded since", "ApiCountLimitForOrg"]);
    says(
        &get(&daemon, "/metrics").2,
        &["recording_archiver_healthy 0.0\n", "recording_archiver_paused_until_timestamp_seconds"],
    );
    let status = place.run(&["status"]);
    assert_eq!(status.code, Some(1), "{status:?}");
    says(&status.out, &["unhealthy", "poll has not succeeded since", "running, pid"]);
    says(&status.err, &["error: unhealthy: poll did not succeed in time"]);
    daemon.stop();
}

#[test]
fn the_report_is_shown_to_people_and_neither_kept_nor_framed_nor_run() {
    let (_far, place) = watching(LISTEN);
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let page = eventually("both are shown", || {
        let (status, kind, page) = get(&daemon, "/");
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        page.contains("<span>Recordings</span><b>2</b>").then_some(page)
    });
    says(&page, &["<!DOCTYPE html>", "All is well", "unmetered", "Nothing is open", "runs, pid"]);
    let head = block_on(async { reqwest::get(format!("http://{}/", address(&daemon))).await.unwrap() });
    let header = |name: &str| head.headers()[name].to_str().unwrap();
    says(
        header("content-security-policy"),
        &["default-src 'none'; style-src 'unsafe-inline'", "frame-ancestors 'none'"],
    );
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff", "no-store"));
    // It is worked out once in a while, whoever asks how often; and then it is new.
    let shown_after = |title: &str| {
        execute(&place.catalog(), &format!("UPDATE conferences SET state = 'failed', title = '{title}'"));
        get(&daemon, "/").2
    };
    eventually("two who ask get one page", || (shown_after("first") == shown_after("second")).then_some(()));
    eventually("the next page is new", || get(&daemon, "/").2.contains("<bdi>second</bdi>").then_some(()));
    daemon.stop();
}

/// The names of the metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c)).filter(|word| word.starts_with("recording_archiver_"));
    words.map(str::to_owned).collect()
}

#[test]
fn the_dashboard_and_the_alert_rules_ask_for_metrics_that_are_exported() {
    let (far, place) = watching(&format!("{LISTEN}[events]\nstream = true\n"));
    far.pushes();
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    // With an open conference, a pause, a share, an event and meetings that were seen, every metric is there.
    execute(
        &place.catalog(),
        "INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, next_attempt_at)
         VALUES ('conf-later', 'waiting', 'cli', 1, 4000000000000);
         INSERT INTO pauses VALUES ('start', 4000000000000, 1, 1, 'systemError', 'systemError');
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10)
         INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at)
         SELECT 'met-' || n, 'unrecorded', 'organization', 1, 1 FROM n;
         INSERT INTO sightings (conference_id, shown_at) SELECT conference_id, 1 FROM conferences
         WHERE conference_id LIKE 'met-%';
         INSERT INTO event_stream (id, last_push_at) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET last_push_at = 1",
    );
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", toml.replace("calls_per_month = 0", "calls_per_month = 4000"));
    daemon.signal("HUP");
    let exported = eventually("all is exported", || {
        let metrics = metrics_in(&get(&daemon, "/metrics").2);
        let last = ["recording_archiver_quota_calls", "recording_archiver_paused_until_timestamp_seconds"];
        last.iter().all(|name| metrics.contains(*name)).then_some(metrics)
    });
    let mut asked_for = BTreeSet::new();
    for file in ["config/grafana-dashboard.json", "config/prometheus-alerts.yaml"] {
        let asked = metrics_in(&text(&house(file)));
        assert!(asked.is_subset(&exported), "{file} asks for {:?}", asked.difference(&exported));
        asked_for.extend(asked);
    }
    // All that is exported is asked for, but the program's version, and a histogram's sum and count.
    let is_left_out = |name: &str| ["_build", "_build_info", "_sum", "_count"].iter().any(|end| name.ends_with(end));
    let unseen = exported.iter().filter(|name| asked_for.iter().all(|asked| !asked.starts_with(*name)));
    let unseen: Vec<_> = unseen.filter(|name| !is_left_out(name)).collect();
    assert!(unseen.is_empty(), "{unseen:?} are exported, and nobody asks for them");
    let dashboard: serde_json::Value = serde_json::from_str(&text(&house("config/grafana-dashboard.json"))).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.iter().all(|panel| panel["description"].is_string()), "each panel says what it shows");
    daemon.stop();
}

#[test]
fn what_is_new_is_added_to_the_lags() {
    let (_far, place) = watching(LISTEN);
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let counts = |recordings: usize| {
        let count = format!("recording_archiver_recording_lag_seconds_count {recordings}\n");
        eventually("they are counted", || get(&daemon, "/metrics").2.contains(&count).then_some(()));
    };
    counts(2);
    execute(
        &place.catalog(),
        "INSERT INTO recordings (conference_id, media_id, raw, first_seen_at, last_changed_at)
         SELECT conference_id, 'late', '{}', ended_at + 86400000, 0 FROM conferences",
    );
    counts(4);
    says(&get(&daemon, "/metrics").2, &["recording_archiver_recording_lag_seconds_bucket{le=\"43200.0\"} 2\n"]);
    daemon.stop();
}

#[test]
fn whoever_connects_and_says_nothing_keeps_nobody_out() {
    let (_far, place) = watching(LISTEN);
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    let address = address(&daemon);
    let connect = || TcpStream::connect(&address).unwrap();
    let open = || std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count();
    let before = open();
    let mut silent: Vec<TcpStream> = (0..200).map(|_| connect()).collect();
    assert_eq!(get(&daemon, "/healthz").0, 200);
    assert!(open() <= before + 20, "{} files are open, {before} before", open());
    // One that has begun to speak is given as little time as one that has not.
    let mut slow = connect();
    slow.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    silent.push(slow);
    let clock = SystemClock::new();
    for mut connection in silent {
        // Its end, however it comes.
        let _ = connection.read_to_end(&mut Vec::new());
    }
    assert!(clock.elapsed() >= Duration::from_secs(4), "the last ones are given their time");
    assert_eq!(get(&daemon, "/healthz").0, 200);
    daemon.stop();
}

#[test]
fn an_address_that_is_taken_is_said_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (_far, place) = watching(&format!("[http]\nlisten = \"{address}\"\n"));
    says(&place.run(&["run"]).refused(1), &["http.listen", &address.to_string()]);
}

#[test]
fn a_heartbeat_follows_each_healthy_pass_and_stays_away_when_there_is_trouble() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/ping/hunter2", listener.local_addr().unwrap());
    let beats = Arc::new(AtomicUsize::new(0));
    let heard = Arc::clone(&beats);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(String::from_utf8_lossy(&request[..length]).starts_with("GET /ping/hunter2 HTTP/1.1"));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            heard.fetch_add(1, Ordering::Relaxed);
        }
    });
    let beats = || beats.load(Ordering::Relaxed);
    let (far, place) = watching(&format!(
        "{LISTEN}[heartbeat]\nurl = \"{url}\"\n[discover]\norganization = true\ninterval = \"1s\"\n"
    ));
    let daemon = Daemon::start(&place);
    eventually("three beats", || (beats() >= 3).then_some(()));
    far.simulator.faults().push(Fault::new(Answer::quota_spent()));
    daemon.has_said("all calls paused");
    eventually("a stage is stale", || (get(&daemon, "/healthz").0 == 503).then_some(()));
    let before = beats();
    linger(Duration::from_secs(3));
    // One may have been under way.
    assert!(beats() <= before + 1, "{} heartbeats of an unhealthy daemon", beats() - before);
    assert!(!daemon.said().contains("hunter2"), "{}", daemon.said());
    daemon.stop();
}

#[test]
fn a_heartbeat_that_nobody_hears_is_said_once_and_holds_up_nothing() {
    let (_far, place) = watching("[heartbeat]\nurl = \"http://127.0.0.1:1/hunter2\"\n");
    let daemon = Daemon::start(&place);
    archives(&place, 2);
    daemon.has_said("the heartbeat failed");
    linger(Duration::from_secs(3));
    let said = daemon.said();
    assert!(said.matches("the heartbeat failed").count() == 1 && !said.contains("hunter2"), "{said}");
    daemon.stop();
}
