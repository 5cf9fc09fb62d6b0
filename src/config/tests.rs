//! The configuration as an operator sees it: files, variables, and the errors in them.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde::de::{self, Deserializer, Visitor, value};

use super::keys::KEYS;
use super::*;
use crate::domain::schedule::Schedule;

const SAMPLE: &str = include_str!("../../config/recording-archiver.toml");

/// Loads `toml` from a file, with `environment` on top of it. In errors the file is called `FILE`.
fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(&path, toml).unwrap();
    match Config::load(Some(&path), variables(environment)) {
        Ok(loaded) => {
            assert_eq!(loaded.source.as_deref(), Some(path.as_path()));
            // Where the file lies is no setting.
            let dingtalk = DingTalk { credential_source: None, ..loaded.config.dingtalk };
            let notify = Notify { credential_source: None, ..loaded.config.notify };
            Ok(Config { dingtalk, notify, ..loaded.config })
        }
        Err(error) => Err(error.to_string().replace(&path.display().to_string(), "FILE")),
    }
}

fn variables(environment: &[(&str, &str)]) -> Vec<(String, String)> {
    environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn refusal(toml: &str) -> String {
    load(toml, &[]).map(|config| format!("{config:?}")).expect_err(toml)
}

/// The lines of the sample that set something, by key, as they would be without the `# `.
fn sample_settings() -> Vec<(String, String)> {
    let mut section = "";
    let mut settings = Vec::new();
    for line in SAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let Some((key, _)) = line.strip_prefix("# ").and_then(|setting| setting.split_once(" = ")) else {
            continue;
        };
        if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            settings.push((format!("{section}.{key}"), format!("[{section}]\n{}", &line[2..])));
        }
    }
    settings
}

#[test]
fn the_sample_shows_every_key_there_is() {
    let mut shown: Vec<_> = sample_settings().into_iter().map(|(key, _)| key).collect();
    let mut known: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
    shown.sort();
    known.sort();
    assert_eq!(shown, known);
}

#[test]
fn the_sample_shows_every_key_at_its_default() {
    let defaults = format!("{:?}", Config::default());
    assert_eq!(format!("{:?}", load(SAMPLE, &[]).unwrap()), defaults);
    for (key, setting) in sample_settings() {
        let config = load(&setting, &[]).unwrap();
        match key.as_str() {
            // These have no default: what is shown is an example.
            "dingtalk.app_key"
            | "dingtalk.app_secret"
            | "dingtalk.app_secret_file"
            | "dingtalk.corp_id"
            | "dingtalk.fallback_union_id"
            | "http.listen"
            | "heartbeat.url"
            | "notify.url"
            | "notify.dingtalk_robot"
            | "notify.dingtalk_robot_secret_file" => assert_ne!(format!("{config:?}"), defaults, "{key}"),
            "discover.interval" => assert_eq!(config.discover.schedule(), Config::default().discover.schedule()),
            "poll.interval" => assert_eq!(config.poll.schedule(), Config::default().poll.schedule()),
            "discover.cron" => assert!(matches!(config.discover.schedule(), Schedule::Cron(_))),
            "poll.cron" => assert!(matches!(config.poll.schedule(), Schedule::Cron(_))),
            _ => assert_eq!(format!("{config:?}"), defaults, "{key}"),
        }
    }
}

