//! `recordings link`: where a recording can be watched, asked once, printed, and kept nowhere.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Behaviour, Endpoint, Fault, Meeting, PlayedSize};
use serde_json::Value;

use crate::harness::{Far, Place, Said, execute, now, number, one, says};

/// What stands in every address and nowhere else.
const KEY: &str = "auth_key";

const MEDIA_ID: &str = "media-conf-one-0";

/// Two conferences with a recording each, archived.
fn place(far: &Far, more: &str) -> Place {
    let place = Place::with(&far.configuration(more));
    place.run(&["watch", "add", "conf-one", "conf-two"]).done();
    place.run(&["once"]).done();
    place
}

fn far() -> Far {
    let hour = Duration::from_hours(1);
    let over = |id: &str| Meeting::sample(id, now() - 2 * hour, now() - hour).creator("creator").owner("owner");
    Far::with(["conf-one", "conf-two"].map(|id| over(id).refuses("guest").recorded(Duration::from_mins(1))))
}

fn link(place: &Place, options: &[&str]) -> Said {
    place.run_with("RUST_LOG", "trace", &[&["recordings", "link", MEDIA_ID], options].concat())
}

/// As whom DingTalk was asked last.
fn asked_as(far: &Far) -> Option<String> {
    let calls = far.simulator.calls();
    calls.into_iter().rfind(|call| call.endpoint == Endpoint::GetPlayInfos)?.union_id
}

/// No address stands in the log, nor in any file of the place.
#[track_caller]
fn kept_nowhere(place: &Place, said: &Said) {
    assert!(!said.err.contains(KEY), "{}", said.err);
    for name in place.files() {
        let bytes = std::fs::read(place.path(&name)).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{name}");
    }
}

#[test]
fn the_addresses_cost_one_counted_call_and_are_kept_nowhere() {
    let far = far();
    let place = place(&far, "");
    let before = number(&place.catalog(), "SELECT count(*) FROM conference_events");
    let said = link(&place, &[]);
    kept_nowhere(&place, &said);
    let addresses = [
        "https://video.example/media-conf-one-0.m3u8?auth_key=",
        "https://video.example/media-conf-one-0.mp4?auth_key=",
    ];
    says(&said.done(), &[&addresses[..], &["Sample meeting", MEDIA_ID, "65.23 MiB", "01:00:00"]].concat());
    assert_eq!(far.asked(Endpoint::GetPlayInfos), 1);
    let ledger = "SELECT outcome || ' ' || calls FROM api_calls WHERE endpoint = 'getPlayInfos'";
    assert_eq!(one(&place.catalog(), ledger), "ok 1");
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM conference_events"), before);
}

#[test]
fn json_says_the_same_whatever_dingtalk_calls_the_size() {
    let far = far();
    let place = place(&far, "");
    let size = number(&place.catalog(), &format!("SELECT file_size FROM recordings WHERE media_id = '{MEDIA_ID}'"));
    for played_size in [PlayedSize::FileSize, PlayedSize::Size] {
        far.simulator.set_behaviour(Behaviour { played_size, ..Behaviour::default() });
        let shown: Value = serde_json::from_str(&link(&place, &["--format", "json"]).done()).unwrap();
        assert_eq!((&shown["media_id"], &shown["conference_id"]), (&MEDIA_ID.into(), &"conf-one".into()));
        assert_eq!((&shown["file_size"], &shown["duration_ms"]), (&size.into(), &3_600_000.into()));
        assert!(shown["play_url"].as_str().unwrap().contains(KEY) && shown["mp4_file_url"].is_string(), "{shown}");
    }
}

