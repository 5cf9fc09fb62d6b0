//! Turns a configuration into an archiver. The only room that knows all others.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::archive::{self, Archive, Budget};
use crate::catalog::register::Registration;
use crate::catalog::{Catalog, Lead, Location, Standby, postgres};
use crate::config::{self, Config, Watched};
use crate::daemon::notify::Notifier;
use crate::daemon::receiver::Receiver;
use crate::dingtalk::token::Credentials;
use crate::dingtalk::{self, Client, Gate};
use crate::domain::clock::{Clock, SystemClock};

/// How long closing may wait for the catalog.
const PATIENCE: Duration = Duration::from_secs(2);

/// A configured archiver at work on its catalog. Only the holder of its lock may open it.
pub struct Service {
    pub archive: Archive,
    /// The system's.
    pub clock: Arc<dyn Clock>,
}

impl Service {
    /// Opens the catalog for the work of the one that leads, and puts the configured watch list into it.
    pub async fn open(config: &Config, standby: &Standby, lead: Lead) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let catalog = standby.open(lead).await?;
        let archive = archive(config, catalog, Arc::clone(&clock))?;
        archive.prepare(clock.now()).await?;
        Ok(Self { archive, clock })
    }

    /// Works by `config` from here on, in the same catalog. If that is not possible, everything stays as it was.
    /// `another_app`: the pauses of the app before are lifted.
    pub async fn reconfigure(&mut self, config: &Config, another_app: bool) -> anyhow::Result<()> {
        let catalog = self.archive.catalog();
        let next = archive(config, catalog.clone(), Arc::clone(&self.clock))?;
        let now = self.clock.now();
        self.archive.settle().await?;
        next.prepare(now).await?;
        if another_app {
            for pause in catalog.pauses().await? {
                catalog.unpause(&pause, true, now).await?;
            }
        }
        self.archive = next;
        Ok(())
    }

    /// Writes the outcomes of the last calls, and closes the catalog.
    pub async fn close(self) -> anyhow::Result<()> {
        // A program that holds the file's lock must not delay the end: what is not written stays counted as reserved.
        let settled = timeout(PATIENCE, self.archive.settle()).await;
        let catalog = self.archive.catalog().clone();
        drop(self.archive);
        let _ = timeout(PATIENCE, catalog.close()).await;
        settled
            .context("another program holds the catalog's lock")
            .and_then(|settled| Ok(settled?))
            .context("the last calls could not be entered in the ledger; they stay counted as reserved")
    }
}

/// Where the configured catalog stands.
pub fn location(config: &Config) -> anyhow::Result<Location> {
    location_of(&config.catalog)
}

/// Where the catalog stands that a section of the configuration names.
pub fn location_of(section: &config::Catalog) -> anyhow::Result<Location> {
    let Some(url) = &section.url else { return Ok(Location::File(section.path.clone())) };
    let password = section.password()?;
    let password = password.as_ref().map(ExposeSecret::expose_secret);
    Ok(Location::Schema(postgres::Address::new(url, &section.schema, password, &section.path)?))
}

/// This process, as others know it who share its catalog.
pub fn owner() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{} (pid {})", machine.trim(), std::process::id())
}

/// Asks DingTalk one thing on an operator's behalf, counted like any other call.
pub async fn ask<T>(
    config: &Config,
    question: impl AsyncFnOnce(&Client) -> Result<T, dingtalk::Error>,
) -> anyhow::Result<T> {
    config.dingtalk.credentials()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let catalog = location(config)?.open().await?;
    let budget = Arc::new(command_budget(config, &catalog, Arc::clone(&clock)).await?);
    let client = client(config, Arc::clone(&budget) as Arc<dyn Gate>, clock)?;
    let answer = question(&client).await;
    budget.end().await?;
    catalog.close().await;
    Ok(answer?)
}

/// Counts the calls of a command in `catalog`; to be ended after the last.
pub async fn command_budget(config: &Config, catalog: &Catalog, clock: Arc<dyn Clock>) -> anyhow::Result<Budget> {
    let budget = Budget::new(catalog.clone(), clock, config.quota.calls_per_month).for_command();
    budget.begin(catalog.pauses().await?).await;
    Ok(budget)
}

/// An archiver over `catalog`, as `config` says, by `clock`.
pub fn archive(config: &Config, catalog: Catalog, clock: Arc<dyn Clock>) -> anyhow::Result<Archive> {
    let budget = Arc::new(Budget::new(catalog.clone(), Arc::clone(&clock), config.quota.calls_per_month));
    let dingtalk = client(config, Arc::clone(&budget) as Arc<dyn Gate>, Arc::clone(&clock))?;
    Ok(Archive::new(catalog, dingtalk, budget, clock, settings(config)))
}

/// Who is told of what `archive` does, as `config` says; it may be nobody.
pub fn notifier(config: &Config, archive: &Archive) -> anyhow::Result<Notifier> {
    let notify = &config.notify;
    let secret = notify.dingtalk_robot_secret()?;
    let receivers = notify.url().map(Receiver::json).into_iter();
    let receivers = receivers.chain(notify.dingtalk_robot().map(|robot| Receiver::robot(robot, secret)));
    let receivers = receivers.collect::<Result<Vec<_>, _>>().context("messages could not be set up")?;
    Ok(Notifier::new(archive, receivers, notify.archived))
}

/// A client for DingTalk whose metered calls `gate` answers for.
pub fn client(config: &Config, gate: Arc<dyn Gate>, clock: Arc<dyn Clock>) -> anyhow::Result<Client> {
    let config::Credentials { app_key, app_secret, corp_id } = config.dingtalk.credentials()?;
    let settings = dingtalk::Settings {
        base_url: config.dingtalk.base_url.clone(),
        credentials: Credentials { app_key, app_secret, corp_id },
        request_timeout: config.dingtalk.request_timeout,
        requests_per_second: config.dingtalk.requests_per_second,
        max_in_flight: config.dingtalk.max_in_flight,
    };
    Client::new(settings, gate, clock)
        .context("the TLS library could not be set up; are the system's CA certificates installed (ca-certificates)?")
}

/// What the stages need of the configuration.
pub fn settings(config: &Config) -> archive::Settings {
    let registration =
        |watched: &Watched| Registration { conference_id: watched.id.clone(), union_id: watched.union_id.clone() };
    archive::Settings {
        watch: config.watch.conferences.iter().map(registration).collect(),
        organization: config.discover.organization,
        users: config.discover.users.clone(),
        discover: config.discover.schedule(),
        poll: config.poll.schedule(),
        stream: config.events.stream,
        automatic_for: config.record.automatic_for.iter().cloned().collect(),
        pushes_per_month: config.quota.pushes_per_month,
        batch_size: config.poll.batch_size.get(),
        collect: config.collect,
        fallback_union_id: config.dingtalk.fallback_union_id.clone(),
        keep_events: config.catalog.keep_events,
    }
}
