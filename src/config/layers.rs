//! Where the values come from: a file, and the environment, which overrides it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ::config::{ConfigError as Rejected, Environment, File, FileFormat, Map, Source, Value};

use super::error::{ConfigError, Problem, cut};
use super::{Config, Loaded, Notify, changes, keys, shared};

/// The file that is read when none is named.
pub const DEFAULT_PATH: &str = "/etc/recording-archiver/config.toml";

/// The environment variable that names the file.
pub const PATH_VARIABLE: &str = "RECORDING_ARCHIVER_CONFIG";

/// The prefix of variables that override a key, before the [`SEPARATOR`].
const PREFIX: &str = "RECORDING_ARCHIVER";

/// Stands between the parts of such a variable's name.
const SEPARATOR: &str = "__";

pub(super) fn load(
    path: Option<&Path>,
    default: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let environment: Map<String, String> = environment.into_iter().collect();
    let credentials_directory = environment.get("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty());
    let credential = |name: &str| credentials_directory.map(|directory| Path::new(directory).join(name));
    let [app_secret, robot_secret, catalog_password] =
        ["app_secret", "dingtalk_robot_secret", "catalog_password"].map(credential);
    let file = find(path, environment.get(PATH_VARIABLE).map(String::as_str), default)?;
    let overrides = overrides(environment)?;

    // A key is set where its variable says so, else in the file.
    let place = |problem: Problem| {
        let place = |key: &String| match &file {
            _ if overrides.contains_key(key.as_str()) => Some(variable(key)),
            file => file.as_ref().map(|(path, _)| path.display().to_string()),
        };
        let mut places: Vec<_> = problem.keys.iter().filter_map(place).collect();
        places.dedup();
        ConfigError::at(&places.join(" and "), &problem)
    };

    let mut values = match &file {
        Some((path, toml)) => {
            let content = File::from_str(toml, FileFormat::Toml).collect();
            keys::of_file(content.map_err(|rejected| syntax(path, &rejected))?).map_err(place)?
        }
        None => BTreeMap::new(),
    };
    let secrets = ["dingtalk.app_secret"].into_iter().chain(Notify::SECRET_KEYS);
    let secrets = secrets.filter(|key| values.contains_key(key)).collect();
    values.extend(overrides.clone());

    let mut merged = ::config::Config::builder();
    for (key, value) in &values {
        let value = keys::for_serde(key, value).map_err(place)?;
        merged = merged.set_override(key, value).map_err(|rejected| place(problem(rejected)))?;
    }
    let mut config: Config =
        merged.build().and_then(::config::Config::try_deserialize).map_err(|rejected| place(problem(rejected)))?;
    let source = |name: &str| file.as_ref().map(|(path, _)| credential_source(path, name));
    config.dingtalk.credential = app_secret;
    config.dingtalk.credential_source = source("app_secret");
    config.notify.credential = robot_secret;
    config.catalog.credential = catalog_password;
    config.catalog.credential_source = source("catalog_password");
    config.notify.credential_source = source("dingtalk_robot_secret");
    config.validate().map_err(place)?;
    let settings = values.iter().map(|(key, value)| (*key, changes::written(&value.kind).into())).collect();
    Ok(Loaded { config, source: file.map(|(path, _)| path), secrets, settings })
}

/// The catalog's path, as far as it can be read.
pub(super) fn catalog_path(
    path: Option<&Path>,
    default: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> PathBuf {
    const KEY: &str = "catalog.path";
    let environment: Map<String, String> = environment.into_iter().collect();
    if let Some(path) = environment.get(&variable(KEY)) {
        return path.into();
    }
    let file = find(path, environment.get(PATH_VARIABLE).map(String::as_str), default).ok().flatten();
    let file = file.map(|(_, toml)| File::from_str(&toml, FileFormat::Toml));
    let content = file.and_then(|file| ::config::Config::builder().add_source(file).build().ok());
    content
        .and_then(|content| content.get_string(KEY).ok())
        .map_or_else(|| Config::default().catalog.path, PathBuf::from)
}

/// The path and the text of the file. One that was asked for must be there; the default one need not be.
fn find(path: Option<&Path>, variable: Option<&str>, default: &Path) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let asked = path.or(variable.filter(|path| !path.is_empty()).map(Path::new));
    let path = asked.unwrap_or(default);
    // No configuration is as long.
    match shared::read_text(path, 4 * 1024 * 1024) {
        Ok(toml) => Ok(Some((path.into(), toml))),
        Err(error) if asked.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let (path, remedy) = (path.display(), "name another with --config, or let it be read");
            Err(ConfigError(format!("cannot read the configuration file {path}: {error}; {remedy}")))
        }
    }
}

/// The file whose content the unit of this configuration passes on as the credential `name`: `app_secret` beside
/// `config.toml`, `NAME.app_secret` beside `NAME.toml`.
fn credential_source(configuration: &Path, name: &str) -> PathBuf {
    if configuration.file_name() == Path::new(DEFAULT_PATH).file_name() {
        configuration.with_file_name(name)
    } else {
        configuration.with_extension(name)
    }
}

/// The values that the environment sets, by key.
fn overrides(environment: Map<String, String>) -> Result<BTreeMap<&'static str, Value>, ConfigError> {
    // All text: the crate's own guessing would make numbers of keys and ids that look like one.
    let texts = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(environment))
        .collect()
        .map_err(|rejected| ConfigError::at("the environment", &problem(rejected)))?;
    let value = |(key, text): (String, Value)| {
        let value = keys::of_text(&key, &text.to_string());
        let (known, value) = value.map_err(|problem| ConfigError::at(&variable(&key), &problem))?;
        Ok((known, Value::new(None, value)))
    };
    keys::sorted(texts).into_iter().map(value).collect()
}

/// The variable that overrides `key`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{SEPARATOR}{}", key.replace('.', SEPARATOR).to_uppercase())
}

/// A parser's error: its line and its reason, but never the text of the line, which may hold the secret.
fn syntax(path: &Path, rejected: &Rejected) -> ConfigError {
    let text = match rejected {
        Rejected::FileParse { cause, .. } => cause.to_string(),
        _ => String::new(),
    };
    // `TOML parse error at line 3, column 7`, three lines that show the spot, and the reason in the last. Numbers out of
    // range are found later, and are one line without the place.
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or("the parser does not say why");
    let line = first.split_once(" at line ").and_then(|(_, at)| at.split_once(','));
    let line = line.map(|(line, _)| format!(", line {line}")).unwrap_or_default();
    let message = cut(lines.next_back().unwrap_or(first).to_owned());
    ConfigError(format!("{}{line}: not TOML: {message}", path.display()))
}

/// A deserializer's error. Shapes were checked before, so it is about the value itself.
fn problem(rejected: Rejected) -> Problem {
    match rejected {
        Rejected::At { key: Some(key), error, .. } => Problem::new(key, error.to_string()),
        Rejected::Type { key: Some(key), unexpected, expected, .. } => {
            Problem::new(key, format!("found {unexpected}, expected {expected}"))
        }
        other => Problem::new("configuration", other.to_string()),
    }
}
