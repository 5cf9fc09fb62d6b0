//! What people are told: once when it begins and once when it is over, whatever restarts in between and however the
//! receiver takes it.

mod events;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use recording_archiver::catalog::notices::ReceiverRow;
use recording_archiver::daemon::notify::Notifier;
use recording_archiver::daemon::receiver::Receiver;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::world::{World, at, hours, meeting, minutes};

/// One who is told: an address on loopback that writes down what is posted to it.
struct Told {
    url: String,
    posted: Arc<Mutex<Vec<Value>>>,
    /// What it answers next; when that is used up, 200.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Told {
    async fn start() -> Self {
        let (posted, answers) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::<Mutex<VecDeque<u16>>>::default());
        let (noted, next) = (Arc::clone(&posted), Arc::clone(&answers));
        let router = Router::new().fallback(async move |body: String| {
            noted.lock().unwrap().push(serde_json::from_str(&body).unwrap());
            let status = next.lock().unwrap().pop_front().unwrap_or(200);
            (StatusCode::from_u16(status).unwrap(), r#"{"errcode":0,"errmsg":"ok"}"#)
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/robot/send?access_token=xxxxxxxx", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, posted, answers }
    }

    fn json(&self) -> Receiver {
        Receiver::json(self.url.parse().unwrap()).unwrap()
    }

    /// What was posted since this was last asked.
    fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut *self.posted.lock().unwrap())
    }

    /// The same, a word a notice: `failed gone`, `over: failed gone`.
    fn said(&self) -> Vec<String> {
        let word = |notice: &Value| {
            let over = if notice["over_at"].is_null() { "" } else { "over: " };
            format!("{over}{} {}", notice["kind"].as_str().unwrap(), notice["subject"].as_str().unwrap())
        };
        let messages = self.messages();
        messages.iter().flat_map(|message| message["notices"].as_array().unwrap()).map(word).collect()
    }
}

fn notifier(world: &World, told: &Told) -> Notifier {
    Notifier::new(&world.archive, vec![told.json()], false)
}

/// A world in which a conference is watched that there is none of, when that is known.
async fn with_a_failure() -> World {
    let world = World::with([]).watching("gone", None).start().await;
    world.until(at(9, 30)).await;
    assert_eq!(world.state("gone").await, "failed");
    world
}

async fn receiver(world: &World) -> ReceiverRow {
    world.catalog.receivers().await.unwrap().remove(0)
}

#[tokio::test]
async fn a_conference_that_failed_is_told_once_and_once_more_when_it_no_longer_has() {
    let mut world = with_a_failure().await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    let notice = &message["notices"][0];
    assert_eq!((&notice["kind"], &notice["subject"]), (&"failed".into(), &"gone".into()));
    let closed_at = world.conference("gone").await.closed_at.unwrap();
    assert_eq!((&notice["began_at"], &notice["over_at"]), (&closed_at.into(), &Value::Null));
    let text = message["text"].as_str().unwrap();
    for words in ["catalog.db", "failed since 2026-06-01T", "roomNotFound", "conferences explain gone"] {
        assert!(text.contains(words), "{words}: {text}");
    }

    for _ in 0..3 {
        world.pass(minutes(10)).await;
        telling.round(world.now()).await.unwrap();
    }
    assert_eq!(told.said(), [""; 0], "it was told");
    world.restart().await;
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0], "and a restart does not forget that");

    assert_eq!(world.catalog.retry(&["gone".to_owned()], world.now()).await.unwrap(), [""; 0]);
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    assert_eq!(message["notices"][0]["over_at"], world.now().as_millis());
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("over: failed from 2026-06-01T") && text.contains("conference gone is ended now"), "{text}");
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn what_a_restart_interrupts_is_told_after_it() {
    let mut world = with_a_failure().await;
    let told = Told::start().await;
    told.answers.lock().unwrap().push_back(500);
    notifier(&world, &told).round(world.now()).await.unwrap();
    assert_eq!(told.said(), ["failed gone"], "and it was not taken");
    world.restart().await;
    notifier(&world, &told).round(world.now()).await.unwrap();
    assert_eq!(told.said(), ["failed gone"]);
}

