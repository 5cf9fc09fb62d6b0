//! The operator's words: one file a section, each with its own `validate()`.
//!
//! TOML, overridden by environment variables. This room reads files and knows what a good value is; what is done with
//! the values is for others to know. Nothing here reads the process environment: whoever loads hands it over.

mod catalog;
mod changes;
mod collect;
mod dingtalk;
mod discover;
mod duration;
mod error;
mod exposure;
mod heartbeat;
mod http;
mod keys;
mod layers;
mod log;
mod poll;
mod quota;
mod timing;
mod watch;
mod word;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use self::catalog::Catalog;
pub use self::changes::Change;
pub use self::collect::Collect;
pub use self::dingtalk::{Credentials, DingTalk};
pub use self::discover::Discover;
pub use self::error::{ConfigError, Problem};
pub use self::exposure::Exposed;
pub use self::heartbeat::Heartbeat;
pub use self::http::Http;
pub use self::layers::{DEFAULT_PATH, PATH_VARIABLE};
pub use self::log::{Format, Log};
pub use self::poll::Poll;
pub use self::quota::Quota;
pub use self::watch::{Watch, Watched};

/// Everything an operator can say, with a default for all of it but the credentials.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where DingTalk is, and who we are to it.
    pub dingtalk: DingTalk,
    /// The file that recordings are catalogued in.
    pub catalog: Catalog,
    /// Conferences known beforehand.
    pub watch: Watch,
    /// Where other conferences are looked for.
    pub discover: Discover,
    /// How conferences in progress are looked at.
    pub poll: Poll,
    /// How the recordings of ended conferences are fetched.
    pub collect: Collect,
    /// What may be spent.
    pub quota: Quota,
    /// Where the daemon can be watched.
    pub http: Http,
    /// Whom it tells that it is well.
    pub heartbeat: Heartbeat,
    /// What the daemon says about itself.
    pub log: Log,
}

/// A configuration, and where it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file it was read from; `None` when there was none, and the defaults and the environment say it all.
    pub source: Option<PathBuf>,
    /// Whether the app's secret itself stands in that file.
    has_secret: bool,
    /// What each key says that is set.
    said: BTreeMap<&'static str, changes::Said>,
}

impl Config {
    /// Reads the configuration: `path` (what `--config` says), else the file `$RECORDING_ARCHIVER_CONFIG` names, else
    /// `/etc/recording-archiver/config.toml` if it is there, else the defaults. Variables such as
    /// `RECORDING_ARCHIVER__POLL__INTERVAL` override what the file says.
    ///
    /// `environment` is the process environment, all of it: `$CREDENTIALS_DIRECTORY` is taken from it too. Make it of
    /// [`std::env::vars_os`]: [`std::env::vars`] panics at any program's variable that is not Unicode.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded, ConfigError> {
        layers::load(path, Path::new(DEFAULT_PATH), environment)
    }

    /// Where the catalog lies, as far as a configuration says so that [`load`](Self::load) cannot take.
    pub fn salvage_catalog_path(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> PathBuf {
        layers::salvage(path, Path::new(DEFAULT_PATH), environment)
    }

    /// Whether the values make sense, section by section.
    pub fn validate(&self) -> Result<(), Problem> {
        self.dingtalk.validate()?;
        self.catalog.validate()?;
        self.watch.validate()?;
        self.discover.validate()?;
        self.poll.validate()?;
        self.collect.validate()?;
        self.quota.validate()?;
        self.http.validate()?;
        self.heartbeat.validate()?;
        self.log.validate()
    }
}

#[cfg(test)]
mod tests;
