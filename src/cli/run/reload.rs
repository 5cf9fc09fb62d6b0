//! Reading the configuration anew, on SIGHUP: all of it that can change while the daemon runs is taken, or nothing is.

use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::Signal;

use crate::cli::error::describe;
use crate::cli::{logging, sanitize};
use crate::config::{ConfigError, Loaded, Problem};
use crate::daemon::report::Report;

/// The configuration in force.
pub(super) struct Running {
    pub(super) loaded: Loaded,
    /// The app's secret when it was read: its file may hold another by now.
    secret: SecretString,
    /// The same of the robot's that is told.
    robot_secret: Option<SecretString>,
}

/// Waits for SIGHUP, and reads the configuration anew.
pub(super) struct Reloads<'a, R> {
    pub(super) signals: Signal,
    pub(super) read: R,
    pub(super) report: &'a Report<'a>,
}

impl Running {
    /// Fails if there is no secret: later, it would be too late to refuse it.
    pub(super) fn new(loaded: Loaded) -> Result<Self, Problem> {
        let secret = loaded.config.dingtalk.credentials()?.app_secret;
        let robot_secret = loaded.config.notify.dingtalk_robot_secret()?;
        Ok(Self { loaded, secret, robot_secret })
    }

    /// Whether `other` names another DingTalk or another app, or has another secret.
    pub(super) fn has_other_app(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.loaded.config.dingtalk, &other.loaded.config.dingtalk);
        ours.base_url != theirs.base_url
            || ours.app_key != theirs.app_key
            || ours.corp_id != theirs.corp_id
            || self.has_other_secret(other)
    }

    fn has_other_secret(&self, other: &Self) -> bool {
        self.secret.expose_secret() != other.secret.expose_secret()
    }

    fn has_other_robot_secret(&self, other: &Self) -> bool {
        let [ours, theirs] =
            [self, other].map(|running| running.robot_secret.as_ref().map(SecretString::expose_secret));
        ours != theirs
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
            if next.has_other_robot_secret(running) {
                is_other = true;
                tracing::info!("the robot's secret is another");
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
        let next = Running::new((self.read)()?)?;
        logging::exposed(&next.loaded);
        Ok(next)
    }
}
