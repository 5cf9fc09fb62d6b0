//! Where the configuration is read: files, and the variables on top of them.

use secrecy::ExposeSecret;

use super::*;

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
fn a_byte_order_mark_is_no_error() {
    assert_eq!(load("\u{feff}[poll]\ninterval = \"1m\"", &[]).unwrap().poll.schedule().to_string(), "every 1m");
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
