//! A daemon that tells people what needs one of them.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use recording_archiver::domain::clock::{Clock, SystemClock};
use ring::hmac;
use serde_json::Value;

use super::{EAGER, archives, recorded};
use crate::harness::{Daemon, Far, Place, Receiver, Takes, eventually, execute, linger, now, number, says};

const SECRET: &str = "SEC-a-robots-secret";

/// A place whose daemon watches a recorded meeting and one that there is none of, and tells somebody.
fn telling(notify: &str) -> (Far, Place) {
    let far = Far::with([recorded("conf-one")]);
    let watch = "[watch]\nconferences = [\"conf-one\", \"conf-gone\"]\n";
    let place = Place::with(&far.configuration(&format!("{watch}{EAGER}[notify]\n{notify}")));
    place.write("robot_secret", format!("{SECRET}\n"));
    (far, place)
}

fn robot(receiver: &Receiver) -> String {
    let address = receiver.at("/robot/send?access_token=a-robots-token");
    format!("dingtalk_robot = \"{address}\"\ndingtalk_robot_secret_file = \"robot_secret\"\n")
}

/// Whether a message is about the conference that there is none of.
fn is_of_failure(message: &Value) -> bool {
    message.to_string().contains("conf-gone")
}

/// A robot's answer.
fn answers(errcode: i64, errmsg: &str) -> Takes {
    Takes::With(200, format!("{{\"errcode\":{errcode},\"errmsg\":\"{errmsg}\"}}"))
}

