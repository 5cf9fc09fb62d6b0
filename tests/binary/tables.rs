//! Tables for people: what stands in them on terminals of several widths, in which zone, and in which colours.

use std::process::Command;

use unicode_width::UnicodeWidthStr;

use crate::harness::{Place, Terminal, column, execute, says};

/// Nobody answers there.
const CONFIGURATION: &str = "[dingtalk]\nbase_url = \"http://127.0.0.1:9\"\napp_key = \"dingxxxsimulated\"\n\
    app_secret = \"simulated-app-secret\"\n[discover]\norganization = true\n";

/// Forty Chinese characters, eighty columns.
const TITLE: &str = "二〇二六年第三季度华东大区重点客户联合交付项目进度与风险复盘会议第四季度资源规划";

/// A conference that is archived, with two recordings, one of which changed; one that failed, one that goes on. 1 June 2026,
/// 09:00 UTC, is 1780304400000.
const ROWS: &str = "
    INSERT INTO conferences (conference_id, title, room_code, creator_nick, started_at, ended_at, duration_ms, state, discovered_by,
        discovered_at, attempts, next_attempt_at, last_error_code, last_error_message, last_error_at, closed_at, last_active_at)
    VALUES
        ('6128a9f3927cd1e4b05f3a77', :title, '100200300', '欧阳晓明', 1780304400000, 1780308000000, 3600000, 'archived',
         'organization', 1780304460000, 2, NULL, NULL, NULL, NULL, 1780311600000, 1780304460000),
        ('607452e01c9b4d8fa6e2d013', :title, '100200301', '司徒静', 1780390800000, 1780394400000, 3600000, 'failed', 'cli',
         1780390860000, 3, NULL, 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
         'the app lacks the scope Conference.CloudRecord.Read; grant it', 1780398000000, 1780398000000, 1780390860000),
        ('7f01c3d52ab94e6088d1f5a4', :title, '100200302', '欧阳晓明', 1780477200000, NULL, NULL, 'active', 'cli', 1780477260000, 0,
         1780480800000, NULL, NULL, NULL, NULL, 1780477260000);
    INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at, ended_at, duration_ms,
        file_size, region_id, raw, first_seen_at, last_changed_at)
    VALUES
        ('6128a9f3927cd1e4b05f3a77', '2fda4b9ff804725a14ee36c253e1661f', 'record-1', 'WFBkgxxxowner', 0, 1780304400000,
         1780308000000, 3600000, 1395864371, 'cn-hangzhou', '{\"mediaId\":\"2fda4b9ff804725a14ee36c253e1661f\",\"duration\":3600000}',
         1780309000000, 1780309000000),
        ('6128a9f3927cd1e4b05f3a77', '1113ede4d839571febc6065afe091147', 'record-1', 'WFBkgxxxowner', 1, 1780304400000,
         1780565100000, 260700000, 1759218604441, 'cn-hangzhou', '{\"mediaId\":\"1113ede4d839571febc6065afe091147\"}',
         1780309000000, 1780309000000);
    UPDATE recordings SET file_size = 1395864372, last_changed_at = 1780310000000 WHERE record_type = 0;
    INSERT INTO conference_events (conference_id, at, event, endpoint, outcome, reason, state, next_attempt_at)
    VALUES
        ('6128a9f3927cd1e4b05f3a77', 1780304460000, 'found', NULL, NULL, 'the organisation''s list shows it', 'active', NULL),
        ('6128a9f3927cd1e4b05f3a77', 1780308060000, 'call', 'get', 'ok', 'it has ended', 'active', NULL),
        ('6128a9f3927cd1e4b05f3a77', 1780308060000, 'decided', NULL, NULL, 'its end is confirmed', 'ended', 1780308180000),
        ('6128a9f3927cd1e4b05f3a77', 1780311600000, 'call', 'getVideos', 'ok', 'asked as WFBkgxxxowner: 2 recordings', 'ended', NULL),
        ('6128a9f3927cd1e4b05f3a77', 1780311600000, 'decided', NULL, NULL,
         'the list of recordings was the same at two readings that were 30 minutes apart', 'archived', NULL);
    INSERT INTO job_runs (stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures)
    VALUES
        ('discover', 1780311600000, 1780311600000, 'the gate is closed', 1780312500000, 1780304400000, 9),
        ('poll', 1780311600000, 1780311600000, 'the gate is closed', 1780311900000, 1780304400000, 9),
        ('collect', 1780311600000, 1780311600000, 'ok', NULL, 1780311600000, 0);
    INSERT INTO pauses (scope, paused_until, since, failures, code, message)
    VALUES ('*', 4102444800000, 1780304400000, 3, 'systemError', 'the gate is closed');
