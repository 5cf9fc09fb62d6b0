//! The configuration as an operator sees it: the sample, the keys and what they mean.

mod refusals;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{self, Deserializer, Visitor, value};

use super::keys::KEYS;
use super::*;
use crate::domain::schedule::Schedule;

const SAMPLE: &str = include_str!("../../../config/recording-archiver.toml");

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
fn a_level_can_be_a_word_or_directives() {
    for level in ["debug", "WARN", "off", "info,recording_archiver::dingtalk=debug"] {
        assert_eq!(load(&format!("log.level = {level:?}"), &[]).unwrap().log.level, level);
    }
}

#[test]
fn conferences_are_ids_or_tables() {
    let config = load("watch.conferences = [\"a\", { id = \"b\", union_id = \"c\" }, { id = \"d\" }]", &[]).unwrap();
    let told: BTreeMap<_, _> = config.watch.conferences.into_iter().map(|c| (c.id, c.union_id)).collect();
    assert_eq!(told, [("a".into(), None), ("b".into(), Some("c".into())), ("d".into(), None)].into());
}