#[test]
fn json_is_posted_and_a_robot_is_told_in_words_and_with_the_right_signature() {
    let receiver = Receiver::taking([]);
    let url = format!("url = \"{}\"\narchived = true\n", receiver.at("/hook"));
    let (_far, place) = telling(&format!("{url}{}", robot(&receiver)));
    let daemon = Daemon::start(&place);
    archives(&place, 1);

    let (uri, posted) = receiver.was_told("JSON", |message| message["program"].is_string() && is_of_failure(message));
    assert_eq!(uri.to_string(), "/hook");
    assert_eq!((&posted["version"], &posted["catalog"]), (&env!("CARGO_PKG_VERSION").into(), &"catalog.db".into()));
    let notices = posted["notices"].as_array().unwrap();
    let failed = notices.iter().find(|notice| notice["kind"] == "failed").unwrap();
    assert_eq!((&failed["subject"], &failed["over_at"]), (&"conf-gone".into(), &Value::Null));
    says(failed["what"].as_str().unwrap(), &["conference conf-gone: roomNotFound"]);
    says(posted["text"].as_str().unwrap(), &["recording-archiver, catalog.db\n\n", "failed since 20"]);
    receiver.was_told("that it is archived", |message| {
        let notices = message["notices"].as_array();
        notices.is_some_and(|all| all.iter().any(|it| it["kind"] == "archived" && it["subject"] == "conf-one"))
    });

    let (uri, message) = receiver.was_told("words", |message| message["msgtype"] == "text" && is_of_failure(message));
    says(message["text"]["content"].as_str().unwrap(), &["failed since 20", "To do: run `recording-archiver conf"]);
    let url = reqwest::Url::parse(&receiver.at(&uri.to_string())).unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!((url.path(), query["access_token"].as_str()), ("/robot/send", "a-robots-token"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let sign = BASE64_STANDARD.decode(&query["sign"]).unwrap();
    hmac::verify(&key, format!("{}\n{SECRET}", query["timestamp"]).as_bytes(), &sign).expect("the signature is right");
    let signed_at: i64 = query["timestamp"].parse().unwrap();
    assert!((0..600_000).contains(&(now().as_millis() - signed_at)), "{signed_at}");

    eventually("nobody is to be told of anything", || {
        (number(&place.catalog(), "SELECT count(*) FROM notices_untold") == 0).then_some(())
    });
    let before = receiver.posted().len();
    daemon.kill();
    let daemon = Daemon::start(&place);
    linger(Duration::from_secs(3));
    assert_eq!(receiver.posted().len(), before, "nothing is told twice");
    let nothing =
        "UPDATE conferences SET state = 'unrecorded', next_attempt_at = NULL WHERE conference_id = 'conf-gone'";
    execute(&place.catalog(), nothing);
    receiver.was_told("that it is over", |message| {
        message["text"].as_str().is_some_and(|text| text.contains("over: failed") && text.contains("conf-gone"))
    });
    daemon.stop();
}

#[test]
fn a_receiver_that_refuses_is_said_once_and_told_when_it_comes_back() {
    let receiver = Receiver::taking([Takes::With(500, "a secret word".to_owned()), Takes::With(302, String::new())]);
    let (_far, place) = telling(&format!("url = \"{}\"\n", receiver.at("/a-hooks-token")));
    let daemon = Daemon::start(&place);
    archives(&place, 1);
    daemon.has_said("notify.url takes no message: it answers HTTP 500");
    says(&place.run(&["status"]).out, &["telling", "notify.url takes no message since", "1 untold, next attempt"]);
    says(&place.run(&["doctor"]).out, &["notify", "FAILED", "notify.url takes no message since"]);
    daemon.has_said("notify.url takes messages again");
    assert_eq!(receiver.posted().len(), 3);
    let said = daemon.said();
    assert_eq!(said.matches("takes no message").count(), 1, "{said}");
    assert!(!said.contains("a secret word") && !said.contains("a-hooks-token"), "{said}");
    let status = place.run(&["status"]).out;
    assert!(!status.contains("telling"), "{status}");
    daemon.stop();
}

#[test]
fn a_receiver_that_hangs_delays_neither_the_work_nor_the_other_nor_the_end() {
    let receiver = Receiver::taking([]);
    let hangs = Receiver::taking([Takes::Never, Takes::Never, Takes::Never]);
    let (_far, place) = telling(&format!("url = \"{}\"\n{}", hangs.at("/hook"), robot(&receiver)));
    let daemon = Daemon::start(&place);
    receiver.was_told("words", is_of_failure);
    archives(&place, 1);
    hangs.was_told("JSON", is_of_failure);
    let clock = SystemClock::new();
    let catalog = place.catalog();
    daemon.stop();
    assert!(clock.elapsed() < Duration::from_secs(8), "{:?}", clock.elapsed());
    assert_eq!(number(&catalog, "SELECT count(*) FROM notices_untold"), 1, "it is still to be told");
}

#[test]
fn nobody_at_the_address_is_said_and_holds_up_nothing() {
    let (_far, place) = telling("url = \"http://127.0.0.1:1/a-hooks-token\"\n");
    let daemon = Daemon::start(&place);
    archives(&place, 1);
    daemon.has_said("notify.url takes no message: Connection refused");
    assert!(!daemon.said().contains("a-hooks-token"), "{}", daemon.said());
    daemon.stop();
}

#[test]
fn a_robots_refusal_says_what_to_check_and_a_reload_tries_at_once() {
    let refused = answers(310_000, "sign not match a-robots-token SEC-a-robots-secret");
    let receiver = Receiver::taking([refused, answers(130_101, "send too fast")]);
    let (_far, place) = telling(&robot(&receiver));
    let daemon = Daemon::start(&place);
    daemon.has_said("notify.dingtalk_robot takes no message: it answers 310000 \"sign not match *** ***\"");
    says(&daemon.said(), &["check the robot's security settings"]);
    eventually("it is refused again", || (receiver.posted().len() == 2).then_some(()));
    place.write("robot_secret", "SEC-another-secret\n");
    daemon.signal("HUP");
    daemon.has_said("the robot's secret is another");
    daemon.has_said("notify.dingtalk_robot takes messages again");
    let said = daemon.said();
    assert!(!said.contains(SECRET) && !said.contains("another-secret") && !said.contains("a-robots-token"), "{said}");
    daemon.stop();
}

#[test]
fn a_daemon_that_may_not_read_the_robots_secret_does_not_start() {
    let receiver = Receiver::taking([]);
    let (_far, place) = telling(&robot(&receiver).replace("robot_secret\"", "absent\""));
    for command in [["run"], ["check-config"]] {
        says(&place.run(&command).refused(2), &["notify.dingtalk_robot_secret_file: cannot read absent"]);
    }
    let doctor = place.run(&["doctor"]);
    says(&doctor.out, &["notify", "FAILED", "cannot read absent"]);
}

#[test]
fn the_doctor_says_who_is_told_and_sends_nothing() {
    let receiver = Receiver::taking([]);
    let (_far, place) = telling(&format!("url = \"{}\"\n{}", receiver.at("/a-hooks-token"), robot(&receiver)));
    let said = place.run(&["doctor"]).out;
    says(&said, &["notify.url is told and notify.dingtalk_robot is told, signed; `doctor` sends nothing there"]);
    assert!(receiver.posted().is_empty() && !said.contains("a-hooks-token"), "{said}");
    let toml = crate::harness::text(&place.path("config.toml"));
    place.write("config.toml", toml.replace("dingtalk_robot_secret_file = \"robot_secret\"\n", ""));
    says(&place.run(&["doctor"]).out, &["notify.dingtalk_robot is told, not signed"]);
    // The credential, as the shipped unit passes it on.
    place.write("dingtalk_robot_secret", SECRET);
    says(&place.run(&["doctor"]).out, &["notify.dingtalk_robot is told, signed"]);
}