#[test]
fn it_is_asked_as_the_first_of_those_as_whom_the_list_would_be_read() {
    let far = far();
    let place = place(&far, "");
    let fallback = "[dingtalk]\nfallback_union_id = \"fallback\"\n";
    place.write("config.toml", far.configuration("").replace("[dingtalk]\n", fallback));
    let told = |sql: &str| {
        execute(&place.catalog(), sql);
        link(&place, &[]).done();
        asked_as(&far).unwrap()
    };
    let accepted = "INSERT OR REPLACE INTO conference_waits
                        (conference_id, counted_until, awaited_ms, accepted_union_id, list_changes)
                    VALUES ('conf-one', 0, 0, 'accepted', 0);
                    UPDATE conferences SET union_id_hint = 'hint';
                    UPDATE recordings SET recorder_union_id = 'recorder'";
    assert_eq!(told(accepted), "accepted");
    assert_eq!(told("DELETE FROM conference_waits"), "hint");
    assert_eq!(told("UPDATE conferences SET union_id_hint = NULL"), "owner");
    assert_eq!(told("UPDATE conferences SET record_owner_union_id = NULL"), "recorder");
    assert_eq!(told("UPDATE recordings SET recorder_union_id = NULL"), "creator");
    assert_eq!(told("UPDATE conferences SET creator_union_id = NULL"), "fallback");
    link(&place, &["--union-id", "somebody"]).done();
    assert_eq!(asked_as(&far).as_deref(), Some("somebody"));

    place.write("config.toml", far.configuration(""));
    let before = far.asked(Endpoint::GetPlayInfos);
    says(&link(&place, &[]).refused(1), &["nobody is known to ask as", "--union-id", "dingtalk.fallback_union_id"]);
    assert_eq!(far.asked(Endpoint::GetPlayInfos), before);
}

#[test]
fn whoever_is_refused_is_named_and_told_what_to_do_and_nobody_else_is_tried() {
    let far = far();
    let place = place(&far, "");
    let said = link(&place, &["--union-id", "guest"]).refused(1);
    says(
        &said,
        &[
            "asked about media-conf-one-0 as guest: getPlayInfos was refused: permissionError",
            "ask as somebody else: --union-id",
        ],
    );
    assert_eq!(far.asked(Endpoint::GetPlayInfos), 1);
    execute(&place.catalog(), "UPDATE recordings SET missing_since = 1");
    let said = link(&place, &["--union-id", "guest"]).refused(1);
    says(&said, &["media-conf-one-0, which DingTalk no longer lists, as guest"]);
}

#[test]
fn a_media_id_of_no_recording_or_of_several_is_no_call() {
    let far = far();
    let place = place(&far, "");
    says(
        &place.run(&["recordings", "link", "media-nowhere"]).refused(1),
        &["no recording with the mediaId media-nowhere"],
    );
    says(&link(&place, &["--conference", "conf-two"]).refused(1), &[MEDIA_ID, "in the conference conf-two"]);
    execute(&place.catalog(), &format!("UPDATE recordings SET media_id = '{MEDIA_ID}'"));
    says(&link(&place, &[]).refused(1), &["stands in several conferences", "--conference", "conf-one", "conf-two"]);
    assert_eq!(far.asked(Endpoint::GetPlayInfos), 0);
    link(&place, &["--conference", "conf-one"]).done();
    assert_eq!(far.asked(Endpoint::GetPlayInfos), 1);
}

#[test]
fn an_address_is_printed_whole_and_one_that_is_not_there_is_said() {
    let far = far();
    let place = place(&far, "");
    let answered = |body: String| {
        far.simulator.faults().clear();
        far.simulator.faults().push(Fault::new(Answer::Raw { status: 200, body }).on(Endpoint::GetPlayInfos));
        link(&place, &[])
    };
    let address = format!("https://video.example/a.mp4?{KEY}={}", "x".repeat(5_000));
    says(&answered(format!(r#"{{"mp4FileUrl":"{address}"}}"#)).done(), &[&format!("mp4       {address}\n")]);
    says(&answered(r#"{"status":2}"#.to_owned()).refused(1), &[MEDIA_ID, "the status 2", "may not be ready"]);
    // What goes wrong beside an address says nothing of it.
    let said = answered(format!(r#"{{"code":"systemError","playUrl":"{address}"}}"#));
    assert!(said.code == Some(1) && said.out.is_empty(), "{said:?}");
    kept_nowhere(&place, &said);
}

#[test]
fn it_keeps_to_the_daemons_pauses() {
    let far = far();
    let place = place(&far, "");
    let until = (now() + Duration::from_hours(1)).as_millis();
    execute(
        &place.catalog(),
        &format!("INSERT INTO pauses VALUES ('*', {until}, 0, 1, 'systemBusy', 'out of breath')"),
    );
    says(&link(&place, &[]).refused(1), &["was not sent: paused", "out of breath"]);
    assert_eq!(far.asked(Endpoint::GetPlayInfos), 0);
}