#[tokio::test]
async fn a_thousand_conferences_that_failed_are_one_message() {
    let world = World::with([]).start().await;
    let failed = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
         INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, closed_at, last_error_code,
             last_error_message, last_error_at)
         SELECT 'c' || n, 'failed', 'cli', 1, 1, 'roomNotFound', 'no such room', 1 FROM n";
    world.meddle(failed).await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    telling.round(world.now() + minutes(1)).await.unwrap();
    let messages = told.messages();
    assert_eq!((messages.len(), messages[0]["notices"].as_array().unwrap().len()), (1, 10));
    assert_eq!(messages[0]["more"], serde_json::json!([{"kind": "failed", "is_over": false, "number": 990}]));
    assert!(messages[0]["text"].as_str().unwrap().ends_with("and 990 more: failed"), "{messages:?}");
    world.meddle("UPDATE conferences SET state = 'unrecorded' WHERE conference_id <> 'c1'").await;
    telling.round(world.now() + minutes(2)).await.unwrap();
    assert!(told.messages()[0]["text"].as_str().unwrap().ends_with("over: and 989 more: failed"));
}

#[tokio::test]
async fn a_stage_that_does_not_succeed_is_told_by_the_rule_of_healthz() {
    let world = World::with([meeting("a"), meeting("b").recorded(minutes(0))]).start().await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.until(at(9, 30)).await;
    for endpoint in [Endpoint::Query, Endpoint::ConferenceInfo] {
        world.fault(Fault::new(Answer::error("systemError")).on(endpoint).until(at(11, 0)));
    }
    world.until(at(9, 44)).await;
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0]);
    world.until(at(10, 20)).await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    let text = message["text"].as_str().unwrap();
    assert_eq!(message["notices"][0]["subject"], "poll");
    assert!(text.contains("unhealthy since 2026-06-01T") && text.contains("poll has not succeeded: "), "{text}");
    assert!(text.contains("systemError") && text.contains("recording-archiver doctor"), "{text}");
    world.until(at(12, 30)).await;
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), ["over: unhealthy poll"]);
}

#[tokio::test]
async fn a_pause_is_told_if_it_is_longer_than_an_hour() {
    let world = World::with([meeting("a")]).start().await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.fault(Fault::new(Answer::error("systemError")).until(at(9, 20)));
    world.until(at(9, 10)).await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 1);
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0], "it is short");
    world.until(at(9, 50)).await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    world.fault(Fault::new(Answer::quota_spent()).until(at(10, 0)));
    world.until(at(10, 5)).await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("paused since 2026-06-01T") && text.contains("all calls until 2026-06-02T"), "{text}");
    assert!(text.contains("explain-code Forbidden.AccessDenied.ApiCountLimitForOrg"), "{text}");
    // A day later comes a probe.
    world.until(at(24 + 11, 0)).await;
    telling.round(world.now()).await.unwrap();
    assert!(told.said().contains(&"over: paused *".to_owned()));
}

#[tokio::test]
async fn less_than_a_tenth_of_the_share_is_told_until_the_month_is_over() {
    let world = World::with([]).config(|config| config.quota.calls_per_month = 1_000).start().await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.meddle("INSERT INTO api_calls VALUES ('2026-06-01', 'query', 'ok', 900)").await;
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0], "a tenth is left");
    world.meddle("UPDATE api_calls SET calls = calls + 1").await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    assert_eq!(message["notices"][0]["kind"], "share_low");
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("calls run low since") && text.contains("99 of 1000 calls are left in 2026-06"), "{text}");
    telling.round(world.now() + hours(24 * 29)).await.unwrap();
    assert_eq!(told.said(), [""; 0]);
    telling.round(world.now() + hours(24 * 30)).await.unwrap();
    assert_eq!(told.said(), ["over: share_low 2026-06"]);
}