";

const FAILED: [&str; 4] = ["conferences", "list", "--state", "failed"];

/// Every table, but for what says how things are now.
const TABLES: [&[&str]; 8] = [
    &["recordings", "list"],
    &["recordings", "show", "2fda4b9ff804725a14ee36c253e1661f"],
    &["conferences", "list"],
    &FAILED,
    &["conferences", "show", "6128a9f3927cd1e4b05f3a77"],
    &["conferences", "show", "607452e01c9b4d8fa6e2d013"],
    &["conferences", "explain", "6128a9f3927cd1e4b05f3a77"],
    &["watch", "list"],
];

fn place() -> Place {
    let place = Place::with(CONFIGURATION);
    place.run(&["watch", "add", "made"]).done();
    place.run(&["watch", "remove", "made"]).done();
    execute(&place.catalog(), &ROWS.replace(":title", &format!("'{TITLE}'")));
    place
}

/// A command, eight hours ahead of UTC.
fn in_china(place: &Place, arguments: &[&str]) -> Command {
    let mut command = place.std_command(arguments);
    command.env("TZ", "CST-8");
    command
}

fn shown(place: &Place, columns: u16, arguments: &[&str]) -> String {
    Terminal { columns }.show(in_china(place, arguments))
}

/// What is printed where no terminal is.
fn piped(mut command: Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn every_table_fits_its_terminal_and_no_id_or_time_is_broken() {
    let place = place();
    let ids = [
        column(&place.catalog(), "SELECT conference_id FROM conferences"),
        column(&place.catalog(), "SELECT media_id FROM recordings"),
    ]
    .concat();
    let now: [&[&str]; 4] = [&["status"], &["doctor"], &["check-config"], &["verify"]];
    let demo: &[&str] = &["demo", "--days", "1", "--meetings", "20"];
    for columns in [80, 100, 120] {
        for arguments in TABLES.into_iter().chain(now).chain([demo]) {
            let shown = shown(&place, columns, arguments);
            assert!(shown.lines().count() > 2, "{arguments:?}: {shown}");
            for line in shown.lines() {
                assert!(line.width() <= usize::from(columns), "{arguments:?}, {columns}: {line:?} of\n{shown}");
                for word in line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 5) {
                    let is_whole = ids.iter().all(|id| id == word || !id.contains(word));
                    assert!(is_whole, "{arguments:?}, {columns}: {word} of\n{shown}");
                }
                for time in line.match_indices("2026-06-").map(|(at, _)| &line[at..]) {
                    let shape: String =
                        time.chars().take(16).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
                    assert_eq!(shape, "9999-99-99 99:99", "{arguments:?}, {columns}: {line:?}");
                }
            }
        }
        let lists = [shown(&place, columns, TABLES[0]), shown(&place, columns, TABLES[2])].concat();
        says(&lists, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn the_tables_are_these() {
    let place = place();
    let demo = |shown: &str| shown.split("\n\n").next().unwrap_or_default().to_owned() + "\n";
    let arguments = ["demo", "--days", "1", "--meetings", "20"];
    let all = |print: &dyn Fn(&[&str]) -> String| {
        let demo = format!("$ {}\n{}", arguments.join(" "), demo(&print(&arguments)));
        let tables = TABLES.map(|arguments| format!("$ {}\n{}", arguments.join(" "), print(arguments)));
        format!("{demo}\n{}", tables.join("\n"))
    };
    for columns in [80, 100, 120] {
        let tables = all(&|arguments| shown(&place, columns, arguments));
        insta::assert_snapshot!(format!("{columns}_columns"), tables);
    }
    insta::assert_snapshot!("piped", all(&|arguments| piped(in_china(&place, arguments))));
}

#[test]
fn times_are_local_their_zone_is_named_and_days_are_days_of_it() {
    let place = place();
    let list = |options: &[&str]| piped(in_china(&place, &[&["recordings", "list"], options].concat()));
    let head = |table: &str| table.lines().next().unwrap_or_default().to_owned();
    says(&head(&list(&[])), &["started (+08:00)"]);
    says(&list(&[]), &["2026-06-01 17:00"]);
    says(&head(&list(&["--utc"])), &["started (UTC)"]);
    says(&list(&["--utc"]), &["2026-06-01 09:00"]);

    // 23:00 UTC: the next day in China.
    execute(&place.catalog(), "UPDATE recordings SET started_at = 1780354800000");
    assert_eq!(list(&["--until", "2026-06-01"]), "no recordings match\n");
    says(&list(&["--since", "2026-06-02", "--until", "2026-06-02"]), &["2026-06-02 07:00"]);
    says(&list(&["--until", "2026-06-01", "--utc"]), &["2026-06-01 23:00"]);
    assert_eq!(list(&["--since", "2026-06-02", "--utc"]), "no recordings match\n");
}

#[test]
fn where_the_clocks_were_changed_each_time_names_its_offset() {
    let place = place();
    execute(&place.catalog(), "UPDATE recordings SET started_at = 1768467600000 WHERE record_type = 1");
    let mut command = place.std_command(&["recordings", "list"]);
    command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
    let table = piped(command);
    says(&table, &["2026-06-01 11:00:00 +02:00", "2026-01-15 10:00:00 +01:00"]);
    assert!(!table.lines().next().unwrap().contains('('), "{table}");
}

#[test]
fn yesterday_and_seven_days_are_counted_from_now() {
    let place = place();
    let began = |hours_ago: u32| {
        let at = format!("(unixepoch() - {hours_ago} * 3600) * 1000");
        execute(&place.catalog(), &format!("UPDATE recordings SET started_at = {at} WHERE record_type = 0"));
    };
    let since = |since| place.run(&["recordings", "list", "--since", since]).done();
    began(1);
    for day in ["yesterday", "7d", "2h"] {
        let list = since(day);
        assert!(list.contains("2fda4b9ff804725a14ee36c253e1661f"), "{day}: {list}");
        assert!(!list.contains("1113ede4d839571febc6065afe091147"), "{day}: {list}");
    }
    began(50);
    for day in ["today", "yesterday", "2d"] {
        assert_eq!(since(day), "no recordings match\n");
    }
    says(&since("7d"), &["2fda4b9ff804725a14ee36c253e1661f"]);
}

#[test]
fn a_terminal_that_does_not_know_its_size_is_as_wide_as_columns_says() {
    let place = place();
    let widest = |columns: &str| {
        let mut command = in_china(&place, &["recordings", "list"]);
        command.env("COLUMNS", columns);
        Terminal { columns: 0 }.show(command).lines().map(UnicodeWidthStr::width).max()
    };
    assert_eq!([widest("100"), widest("120"), widest("none")], [Some(100), Some(120), Some(80)]);
}

#[test]
fn only_what_is_wrong_is_coloured_and_only_for_who_wants_colours() {
    let place = place();
    let on = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = place.std_command(arguments);
        command.envs(variables.iter().copied());
        Terminal { columns: 120 }.show(command)
    };
    let failed = on(&[("TERM", "xterm")], &["conferences", "list"]);
    assert_eq!(failed.matches("\u{1b}[31m").count(), 1, "{failed:?}");
    says(&failed, &["\u{1b}[31mfailed\u{1b}[0m"]);
    says(&on(&[("TERM", "xterm")], &["status"]), &["\u{1b}[33mall calls until"]);
    for variables in [[("TERM", "xterm"), ("NO_COLOR", "1")], [("TERM", "dumb"), ("COLORTERM", "")]] {
        for table in [&FAILED, &["status"] as &[&str]] {
            assert!(!on(&variables, table).contains('\u{1b}'), "{variables:?}");
        }
    }
    let mut command = place.std_command(&FAILED);
    command.env("TERM", "xterm");
    assert!(!piped(command).contains('\u{1b}'));
}

#[test]
fn what_stopped_two_stages_and_paused_everything_is_said_once() {
    let said = place().run(&["status", "--utc"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let all = format!("{}{}", said.out, said.err);
    assert_eq!(all.matches("the gate is closed").count(), 1, "{all}");
    says(&said.out, &["discover, poll: the gate is closed", "until 2100-01-01 00:00:00 UTC", "(UTC+8)"]);
    says(&said.err, &["unhealthy: discover, poll"]);
}

#[test]
fn a_sentence_stands_in_place_of_an_empty_table() {
    let place = place();
    execute(
        &place.catalog(),
        "DELETE FROM recording_revisions; DELETE FROM recordings; DELETE FROM conferences; DELETE FROM job_runs",
    );
    let cases: [(&[&str], &str); 4] = [
        (&["recordings", "list"], "no recordings yet\n"),
        (&["conferences", "list"], "no conferences yet\n"),
        (&FAILED, "no conference is failed\n"),
        (&["watch", "list"], "no conference that was put on watch is open\n"),
    ];
    for (arguments, sentence) in cases {
        assert_eq!(place.run(arguments).done(), sentence);
    }
    says(&place.run(&["status"]).out, &["no stage has run yet"]);
}
