//! Events: taken in when they come, and what they are worth.

pub use super::covered::STOPPED;
pub use crate::dingtalk::stream::{Connection, Frame, Verdict};

use std::sync::atomic::Ordering;

use super::covered::Covered;
use super::{Archive, Settings, Stage, experience, gaps, journal};
use crate::catalog::stream::StreamRow;
use crate::catalog::{self, Catalog};
use crate::dingtalk;
use crate::domain::clock::Timestamp;
use crate::domain::coverage::Coverage;
use crate::domain::event::Push;
use crate::domain::forecast;
use crate::domain::pushes::PushForecast;

/// How it stands with events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventReport {
    pub stream: StreamRow,
    /// Of this month (UTC+8).
    pub pushes: u64,
    pub push_forecast: PushForecast,
    /// When they are spent, if that is before the month's end.
    pub pushes_end_at: Option<Timestamp>,
    pub coverage: Coverage,
    /// Whether events tell of nearly all meetings, so that looking is a safety net.
    pub are_trusted: bool,
}

/// How it stands with events at `now`; `None` if none are wanted. Reads only.
pub async fn report(
    catalog: &Catalog,
    settings: &Settings,
    now: Timestamp,
) -> Result<Option<EventReport>, catalog::Error> {
    if !settings.stream {
        return Ok(None);
    }
    let stream = catalog.stream().await?.unwrap_or_default();
    let pushes = catalog.pushed(&forecast::day(now)).await?;
    let push_forecast = PushForecast::new(experience::learn(catalog, now).await?, pushes, now);
    Ok(Some(EventReport {
        are_trusted: Covered::at(catalog, settings, Some(&stream), now).await?.meetings,
        pushes,
        pushes_end_at: push_forecast.end(settings.pushes_per_month),
        push_forecast,
        coverage: catalog.coverage(now).await?,
        stream,
    }))
}

impl Archive {
    /// Opens a connection over which events come: one metered call.
    pub async fn open_stream(&self) -> Result<Connection, dingtalk::Error> {
        self.context.dingtalk.open_stream().await
    }

    /// Takes in what was pushed. When this has come to its end, it may be acknowledged: it is in the catalog.
    pub async fn take_in(&self, pushes: &[Push], now: Timestamp) -> Result<(), catalog::Error> {
        let context = &self.context;
        let rules = context.rules(Covered::default(), now);
        let creators = &context.settings.automatic_for;
        let taken_in = context.catalog.take_in(pushes, &forecast::day(now), now, &rules, creators).await?;
        context.has_urgent.fetch_or(taken_in.starts > 0, Ordering::Relaxed);
        for decision in &taken_in.decisions {
            journal::log(Stage::Discover, decision);
        }
        Ok(())
    }

    /// Enters the last calls in the ledger, and that a connection is open.
    pub async fn stream_opened(&self, now: Timestamp) -> Result<(), catalog::Error> {
        self.context.budget.end().await?;
        let before = self.context.catalog.stream().await?.unwrap_or_default();
        if before.connected_since.is_none() {
            // Whoever looks meanwhile must not take it for one that was open all the time.
            *self.context.watched_at.lock().await = None;
        }
        self.context.catalog.stream_opened(now).await?;
        gaps::listened(&self.context, &before, now).await
    }

    /// Something came over a connection: events can arrive.
    pub async fn stream_lives(&self, now: Timestamp) -> Result<(), catalog::Error> {
        let stream = self.context.catalog.stream().await?.unwrap_or_default();
        gaps::listened(&self.context, &stream, now).await
    }

    /// Enters the last calls in the ledger, and that there is no connection, and why.
    pub async fn stream_closed(&self, why: &str, now: Timestamp) -> Result<(), catalog::Error> {
        self.context.budget.end().await?;
        let stream = self.context.catalog.stream().await?.unwrap_or_default();
        if stream.connected_since.is_some() {
            gaps::listened(&self.context, &stream, now).await?;
        }
        self.context.catalog.stream_closed(why, now).await
    }
}
