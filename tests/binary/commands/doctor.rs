//! `doctor`: what keeps the daemon from doing its work, and what to do about it.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use recording_archiver::catalog::Catalog;
use recording_archiver::domain::clock::VirtualClock;
use recording_archiver::simulator::{Answer, Endpoint, Fault};
use serde_json::Value;

use crate::harness::{
    CREDENTIALS, Daemon, Far, Place, Said, as_nobody, block_on, chmod, is_root, now, number, says, text,
};

const LISTING: &str = "[discover]\norganization = true\n";

/// A DingTalk, and a place with a catalog whose daemon reads its list. The configuration is its owner's alone.
fn place(more: &str) -> (Far, Place) {
    let far = Far::with([]);
    let place = Place::with(&far.configuration(more));
    set_permissions(place.path("config.toml"), Permissions::from_mode(0o600)).unwrap();
    block_on(async { Catalog::open(&place.catalog()).await.unwrap().close().await });
    (far, place)
}

/// What `doctor` found, with its exit code.
fn findings(place: &Place) -> (Option<i32>, Value) {
    let said = place.run(&["doctor", "--format", "json"]);
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}")))
}

/// The verdict on a check, and its words.
#[track_caller]
fn verdict(findings: &Value, check: &str) -> (String, String) {
    let checks = findings["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| found["check"] == check).unwrap_or_else(|| panic!("no {check}: {findings}"));
    let word = |key: &str| found[key].as_str().unwrap().to_owned();
    (word("verdict"), word("says"))
}

#[test]
fn where_all_is_well_it_says_so_and_what_it_cost() {
    let (far, place) = place(LISTING);
    let daemon = Daemon::start(&place);
    let before = far.simulator.metered_calls();
    let (code, found) = findings(&place);
    assert_eq!(code, Some(0), "{found}");
    let checks = found["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["verdict"] == "ok"), "{found}");
    for check in
        ["configuration", "credentials", "permissions", "space", "catalog", "daemon", "reachability", "token", "clock"]
    {
        assert_eq!(verdict(&found, check).0, "ok", "{check}");
    }
    says(&verdict(&found, "daemon").1, &[&format!("pid {}", daemon.pid())]);
    let used = found["metered_calls"].as_u64().unwrap();
    assert!((2..=5).contains(&used) && far.simulator.metered_calls() >= before + used, "{used} calls");
    says(
        &place.run(&["doctor"]).done(),
        &["verdict", "scope to read conferences", &format!("metered calls used: {used}")],
    );
    daemon.stop();
}

#[test]
fn its_calls_are_counted_like_any_other() {
    let (far, place) = place(LISTING);
    let (_, found) = findings(&place);
    let ledger = number(&place.catalog(), "SELECT sum(calls) FROM api_calls");
    assert_eq!(found["metered_calls"].as_i64(), Some(ledger));
    assert_eq!(far.simulator.metered_calls(), found["metered_calls"].as_u64().unwrap());
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let (far, place) = place(LISTING);
    let missing = Answer::scope_missing(&["VideoConference.Conference.Read"]);
    far.simulator.faults().push(Fault::new(missing).on(Endpoint::Query));
    let (code, found) = findings(&place);
    assert_eq!(code, Some(1));
    let (verdict, says_so) = verdict(&found, "scope to read conferences");
    assert_eq!(verdict, "failed");
    says(&says_so, &["requiredScopes: VideoConference.Conference.Read", "grant the app this scope"]);
}

#[test]
fn a_scope_that_only_recording_needs_is_a_warning() {
    let (far, place) = place("fallback_union_id = \"WFBkgxxxadmin\"\n");
    let toml = text(&place.path("config.toml"));
    let (toml, more) = toml.split_once("fallback").unwrap();
    place.write("config.toml", toml.replacen("[dingtalk]\n", &format!("[dingtalk]\nfallback{more}"), 1));
    let missing = Answer::scope_missing(&["VideoConference.Conference.Write"]);
    far.simulator.faults().push(Fault::new(missing).on(Endpoint::StopRecord));
    let (code, found) = findings(&place);
    assert_eq!(code, Some(0), "{found}");
    let (verdict, says_so) = verdict(&found, "scope to start and stop recordings");
    assert_eq!(verdict, "warning");
    says(&says_so, &["VideoConference.Conference.Write", "only `record start` and `record stop` need it"]);
}

#[test]
fn a_scope_that_recording_from_the_start_needs_fails_and_nothing_is_started_to_find_it_out() {
    let (far, place) = place("[events]\nstream = true\n[record]\nautomatic_for = [\"*\"]\n");
    let (_, found) = findings(&place);
    assert_eq!(verdict(&found, "scope to start and stop recordings").0, "ok", "{found}");
    let missing = Answer::scope_missing(&["VideoConference.Conference.Write"]);
    far.simulator.faults().push(Fault::new(missing).on(Endpoint::StopRecord));
    let (code, found) = findings(&place);
    assert_eq!(code, Some(1), "{found}");
    let (verdict, says_so) = verdict(&found, "scope to start and stop recordings");
    assert_eq!(verdict, "failed");
    says(&says_so, &["VideoConference.Conference.Write", "grant the app this scope"]);
    assert_eq!(far.asked(Endpoint::StartRecord), 0);
}

#[test]
fn wrong_credentials_are_told_from_a_host_that_does_not_answer() {
    let (far, place) = place("");
    let toml = text(&place.path("config.toml"));
    place.write("config.toml", toml.replace(far.simulator.app_secret(), "another-secret-altogether"));
    let (code, found) = findings(&place);
    assert_eq!((code, verdict(&found, "reachability").0.as_str()), (Some(1), "ok"));
    let (token, says_so) = verdict(&found, "token");
    assert_eq!(token, "failed");
    says(&says_so, &["invalidClientIdOrSecret", "check dingtalk.app_key"]);
    assert_eq!((verdict(&found, "scopes").0.as_str(), &found["metered_calls"]), ("skipped", &0.into()));

    place.write("config.toml", toml.replace(&far.simulator.base_url(), "http://127.0.0.1:1"));
    let (code, found) = findings(&place);
    assert_eq!((code, verdict(&found, "reachability").0.as_str()), (Some(1), "failed"));
    assert_eq!(verdict(&found, "token").0, "skipped");
    assert_eq!(verdict(&found, "clock").0, "skipped");
}

#[test]
fn union_ids_that_dingtalk_does_not_know_are_named_and_no_more_than_five_calls_are_made() {
    let users = (0..8).map(|n| format!("\"WFBkgxxx{n}\"")).collect::<Vec<_>>().join(", ");
    let (far, place) = place(&format!("[discover]\norganization = true\nusers = [{users}]\n"));
    far.simulator.faults().push(Fault::new(Answer::error("unknownUserError")).on(Endpoint::UsersLists).times(1));
    let (code, found) = findings(&place);
    assert_eq!(code, Some(1));
    says(&verdict(&found, "unionIds").1, &["WFBkgxxx0", "unknownUserError"]);
    assert_eq!((found["metered_calls"].as_u64(), far.simulator.metered_calls()), (Some(5), 5));
    says(&found.to_string(), &["6 were not asked about"]);
}

#[test]
fn a_secret_that_everybody_may_read_fails() {
    let (_far, place) = place("");
    set_permissions(place.path("config.toml"), Permissions::from_mode(0o644)).unwrap();
    let (code, found) = findings(&place);
    assert_eq!(code, Some(1));
    let (verdict, says_so) = verdict(&found, "permissions");
    assert_eq!(verdict, "failed");
    says(&says_so, &["mode 0644", "chmod o-r"]);
}

#[test]
fn a_clock_that_is_off_is_a_warning_that_says_by_how_much() {
    let far = Far::by(Arc::new(VirtualClock::new(now() - Duration::from_hours(1))), []);
    let place = Place::with(&far.configuration(""));
    let (verdict, says_so) = verdict(&findings(&place).1, "clock");
    assert_eq!(verdict, "warning");
    says(&says_so, &["s ahead of DingTalk's", "360", "NTP"]);
}

#[test]
fn a_broken_configuration_is_a_finding_and_so_are_credentials_that_are_not_there() {
    let place = Place::with(&format!("{CREDENTIALS}[poll]\nintervall = \"5m\"\n"));
    let (code, found) = findings(&place);
    assert_eq!(code, Some(2));
    says(&verdict(&found, "configuration").1, &["poll.intervall", "did you mean poll.interval"]);
    place.write("config.toml", "");
    let (code, found) = findings(&place);
    assert_eq!(code, Some(1));
    says(&verdict(&found, "credentials").1, &["dingtalk.app_key"]);
    assert_eq!(verdict(&found, "DingTalk").0, "skipped");
}

#[test]
fn to_look_makes_no_catalog() {
    let far = Far::with([]);
    let place = Place::with(&far.configuration(LISTING));
    let (_, found) = findings(&place);
    assert_eq!(verdict(&found, "catalog").0, "warning");
    says(&verdict(&found, "catalog").1, &["catalog.db does not exist yet; the daemon creates it"]);
    assert_eq!((verdict(&found, "token").0.as_str(), verdict(&found, "scopes").0.as_str()), ("ok", "skipped"));
    assert_eq!((place.files(), far.simulator.metered_calls()), (vec![], 0));
}

#[test]
fn a_secret_that_systemd_passes_is_used_by_whoever_may_read_it_and_is_no_fault_for_others() {
    let (far, place) = place("");
    let secret = format!("app_secret = \"{}\"\n", far.simulator.app_secret());
    place.write("config.toml", text(&place.path("config.toml")).replace(&secret, ""));
    let (code, found) = findings(&place);
    assert_eq!((code, verdict(&found, "credentials").0.as_str()), (Some(1), "failed"));
    says(&verdict(&found, "credentials").1, &[place.path("app_secret").to_str().unwrap(), "is missing"]);

    let file = place.write("app_secret", far.simulator.app_secret());
    chmod(&file, 0o600);
    let (_, found) = findings(&place);
    assert_eq!((verdict(&found, "credentials").0, verdict(&found, "token").0), ("ok".into(), "ok".into()));
    says(&verdict(&found, "credentials").1, &["app_secret, which systemd passes to the daemon"]);

    if is_root() {
        chmod(&place.path(""), 0o755);
        chmod(&place.path("config.toml"), 0o644);
        let mut doctor = assert_cmd::Command::from_std(as_nobody(&place, &["doctor", "--format", "json"]));
        let said = Said::of(&mut doctor);
        assert_eq!(said.code, Some(0), "{said:?}");
        let found = serde_json::from_str(&said.out).unwrap();
        assert_eq!((verdict(&found, "credentials").0, verdict(&found, "catalog").0), ("ok".into(), "ok".into()));
        says(&verdict(&found, "credentials").1, &["not readable from here, and that is as intended"]);
        assert_eq!(verdict(&found, "DingTalk").0, "skipped");
    }
}

#[test]
fn a_catalog_that_is_not_sound_fails() {
    let (_far, place) = place("");
    place.run(&["watch", "add", "607452e0xxx"]).done();
    crate::harness::execute(
        &place.catalog(),
        "UPDATE conferences SET state = 'archived', closed_at = 1, next_attempt_at = NULL",
    );
    let (code, found) = findings(&place);
    assert_eq!((code, verdict(&found, "catalog").0.as_str()), (Some(1), "failed"));
    says(&verdict(&found, "catalog").1, &["`recording-archiver verify` names the rows"]);
}