#[tokio::test]
async fn each_archived_conference_is_told_once_if_that_is_wanted_and_none_from_before() {
    let later = Meeting::sample("later", at(12, 0), at(13, 0)).booked(at(8, 0)).recorded(minutes(1));
    let later = later.titled("Weekly planning");
    let world = World::with([meeting("before").recorded(minutes(1)), later]).start().await;
    world.until(at(11, 45)).await;
    assert_eq!(world.state("before").await, "archived");
    let told = Told::start().await;
    let mut telling = Notifier::new(&world.archive, vec![told.json()], true);
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0]);
    world.until(at(16, 0)).await;
    assert_eq!(world.state("later").await, "archived");
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    assert_eq!(message["notices"].as_array().unwrap().len(), 1);
    let (row, recordings) = (world.conference("later").await, world.recordings("later").await);
    let text = message["text"].as_str().unwrap();
    let host = row.creator_nick.unwrap();
    let seconds = recordings.iter().filter_map(|recording| recording.duration_ms).sum::<i64>() / 1_000;
    let length = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let words = format!("conference later \"Weekly planning\", host {host}: 1 recording of {length} in all");
    assert!(text.contains("archived since 2026-06-01T") && text.contains(&words), "{words}: {text}");
    world.until(at(24 * 4, 0)).await;
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0]);
    assert_eq!(world.catalog.verify().await.unwrap(), []);
}

#[tokio::test]
async fn of_many_archived_conferences_every_one_is_told_and_no_message_comes_too_soon() {
    let world = World::with([]).start().await;
    let told = Told::start().await;
    let mut telling = Notifier::new(&world.archive, vec![told.json()], true);
    telling.round(world.now()).await.unwrap();
    let archived = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 25)
         INSERT INTO conferences (conference_id, state, discovered_by, discovered_at, next_attempt_at)
         SELECT 'c' || n, 'ended', 'cli', 1, 1 FROM n;
         UPDATE conferences SET state = 'archived', closed_at = 2, next_attempt_at = NULL";
    world.meddle(archived).await;
    let mut subjects = Vec::new();
    for second in 0..20 {
        telling.round(world.now() + Duration::from_secs(second)).await.unwrap();
        let said = told.said();
        assert!(said.is_empty() || second % 5 == 0, "in second {second}");
        subjects.extend(said);
    }
    let all: Vec<String> = (1..=25).map(|n| format!("archived c{n}")).collect();
    assert_eq!(subjects, all);
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_tried_ever_more_rarely_and_given_up_after_a_day() {
    let world = with_a_failure().await;
    let told = Told::start().await;
    told.answers.lock().unwrap().extend([500; 1_000]);
    let mut telling = notifier(&world, &told);
    let begin = world.now();
    let (mut at, mut attempts) = (begin, Vec::<Timestamp>::new());
    while at < begin + hours(23) {
        telling.round(at).await.unwrap();
        if !told.messages().is_empty() {
            attempts.push(at);
        }
        at = at + Duration::from_secs(20);
    }
    let gaps: Vec<Duration> = attempts.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    let longest = *gaps.iter().max().unwrap();
    assert!((30..50).contains(&attempts.len()) && longest >= minutes(60) && longest < minutes(61), "{gaps:?}");
    let row = receiver(&world).await;
    assert_eq!((row.failing_since, row.untold), (Some(begin.as_millis()), 1));
    assert_eq!(row.last_error.as_deref(), Some("it answers HTTP 500"));
    assert_eq!(world.catalog.verify().await.unwrap(), []);

    while at < begin + hours(26) {
        telling.round(at).await.unwrap();
        at = at + minutes(5);
    }
    assert_eq!(receiver(&world).await.untold, 0, "it is given up");
    told.messages();
    told.answers.lock().unwrap().clear();
    world.meddle("UPDATE conferences SET state = 'unrecorded'").await;
    telling.round(at + hours(2)).await.unwrap();
    assert_eq!(told.said(), ["over: failed gone"], "what is new is told");
    let row = receiver(&world).await;
    assert_eq!((row.failing_since, row.attempts, row.last_error), (None, 0, None));
}

