//! What is wrong in a configuration, and what an operator reads about it.

use super::{load, refusal};

#[test]
fn unknown_keys_name_the_nearest_right_one() {
    for (toml, said) in [
        ("[poll]\nintervall = \"5m\"", "poll.intervall: no such key; did you mean poll.interval?"),
        ("[discover]\norganisation = true", "discover.organisation: no such key; did you mean discover.organization?"),
        ("[pol]\ninterval = \"5m\"", "pol.interval: no such key; did you mean poll.interval?"),
        ("[quotas]\n", "quotas: no such key; did you mean quota?"),
        ("batch_size = 5", "batch_size: no such key; did you mean poll.batch_size?"),
        ("poll.inter.val = 5", "poll.inter: no such key; did you mean poll.interval?"),
        ("\"poll.cron\" = \"* * * * * *\"", "poll.cron: no such key; did you mean poll.cron?"),
        (
            "[watch]\nconferences = [\"a\", { id = \"b\", unionid = \"c\" }]",
            "watch.conferences[1].unionid: no such key; did you mean union_id?",
        ),
    ] {
        assert_eq!(refusal(toml), format!("FILE: {said}"), "{toml}");
    }
}

#[test]
fn unknown_variables_are_errors_that_name_the_variable() {
    assert_eq!(
        load("", &[("RECORDING_ARCHIVER__POLL__INTERVALL", "5m")]).unwrap_err(),
        "RECORDING_ARCHIVER__POLL__INTERVALL: poll.intervall: no such key; did you mean poll.interval?"
    );
    assert!(
        load("", &[("RECORDING_ARCHIVER__POLL", "5m")]).unwrap_err().starts_with("RECORDING_ARCHIVER__POLL: poll: ")
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_shown_with_what_to_write() {
    for (toml, said) in [
        ("poll.interval = \"soon\"", "poll.interval: \"soon\" is not a duration; write 500ms, 30s, 5m, 24h or 3d"),
        ("poll.interval = 300", "poll.interval: 300 is not a duration; write 500ms, 30s, 5m, 24h or 3d, in quotes"),
        ("collect.settle = \"5M\"", "collect.settle: \"5M\" is not a duration; write 500ms, 30s, 5m, 24h or 3d"),
        ("poll.batch_size = 2.7", "poll.batch_size: 2.7 is not a whole number, zero or more"),
        ("poll.batch_size = true", "poll.batch_size: true is not a whole number, zero or more"),
        ("poll.batch_size = -1", "poll.batch_size: -1 is not a whole number, zero or more"),
        ("discover.organization = 1", "discover.organization: 1 is not true or false"),
        ("discover.users = \"a\"", "discover.users: \"a\" is not a list of strings; write [\"a\", \"b\"]"),
        ("dingtalk.app_key = 12345", "dingtalk.app_key: 12345 is not a string; put it in quotes"),
        ("catalog.path = [\"a\"]", "catalog.path: a list is not a string"),
        ("poll = 5", "poll: is a number, but it is the name of a section; write [poll]"),
        ("log.format = \"xml\"", "log.format: \"xml\" is not a format; write auto, pretty, json or journald"),
        (
            "watch.conferences = [12345]",
            "watch.conferences[0]: 12345 is not a conference id; write \"id\" or { id = \"id\", union_id = \"unionId\" }",
        ),
        ("watch.conferences = [{ union_id = \"a\" }]", "watch.conferences[0]: has no id"),
        ("watch.conferences = [{ id = 12345 }]", "watch.conferences[0].id: 12345 is not a string; put it in quotes"),
    ] {
        assert_eq!(refusal(toml), format!("FILE: {said}"), "{toml}");
    }
}

#[test]
fn a_variable_of_the_wrong_kind_is_named() {
    assert_eq!(
        load("", &[("RECORDING_ARCHIVER__QUOTA__CALLS_PER_MONTH", "lots")]).unwrap_err(),
        "RECORDING_ARCHIVER__QUOTA__CALLS_PER_MONTH: quota.calls_per_month: \"lots\" is not a whole number, zero or more"
    );
    assert_eq!(
        load("", &[("RECORDING_ARCHIVER__COLLECT__SETTLE", "soon")]).unwrap_err(),
        "RECORDING_ARCHIVER__COLLECT__SETTLE: collect.settle: \"soon\" is not a duration; write 500ms, 30s, 5m, 24h or 3d"
    );
}

#[test]
fn a_value_that_makes_no_sense_is_refused_by_its_section() {
    for (toml, said) in [
        ("dingtalk.base_url = \"http://api.dingtalk.io\"", "dingtalk.base_url: http://api.dingtalk.io/ is not safe"),
        ("dingtalk.base_url = \"api.dingtalk.io\"", "dingtalk.base_url: is not a URL (relative URL without a base)"),
        ("dingtalk.app_key = \"\"", "dingtalk.app_key: must not be empty"),
        ("dingtalk.corp_id = \"a b\"", "dingtalk.corp_id: \"a b\" has white space"),
        ("dingtalk.request_timeout = \"0s\"", "dingtalk.request_timeout: 0s is too short; at least 1ms"),
        ("dingtalk.requests_per_second = 0", "dingtalk.requests_per_second: "),
        ("dingtalk.requests_per_second = 5000000000", "dingtalk.requests_per_second: "),
        ("dingtalk.max_in_flight = 9223372036854775807", "dingtalk.max_in_flight: 9223372036854775807 is too many"),
        ("catalog.path = \"\"", "catalog.path: must not be empty"),
        ("watch.conferences = [\"a\", { id = \"a\" }]", "watch.conferences: \"a\" is there twice"),
        ("watch.conferences = [\"..\"]", "watch.conferences: `..` cannot be a conferenceId"),
        ("watch.conferences = [{ id = \"a\", union_id = \"\" }]", "watch.conferences: must not be empty"),
        ("discover.users = [\"a\", \"a\"]", "discover.users: \"a\" is there twice"),
        ("discover.interval = \"99ms\"", "discover.interval: 99ms is too short; at least 100ms"),
        ("poll.interval = \"0s\"", "poll.interval: 0s is too short; at least 100ms"),
        ("poll.cron = \"*/5 * * * *\"", "poll.cron: \"*/5 * * * *\" is no cron pattern: "),
        ("poll.batch_size = 0", "poll.batch_size: "),
        ("collect.interval = \"0s\"", "collect.interval: 0s is too short"),
        ("collect.retry_min = \"0s\"", "collect.retry_min: 0s is too short"),
        (
            "collect.retry_min = \"7h\"",
            "collect.retry_min and collect.retry_max: the shortest wait, 7h, is longer than",
        ),
        ("log.level = \"inf0\"", "log.level: \"inf0\" is not a level"),
        ("log.level = \"info,a=loud\"", "log.level: \"info,a=loud\" is not a level"),
    ] {
        let refusal = refusal(toml);
        assert!(refusal.starts_with(&format!("FILE: {said}")), "{toml}: {refusal}");
    }
}

#[test]
fn whose_meetings_are_recorded_are_union_ids_or_everybodys_and_wants_events() {
    let record = |list: &str, stream: bool| {
        load(&format!("[events]\nstream = {stream}\n[record]\nautomatic_for = {list}\n"), &[])
    };
    assert_eq!(record(r#"["WFBkgxxx", "*"]"#, true).unwrap().record.automatic_for, ["WFBkgxxx", "*"]);
    assert!(record("[]", false).unwrap().record.automatic_for.is_empty());
    let said = record(r#"["*"]"#, false).unwrap_err();
    assert!(said.contains("record.automatic_for and events.stream") && said.contains("events.stream = true"), "{said}");
    for wrong in [r#"["a b"]"#, r#"[""]"#, r#"["a", "a"]"#, r#""*""#] {
        assert!(record(wrong, true).unwrap_err().contains("record.automatic_for"), "{wrong}");
    }
}

#[test]
fn interval_and_cron_exclude_each_other_wherever_they_are_set() {
    assert_eq!(
        refusal("[poll]\ninterval = \"5m\"\ncron = \"0 * * * * *\""),
        "FILE: poll.interval and poll.cron: only one of the two can be set; remove the other"
    );
    assert_eq!(
        load("discover.cron = \"0 * * * * *\"", &[("RECORDING_ARCHIVER__DISCOVER__INTERVAL", "5m")]).unwrap_err(),
        "RECORDING_ARCHIVER__DISCOVER__INTERVAL and FILE: discover.interval and discover.cron: only one of the two can \
         be set; remove the other"
    );
}

#[test]
fn a_file_that_is_not_toml_names_its_line() {
    let refusal = refusal("[poll]\n\ninterval = 5m\n");
    assert!(refusal.starts_with("FILE, line 3: not TOML: "), "{refusal}");
    assert!(self::refusal("poll.batch_size = 99999999999999999999").starts_with("FILE: not TOML: number too large"));
}

#[test]
fn no_error_shows_the_secret_however_it_was_mangled() {
    for line in [
        "app_secret = hunter2",
        "app_secret = \"hunter2",
        "app_secret = 'hunter2' 'hunter2'",
        "app_secret = \"hunter2\\q\"",
        "app_secret = \"hunter2\"\napp_secret = \"hunter2\"",
        "app_secret \"hunter2\"",
        "app_secret: hunter2",
        "app_secret = [\"hunter2\"]",
        "app_secret = { hunter2 = 1 }",
        "app_secret = 90210",
        "app_secret = 90210.5",
        "app_secret = 902109021090210902109021090210",
        "app_secret = 2026-90210-01",
        "app_secrets = \"hunter2\"",
        "app_secret = \"hunter2\"\napp_secret_file = \"a\"",
        "app_secret = \"hunter2\"\napp_key = \"\"",
        "base_url = \"https://me:hunter2@api.dingtalk.io\"",
        "base_url = \"https:me:hunter2@:::\"",
    ] {
        let refusal = refusal(&format!("[dingtalk]\n{line}\n"));
        assert!(!refusal.contains("hunter2") && !refusal.contains("90210"), "{line}: {refusal}");
    }
    let refusal = refusal("dingtalk = \"hunter2\"");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}
