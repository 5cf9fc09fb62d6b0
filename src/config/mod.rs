//! The configuration: TOML, overridden by environment variables. One file a section, each with its own `validate()`.
//!
//! This room reads files and knows which values are valid; it does not know what they are used for. It does not read the
//! process environment: the caller of [`Config::load`] passes it.

mod catalog;
mod changes;
mod collect;
mod dingtalk;
mod discover;
mod duration;
mod error;
mod events;
mod exposure;
mod heartbeat;
mod http;
mod keys;
mod layers;
mod log;
mod notify;
mod poll;
mod quota;
mod record;
mod shared;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

pub use self::catalog::Catalog;
pub use self::changes::Change;
pub use self::dingtalk::{Credentials, DingTalk};
pub use self::discover::Discover;
pub use self::error::{ConfigError, Problem};
pub use self::events::Events;
pub use self::exposure::Exposed;
pub use self::heartbeat::Heartbeat;
pub use self::http::Http;
pub use self::layers::{DEFAULT_PATH, PATH_VARIABLE};
pub use self::log::{Format, Log};
pub use self::notify::Notify;
pub use self::poll::Poll;
pub use self::quota::Quota;
pub use self::record::Record;
pub use self::watch::{Watch, Watched};
pub use crate::domain::lifecycle::Collect;

/// All settings. Each has a default, but for the credentials.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub dingtalk: DingTalk,
    pub catalog: Catalog,
    pub watch: Watch,
    pub discover: Discover,
    pub poll: Poll,
    pub collect: Collect,
    pub quota: Quota,
    pub events: Events,
    pub record: Record,
    pub http: Http,
    pub heartbeat: Heartbeat,
    pub notify: Notify,
    pub log: Log,
}

/// A configuration, and where it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// The file it was read from; `None` if there was none.
    pub source: Option<PathBuf>,
    /// The keys that are secrets and stand in that file itself.
    secrets: Vec<&'static str>,
    /// The value of each key that is set, as TOML has it. Secrets are among them.
    settings: BTreeMap<&'static str, SecretString>,
}

impl Loaded {
    /// Where the configuration was read, for messages.
    pub fn source_name(&self) -> String {
        let file = self.source.as_ref().map(|path| path.display().to_string());
        file.unwrap_or_else(|| "the defaults and the environment".to_owned())
    }

    /// The same, as a command at a shell has it: see [`DingTalk::at_a_shell`].
    #[must_use]
    pub fn at_a_shell(&self) -> Self {
        let mut loaded = self.clone();
        loaded.config.dingtalk = self.config.dingtalk.at_a_shell();
        loaded.config.notify = self.config.notify.at_a_shell();
        loaded.config.catalog = self.config.catalog.at_a_shell();
        loaded
    }
}

impl Config {
    /// Reads the configuration: `path` (of `--config`), else the file `$RECORDING_ARCHIVER_CONFIG` names, else
    /// `/etc/recording-archiver/config.toml` if it is there, else the defaults. Variables such as
    /// `RECORDING_ARCHIVER__POLL__INTERVAL` override what the file says.
    ///
    /// `environment` is the whole process environment: `$CREDENTIALS_DIRECTORY` is taken from it too. Make it from
    /// [`std::env::vars_os`]: [`std::env::vars`] panics at any program's variable that is not Unicode.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        layers::load(path, Path::new(DEFAULT_PATH), environment)
    }

    /// The catalog's path, even where the rest of the configuration is wrong. Where the path itself cannot be read, the
    /// default.
    pub fn catalog_path(path: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> PathBuf {
        layers::catalog_path(path, Path::new(DEFAULT_PATH), environment)
    }

    pub fn validate(&self) -> Result<(), Problem> {
        self.dingtalk.validate()?;
        self.catalog.validate()?;
        self.watch.validate()?;
        self.discover.validate()?;
        self.poll.validate()?;
        collect::validate(&self.collect)?;
        self.record.validate(&self.events)?;
        self.heartbeat.validate()?;
        self.notify.validate()?;
        self.log.validate()
    }
}

#[cfg(test)]
mod tests;
