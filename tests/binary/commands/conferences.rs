//! `conferences list`, `show` and `retry`.

use serde_json::Value;

use super::{archived, csv, objects};
use crate::harness::{Far, Place, column, columns, number, one, says, sql};

#[track_caller]
fn listed(place: &Place, options: &[&str]) -> Vec<String> {
    let arguments = [&["conferences", "list", "--format", "json"], options].concat();
    let rows = objects(&place.run(&arguments).done());
    rows.iter().map(|row| row["conference_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn json_and_csv_have_the_catalogs_columns() {
    let place = archived();
    let mut expected = columns(&place.catalog(), "conferences");
    let (head, rows) = csv(&place.run(&["conferences", "list", "--format", "csv"]).done());
    assert_eq!((&head, rows.len()), (&expected, 3));
    let (head, rows) = csv(&place.run(&["conferences", "list", "--state", "failed", "--format", "csv"]).done());
    assert_eq!((&head, rows.len()), (&expected, 0));
    expected.sort();
    let rows = objects(&place.run(&["conferences", "list", "--format", "json"]).done());
    assert!(rows.len() == 3 && rows.iter().all(|row| row.keys().eq(&expected)), "{rows:?}");
}

#[test]
fn a_list_is_narrowed_by_state() {
    let place = archived();
    assert_eq!(listed(&place, &[]), ["conf-open", "conf-july", "conf-june"]);
    assert_eq!(listed(&place, &["--state", "archived"]), ["conf-july", "conf-june"]);
    assert_eq!(listed(&place, &["--state", "active"]), ["conf-open"]);
    assert_eq!(listed(&place, &["--state", "failed"]), [""; 0]);
    says(&place.run(&["conferences", "list", "--state", "closed"]).refused(2), &["--state", "closed", "archived"]);
}

#[test]
fn show_says_everything_about_one_conference_and_its_recordings() {
    let place = archived();
    let said = place.run(&["conferences", "show", "conf-june", "--utc"]).done();
    says(
        &said,
        &["Planning 会议", "archived", "100200300", "2024-06-01 10:00:00 UTC", "media-conf-june-1", "composed"],
    );
    assert_eq!(said.matches("Planning 会议").count(), 1, "the title stands once, above its recordings: {said}");

    let said = place.run(&["conferences", "show", "conf-june", "--format", "json"]).done();
    let mut shown: serde_json::Map<String, Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(shown.remove("recordings").unwrap().as_array().unwrap().len(), 2);
    let mut expected = columns(&place.catalog(), "conferences");
    expected.sort();
    assert!(shown.keys().eq(&expected), "{shown:?}");

    let said = place.run(&["conferences", "show", "conf-nowhere"]).refused(1);
    says(&said, &["conf-nowhere", "watch add", "--live"]);
}

#[test]
fn show_live_asks_dingtalk_once_and_counts_it() {
    let far = Far::with([super::Meeting::sample("conf-june", super::JUNE, super::JUNE + super::HOUR)]);
    let place = Place::with(&far.configuration(""));
    let said = place.run(&["conferences", "show", "conf-june", "--live", "--format", "json"]).done();
    let shown: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&shown["status"], &shown["title"]), (&Value::from(1), &Value::from("Sample meeting")));
    says(&place.run(&["conferences", "show", "conf-june", "--live"]).done(), &["Sample meeting", "ended"]);
    says(
        &place.run(&["conferences", "show", "conf-nowhere", "--live"]).refused(1),
        &["roomNotFound", "check the conf"],
    );
    assert_eq!(far.simulator.metered_calls(), 3);
    assert_eq!(number(&place.catalog(), "SELECT sum(calls) FROM api_calls"), 3);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conferences"), 0);
}

#[test]
fn retry_opens_closed_conferences_and_refuses_all_if_one_is_open_or_unknown() {
    let place = archived();
    let before = sql(&place.catalog(), "SELECT * FROM conferences");
    for other in ["conf-open", "conf-nowhere"] {
        let said = place.run(&["conferences", "retry", "conf-june", other]).refused(1);
        says(&said, &["nothing was changed", other]);
        assert!(!said.contains("conf-june"), "{said}");
        assert_eq!(sql(&place.catalog(), "SELECT * FROM conferences"), before);
    }
    place.run(&["conferences", "retry", "conf-june"]).done();
    let ended = column(&place.catalog(), "SELECT conference_id FROM conferences WHERE state = 'ended'");
    assert_eq!(ended, ["conf-june"]);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM recordings"), 3);
}

#[test]
fn a_retried_conference_is_read_anew_and_archived_again() {
    let meeting = super::Meeting::sample("conf-june", super::JUNE, super::JUNE + super::HOUR);
    let far = Far::with([meeting.clone()]);
    let place = Place::with(&far.configuration("give_up_after = \"1s\"\n"));
    place.run(&["watch", "add", "conf-june"]).done();
    crate::harness::eventually("nothing was recorded, it seems", || {
        place.run(&["once"]).done();
        let state = one(&place.catalog(), "SELECT state FROM conferences");
        (state == "unrecorded").then_some(())
    });
    far.simulator.with_organisation(|organisation| organisation.add(meeting.recorded(super::HOUR)));
    place.run(&["once"]).done();
    assert_eq!(one(&place.catalog(), "SELECT state FROM conferences"), "unrecorded");
    place.run(&["conferences", "retry", "conf-june"]).done();
    place.run(&["once"]).done();
    assert_eq!(one(&place.catalog(), "SELECT state FROM conferences"), "archived");
    assert_eq!(one(&place.catalog(), "SELECT media_id FROM recordings"), "media-conf-june-0");
}

#[test]
fn explain_tells_the_whole_story_and_what_comes_next() {
    let place = archived();
    let told = place.run(&["conferences", "explain", "conf-june"]).done();
    says(&told, &["found", "get: ok", "getVideos: ok", "its end is confirmed", "archived", "asked as"]);
    says(told.lines().last().unwrap(), &["next: nothing; its life is over"]);
    let story: Value =
        serde_json::from_str(&place.run(&["conferences", "explain", "conf-open", "--format", "json"]).done()).unwrap();
    assert_eq!((&story["conference_id"], &story["state"]), (&"conf-open".into(), &"active".into()));
    let mut keys: Vec<String> = story["events"][0].as_object().unwrap().keys().cloned().collect();
    let mut expected = columns(&place.catalog(), "conference_events");
    keys.sort();
    expected.sort();
    assert_eq!(keys, expected);
    says(story["next"]["what"].as_str().unwrap(), &["with the next poll"]);
    let refused = place.run(&["conferences", "explain", "conf-unknown"]).refused(1);
    says(&refused, &["the catalog does not know the conference conf-unknown"]);
}

#[test]
fn explain_says_what_a_failed_conference_needs() {
    let far = Far::with([]);
    let place = Place::with(&far.configuration("[watch]\nconferences = [\"conf-unknown\"]\n"));
    place.run(&["once"]);
    let told = place.run(&["conferences", "explain", "conf-unknown"]).done();
    says(&told, &["get: roomNotFound", "it needs a person"]);
    says(&told, &["next: it is looked at again"]);
}