#[test]
fn the_defaults_are_the_ones_that_were_promised() {
    let Config {
        dingtalk,
        catalog,
        watch,
        discover,
        poll,
        collect,
        quota,
        events,
        record,
        http,
        heartbeat,
        notify,
        log,
    } = Config::default();
    assert_eq!(dingtalk.base_url.as_str(), "https://api.dingtalk.io/");
    assert_eq!(dingtalk.request_timeout.as_secs(), 10);
    assert_eq!((dingtalk.requests_per_second.get(), dingtalk.max_in_flight.get()), (15, 8));
    assert_eq!(catalog.path, Path::new("catalog.db"));
    assert_eq!(watch.conferences, []);
    assert!(!discover.organization && discover.users.is_empty());
    assert_eq!(discover.schedule().to_string(), "every 15m");
    assert_eq!(poll.schedule().to_string(), "every 5m");
    assert_eq!(poll.batch_size.get(), 50);
    assert_eq!((collect.interval.as_secs(), collect.first_delay.as_secs()), (60, 120));
    assert_eq!((collect.retry_min.as_secs(), collect.retry_max.as_secs()), (300, 6 * 3600));
    assert_eq!((collect.settle.as_secs(), collect.give_up_after.as_secs()), (1800, 72 * 3600));
    assert_eq!((quota.calls_per_month, quota.pushes_per_month), (5000, 3000));
    assert!(!events.stream && record.automatic_for.is_empty());
    assert!(http.listen.is_none() && heartbeat.url().is_none());
    assert!(notify.url().is_none() && notify.dingtalk_robot().is_none() && !notify.archived);
    assert_eq!(catalog.keep_events.as_secs(), 90 * 24 * 3600);
    assert_eq!((log.format, log.level.as_str()), (Format::Auto, "info"));
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
fn where_to_listen_is_loopback_unless_told() {
    let listen =
        |listen: &str| load(&format!("[http]\nlisten = {listen:?}\n"), &[]).map(|config| config.http.listen.unwrap());
    assert_eq!(listen("9464").unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(listen(":9464").unwrap().to_string(), "127.0.0.1:9464");
    assert_eq!(listen("0.0.0.0:9464").unwrap().to_string(), "0.0.0.0:9464");
    assert_eq!(listen("[::1]:9464").unwrap().to_string(), "[::1]:9464");
    for wrong in ["localhost", "127.0.0.1", "", "99999"] {
        assert!(listen(wrong).unwrap_err().contains("http.listen"), "{wrong}");
    }
}

#[test]
fn the_address_of_the_heartbeat_is_never_repeated() {
    let said = refusal("[heartbeat]\nurl = \"ftp://monitor.example/hunter2\"\n");
    assert!(said.contains("heartbeat.url") && !said.contains("hunter2"), "{said}");
    let config = load("[heartbeat]\nurl = \"https://monitor.example/hunter2\"\n", &[]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.heartbeat.url().unwrap().path(), "/hunter2");
}

/// Takes the names of a struct's fields from what the struct's `Deserialize` asks for.
struct Fields<'a>(&'a str, &'a mut Vec<String>);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.1.extend(fields.iter().map(|field| format!("{}{field}", self.0)));
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("nothing is deserialized"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[test]
fn the_list_of_keys_is_the_list_of_fields() {
    let mut fields = Vec::new();
    let _ = DingTalk::deserialize(Fields("dingtalk.", &mut fields));
    let _ = Catalog::deserialize(Fields("catalog.", &mut fields));
    let _ = Watch::deserialize(Fields("watch.", &mut fields));
    let _ = Discover::deserialize(Fields("discover.", &mut fields));
    let _ = Poll::deserialize(Fields("poll.", &mut fields));
    let _ = Collect::deserialize(Fields("collect.", &mut fields));
    let _ = Quota::deserialize(Fields("quota.", &mut fields));
    let _ = Events::deserialize(Fields("events.", &mut fields));
    let _ = Record::deserialize(Fields("record.", &mut fields));
    let _ = Http::deserialize(Fields("http.", &mut fields));
    let _ = Heartbeat::deserialize(Fields("heartbeat.", &mut fields));
    let _ = Notify::deserialize(Fields("notify.", &mut fields));
    let _ = Log::deserialize(Fields("log.", &mut fields));
    let mut sections = Vec::new();
    let _ = Config::deserialize(Fields("", &mut sections));
    let of_fields: BTreeSet<_> = fields.iter().filter_map(|field| field.split('.').next()).collect();
    assert_eq!(of_fields, sections.iter().map(String::as_str).collect(), "a section is missing in this test");
    let mut keys: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
    fields.sort();
    keys.sort();
    assert_eq!(keys, fields);
}

#[test]
fn every_format_of_the_log_can_be_written() {
    for (text, format) in
        [("auto", Format::Auto), ("pretty", Format::Pretty), ("json", Format::Json), ("journald", Format::Journald)]
    {
        assert_eq!(load(&format!("log.format = {text:?}"), &[]).unwrap().log.format, format);
    }
}

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
fn a_level_can_be_a_word_or_directives() {
    for level in ["debug", "WARN", "off", "info,recording_archiver::dingtalk=debug"] {
        assert_eq!(load(&format!("log.level = {level:?}"), &[]).unwrap().log.level, level);
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
fn variables_override_the_file() {
    let file =
        "[poll]\ninterval = \"5m\"\n[watch]\nconferences = [\"a\", \"b\"]\n[dingtalk]\napp_key = \"of the file\"";
    let config = load(
        &file.replace("of the file", "x"),
        &[
            ("RECORDING_ARCHIVER__POLL__INTERVAL", "30s"),
            ("RECORDING_ARCHIVER__QUOTA__CALLS_PER_MONTH", "0"),
            ("RECORDING_ARCHIVER__DISCOVER__ORGANIZATION", "true"),
            ("RECORDING_ARCHIVER__DISCOVER__USERS", "12345, b"),
            ("RECORDING_ARCHIVER__WATCH__CONFERENCES", "0123"),
            ("RECORDING_ARCHIVER__DINGTALK__APP_KEY", "00012345"),
            ("RECORDING_ARCHIVER__DINGTALK__APP_SECRET", "1e5"),
            ("RECORDING_ARCHIVER__LOG__FORMAT", "json"),
            ("RECORDING_ARCHIVER_CONFIG", "/nonexistent"),
            ("CREDENTIALS_DIRECTORY", "/run/credentials/x"),
            ("PATH", "/usr/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.poll.schedule().to_string(), "every 30s");
    assert_eq!(config.quota.calls_per_month, 0);
    assert!(config.discover.organization);
    assert_eq!(config.discover.users, ["12345", "b"]);
    assert_eq!(config.watch.conferences, [Watched { id: "0123".into(), union_id: None }]);
    assert_eq!(config.dingtalk.app_key.as_deref(), Some("00012345"));
    assert_eq!(config.dingtalk.app_secret.unwrap().expose_secret(), "1e5");
    assert_eq!(config.log.format, Format::Json);
    assert_eq!(config.dingtalk.credential.as_deref(), Some(Path::new("/run/credentials/x/app_secret")));
}

#[test]
fn every_key_can_be_set_by_its_variable() {
    for (key, setting) in sample_settings() {
        let (_, written) = setting.split_once(" = ").unwrap();
        let value = written.trim_matches(['"', '[', ']']);
        let name = format!("RECORDING_ARCHIVER__{}", key.replace('.', "__").to_uppercase());
        let by_variable = load("", &[(&name, value)]).unwrap();
        assert_eq!(format!("{by_variable:?}"), format!("{:?}", load(&setting, &[]).unwrap()), "{name}");
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
fn conferences_are_ids_or_tables() {
    let config = load("watch.conferences = [\"a\", { id = \"b\", union_id = \"c\" }, { id = \"d\" }]", &[]).unwrap();
    let told: BTreeMap<_, _> = config.watch.conferences.into_iter().map(|c| (c.id, c.union_id)).collect();
    assert_eq!(told, [("a".into(), None), ("b".into(), Some("c".into())), ("d".into(), None)].into());
}

#[test]
fn the_file_is_the_one_asked_for_else_the_variables_else_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("catalog.path = \"{name}.db\"")).unwrap();
        path
    };
    let (asked, named, default) = (file("asked"), file("named"), file("default"));
    let named = [(PATH_VARIABLE, named.to_str().unwrap())];
    let path = |asked: Option<&Path>, default: &Path, environment: &[(&str, &str)]| {
        let loaded = layers::load(asked, default, variables(environment)).unwrap();
        (loaded.config.catalog.path, loaded.source.map(|path| path.file_name().unwrap().to_owned()))
    };
    assert_eq!(path(Some(&asked), &default, &named), ("asked.db".into(), Some("asked".into())));
    assert_eq!(path(None, &default, &named), ("named.db".into(), Some("named".into())));
    assert_eq!(path(None, &default, &[]), ("default.db".into(), Some("default".into())));
    assert_eq!(path(None, Path::new("/nonexistent"), &[]), ("catalog.db".into(), None));
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let missing = Path::new("/nonexistent/config.toml");
    let said = "cannot read the configuration file /nonexistent/config.toml: ";
    assert!(Config::load(Some(missing), []).unwrap_err().to_string().starts_with(said));
    let named = variables(&[(PATH_VARIABLE, missing.to_str().unwrap())]);
    assert!(Config::load(None, named).unwrap_err().to_string().starts_with(said));
    let folder = tempfile::tempdir().unwrap();
    assert!(layers::load(None, folder.path(), []).unwrap_err().to_string().starts_with("cannot read "));
}

#[test]
fn a_file_that_is_not_toml_names_its_line() {
    let refusal = refusal("[poll]\n\ninterval = 5m\n");
    assert!(refusal.starts_with("FILE, line 3: not TOML: "), "{refusal}");
    assert!(self::refusal("poll.batch_size = 99999999999999999999").starts_with("FILE: not TOML: number too large"));
}

#[test]
fn a_byte_order_mark_is_no_error() {
    assert_eq!(load("\u{feff}[poll]\ninterval = \"1m\"", &[]).unwrap().poll.schedule().to_string(), "every 1m");
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
