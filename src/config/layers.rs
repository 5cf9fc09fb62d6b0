//! Where the words come from: a file, and the environment on top of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ::config::{ConfigError as Rejected, Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::error::{ConfigError, Problem, cut};
use super::keys::{self, Shape};
use super::{Config, Loaded, changes};

/// The file that is read when none is named.
pub const DEFAULT_PATH: &str = "/etc/recording-archiver/config.toml";

/// The environment variable that names the file.
pub const PATH_VARIABLE: &str = "RECORDING_ARCHIVER_CONFIG";

/// What variables that override a key begin with, before the [`SEPARATOR`].
const PREFIX: &str = "RECORDING_ARCHIVER";

/// What parts the words of such a variable.
const SEPARATOR: &str = "__";

/// The most that is read of a file: far more than anybody writes, far less than `/dev/zero` has.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The file's text, where there is one.
struct Text {
    path: PathBuf,
    toml: String,
}

pub(super) fn load(
    path: Option<&Path>,
    default: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let environment: Map<String, String> = environment.into_iter().collect();
    let credentials_directory =
        environment.get("CREDENTIALS_DIRECTORY").filter(|path| !path.is_empty()).map(PathBuf::from);
    let file = find(path, environment.get(PATH_VARIABLE).map(String::as_str), default)?;
    let overrides = overrides(environment)?;

    let place = |problem: Problem| {
        let mut places: Vec<_> = problem.keys.iter().filter_map(|key| place(key, file.as_ref(), &overrides)).collect();
        places.dedup();
        ConfigError::Invalid { place: places.join(" and "), problem }
    };

    let mut layers = ::config::Config::builder();
    let mut has_secret = false;
    if let Some(file) = &file {
        let source = File::from_str(&file.toml, FileFormat::Toml);
        let said = source.collect().map_err(|rejected| syntax(&file.path, &rejected))?;
        keys::check(&said).map_err(place)?;
        has_secret = keys::has_secret(&said);
        layers = layers.add_source(source);
    }
    for (key, value) in &overrides {
        layers = layers.set_override(key, value.clone()).map_err(|rejected| place(problem(rejected)))?;
    }
    let merged = layers.build().map_err(|rejected| place(problem(rejected)))?;
    let said = changes::said(&merged);
    let mut config: Config = merged.try_deserialize().map_err(|rejected| place(problem(rejected)))?;
    config.dingtalk.credentials_directory = credentials_directory;
    config.validate().map_err(place)?;
    Ok(Loaded { config, source: file.map(|file| file.path), has_secret, said })
}

/// The most bad lines that are skipped in search of the catalog.
const MOST_BAD_LINES: usize = 16;

/// Where the catalog lies by a configuration that cannot be taken: what is wrong with it stands elsewhere, mostly.
pub(super) fn salvage(
    path: Option<&Path>,
    default: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> PathBuf {
    let environment: Map<String, String> = environment.into_iter().collect();
    let named = environment.get(&variable("catalog.path")).map(PathBuf::from);
    named
        .or_else(|| {
            let file = find(path, environment.get(PATH_VARIABLE).map(String::as_str), default).ok()??;
            let said = without_bad_lines(&file)?;
            let ValueKind::Table(section) = &said.get("catalog")?.kind else { return None };
            section.get("path")?.clone().into_string().ok().map(PathBuf::from)
        })
        .unwrap_or_else(|| Config::default().catalog.path)
}

/// What a file says but for the lines that the parser stumbles over.
fn without_bad_lines(file: &Text) -> Option<Map<String, Value>> {
    let mut lines: Vec<&str> = file.toml.lines().collect();
    for _ in 0..MOST_BAD_LINES {
        match File::from_str(&lines.join("\n"), FileFormat::Toml).collect() {
            Ok(said) => return Some(said),
            Err(rejected) => match syntax(&file.path, &rejected) {
                ConfigError::Syntax { line: Some(line), .. } => *lines.get_mut(line.checked_sub(1)?)? = "",
                _ => return None,
            },
        }
    }
    None
}

/// The file to read. One that was asked for must be there; the default one need not be.
fn find(path: Option<&Path>, variable: Option<&str>, default: &Path) -> Result<Option<Text>, ConfigError> {
    let asked = path.or(variable.filter(|path| !path.is_empty()).map(Path::new));
    let path = asked.unwrap_or(default);
    match read(path) {
        Ok(toml) => Ok(Some(Text { path: path.into(), toml })),
        Err(error) if asked.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigError::Unreadable { path: path.into(), error }),
    }
}

/// The text of a file that can be a configuration.
fn read(path: &Path) -> io::Result<String> {
    let mut toml = String::new();
    fs::File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut toml)?;
    if toml.len() as u64 > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {MOST_BYTES} bytes")));
    }
    Ok(toml)
}

/// The keys that the environment sets, each with a value of its shape.
fn overrides(environment: Map<String, String>) -> Result<BTreeMap<String, Value>, ConfigError> {
    // All text: the crate's own guessing would make numbers of keys and ids that look like one.
    let texts = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(environment))
        .collect()
        .and_then(|texts| texts.into_iter().map(|(key, text)| Ok((key, text.into_string()?))).collect())
        .map(|texts: BTreeMap<String, String>| texts)
        .map_err(|rejected| ConfigError::Invalid { place: "the environment".into(), problem: problem(rejected) })?;
    texts
        .into_iter()
        .map(|(key, text)| {
            let value = keys::shape(&key).and_then(|shape: Shape| shape.read(&key, text));
            match value {
                Ok(value) => Ok((key, Value::new(None, value))),
                Err(problem) => Err(ConfigError::Invalid { place: variable(&key), problem }),
            }
        })
        .collect()
}

/// The variable that overrides `key`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{SEPARATOR}{}", key.replace('.', SEPARATOR).to_uppercase())
}

/// Who said what `key` is now.
fn place(key: &str, file: Option<&Text>, overrides: &BTreeMap<String, Value>) -> Option<String> {
    if overrides.contains_key(key) { Some(variable(key)) } else { file.map(|file| file.path.display().to_string()) }
}

/// What the parser has against the file: the place and the reason, but never the line itself, which may be the secret's.
fn syntax(path: &Path, rejected: &Rejected) -> ConfigError {
    let said = match rejected {
        Rejected::FileParse { cause, .. } => cause.to_string(),
        _ => String::new(),
    };
    // `TOML parse error at line 3, column 7`, three lines that show the spot, and the reason in the last. Numbers out of
    // range are found later, and are one line without the place.
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or("the parser does not say why");
    let line = first.split_once(" at line ").and_then(|(_, at)| at.split_once(',')?.0.parse().ok());
    let message = lines.next_back().unwrap_or(first).to_owned();
    ConfigError::Syntax { path: path.into(), line, message: cut(message) }
}

/// What deserialising has against a value. Shapes were checked before, so it is about the value itself.
fn problem(rejected: Rejected) -> Problem {
    match rejected {
        Rejected::At { key: Some(key), error, .. } => Problem::new(key, error.to_string()),
        Rejected::Type { key: Some(key), unexpected, expected, .. } => {
            Problem::new(key, format!("found {unexpected}, expected {expected}"))
        }
        other => Problem::new("configuration", other.to_string()),
    }
}