#[tokio::test]
async fn what_is_over_before_it_could_be_told_is_told_as_one() {
    let world = with_a_failure().await;
    let told = Told::start().await;
    told.answers.lock().unwrap().push_back(503);
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    told.messages();
    world.meddle("UPDATE conferences SET state = 'unrecorded'").await;
    telling.round(world.now() + minutes(1)).await.unwrap();
    assert_eq!(told.said(), ["over: failed gone"]);
}

#[tokio::test]
async fn who_is_named_later_is_told_what_is_open_and_who_is_named_no_longer_is_forgotten() {
    let world = with_a_failure().await;
    let (first, second) = (Told::start().await, Told::start().await);
    notifier(&world, &first).round(world.now()).await.unwrap();
    assert_eq!(first.said(), ["failed gone"]);
    let robot = |told: &Told| Receiver::robot(told.url.parse().unwrap(), None).unwrap();
    let mut both = Notifier::new(&world.archive, vec![first.json(), robot(&second)], false);
    both.round(world.now() + minutes(1)).await.unwrap();
    assert_eq!(first.said(), [""; 0]);
    let message = second.messages().remove(0);
    assert_eq!(message["msgtype"], "text");
    assert!(message["text"]["content"].as_str().unwrap().contains("failed since"), "{message}");

    let mut robot_alone = Notifier::new(&world.archive, vec![robot(&second)], false);
    robot_alone.round(world.now() + minutes(2)).await.unwrap();
    assert_eq!(world.words("SELECT receiver FROM notice_receivers").await, ["dingtalk_robot"]);

    let mut nobody = Notifier::new(&world.archive, Vec::new(), false);
    nobody.prepare(world.now() + minutes(3)).await.unwrap();
    assert_eq!(world.number("SELECT count(*) FROM notice_receivers").await, 0);
    world.meddle("UPDATE conferences SET state = 'unrecorded'").await;
    notifier(&world, &first).round(world.now() + minutes(4)).await.unwrap();
    assert_eq!(first.said(), [""; 0], "what ended while nobody was told is not told as over");
}

#[tokio::test]
async fn what_was_told_is_dropped_after_as_long_as_the_journal_is_kept() {
    let world = with_a_failure().await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    let count = "SELECT count(*) FROM notices";
    world.catalog.tidy_notices(hours(24), world.now() + hours(48)).await.unwrap();
    assert_eq!(world.number(count).await, 1, "it is not over");
    world.meddle("UPDATE conferences SET state = 'unrecorded'").await;
    let over = world.now() + minutes(1);
    told.answers.lock().unwrap().push_back(500);
    telling.round(over).await.unwrap();
    world.catalog.tidy_notices(hours(24), world.now() + hours(48)).await.unwrap();
    assert_eq!(world.number(count).await, 1, "that it is over was not told");
    telling.round(over + minutes(1)).await.unwrap();
    world.catalog.tidy_notices(hours(24), world.now() + hours(23)).await.unwrap();
    assert_eq!(world.number(count).await, 1, "it is young");
    world.catalog.tidy_notices(hours(24), world.now() + hours(48)).await.unwrap();
    assert_eq!(world.number(count).await, 0);
}

#[tokio::test]
async fn a_clock_that_is_set_back_delays_no_message() {
    let world = with_a_failure().await;
    let told = Told::start().await;
    told.answers.lock().unwrap().push_back(500);
    let mut telling = notifier(&world, &told);
    telling.round(world.now()).await.unwrap();
    told.messages();
    telling.round(world.now() - hours(24)).await.unwrap();
    assert_eq!(told.said(), ["failed gone"]);
}
