//! Reading the configuration anew, on SIGHUP: all of it that can change while the daemon runs is taken, or nothing is.

use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::Signal;

use super::error::describe;
use super::sanitize;
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::report::Report;

/// The configuration in force.
pub(super) struct Running {
    /// As it was read.
    pub(super) loaded: Loaded,
    /// The secret at that time: its file may hold another by now.
    secret: Option<SecretString>,
}

/// Waits for SIGHUP, and reads the configuration anew.
pub(super) struct Reloads<'a, R> {
    pub(super) signals: Signal,
    pub(super) read: R,
    pub(super) report: &'a Report<'a>,
}

impl Running {
    pub(super) fn new(loaded: Loaded) -> Self {
        let secret = secret(&loaded.config);
        Self { loaded, secret }
    }

    pub(super) fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Whether `other` names another DingTalk or another app, or has another secret.
    pub(super) fn has_other_app(&self, other: &Self) -> bool {
        let app = |running: &Self| {
            let dingtalk = &running.config().dingtalk;
            (dingtalk.base_url.clone(), dingtalk.app_key.clone(), dingtalk.corp_id.clone())
        };
        app(self) != app(other) || self.has_other_secret(other)
    }

    fn has_other_secret(&self, other: &Self) -> bool {
        let secret = |running: &Self| running.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        secret(self) != secret(other)
    }
}

impl<R: Fn() -> Result<Loaded, ConfigError>> Reloads<'_, R> {
    /// Waits for a configuration that differs from the `running` one and can be taken. One that cannot be taken is
    /// reported; after it, and after one that is the same, waiting goes on.
    pub(super) async fn next(&mut self, running: &Running) -> Running {
        loop {
            if self.signals.recv().await.is_none() {
                // No signal will ever come.
                std::future::pending::<()>().await;
            }
            self.report.reloads();
            let next = match self.read_anew() {
                Ok(next) => next,
                Err(error) => {
                    self.report.refused(&sanitize::text(&describe(&error)));
                    continue;
                }
            };
            let mut is_other = next.has_other_secret(running);
            if is_other {
                tracing::info!("the app's secret is another");
            }
            for change in running.loaded.changes(&next.loaded) {
                if change.needs_restart() {
                    tracing::warn!(key = change.key, "{}; this needs a restart, and has not changed", change.text);
                } else {
                    is_other = true;
                    tracing::info!(key = change.key, "{}", change.text);
                }
            }
            let next = Running { loaded: next.loaded.keeping_what_needs_a_restart(&running.loaded), ..next };
            if is_other {
                return next;
            }
            tracing::info!("the configuration says nothing new");
            self.report.taken();
        }
    }

    fn read_anew(&self) -> anyhow::Result<Running> {
        let next = Running::new((self.read)()?);
        // The secret is read now: later, it would be too late to refuse it.
        next.config().dingtalk.credentials()?;
        for exposed in next.loaded.exposed() {
            tracing::warn!(path = %exposed.path.display(), "{exposed}");
        }
        Ok(next)
    }
}

fn secret(config: &Config) -> Option<SecretString> {
    Some(config.dingtalk.credentials().ok()?.app_secret)
}
