//! The daemon's metrics for Prometheus. They are read from the catalog, so that a restart forgets nothing.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::view::View;
use crate::archive::{LookIntervals, events};
use crate::catalog;
use crate::domain::clock::Timestamp;
use crate::domain::forecast;

/// How soon recordings came. Only what is new is counted at a scrape.
pub(super) struct Lags {
    /// The row of the last recording that was counted.
    counted_to: i64,
    histogram: Histogram,
}

impl Default for Lags {
    fn default() -> Self {
        Self { counted_to: 0, histogram: Histogram::new(LAG_BUCKETS_SECONDS) }
    }
}

/// `OpenMetrics` 1.0, which Prometheus reads.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// From a meeting's end to the catalog: the first reading comes after minutes, a composed file after a day.
const LAG_BUCKETS_SECONDS: [f64; 11] =
    [300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 259_200.0, 604_800.0];

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge<f64, AtomicU64>>;

/// All metrics at `now`. `is_healthy` is what `/healthz` says.
#[expect(clippy::cast_precision_loss, reason = "counts and instants in seconds are far below 2^52")]
pub(super) async fn text(
    view: &View,
    lags: &mut Lags,
    is_healthy: bool,
    now: Timestamp,
) -> Result<String, catalog::Error> {
    let View { catalog, settings, share } = view;
    let mut registry = Registry::with_prefix("recording_archiver");
    let seconds = |instant: Timestamp| instant.as_millis() as f64 / 1_000.0;

    registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
    let healthy = ConstGauge::new(f64::from(u8::from(is_healthy)));
    registry.register("healthy", "1 if /healthz is green, else 0", healthy);

    let conferences = Gauges::default();
    registry.register("conferences", "Conferences by state", conferences.clone());
    for (state, conferences_in_it) in catalog.count_by_state().await? {
        conferences.get_or_create(&vec![("state", state.as_str().to_owned())]).set(conferences_in_it as f64);
    }
    let help = "How long the open conference has stood in its state that has stood longest";
    let oldest = in_seconds(&mut registry, "oldest_open_conference_age", help);
    for open in catalog.oldest_open().await? {
        oldest.get_or_create(&vec![("state", open.state)]).set(now.since(open.since).as_secs_f64());
    }
    let help = "From a meeting's end to its recording's first row in the catalog";
    let Lags { counted_to, histogram } = lags;
    catalog.count_lags(counted_to, |lag| histogram.observe(lag.as_secs_f64())).await?;
    registry.register_with_unit("recording_lag", help, Unit::Seconds, histogram.clone());

    let calls = Family::<Labels, Counter>::default();
    registry.register("calls", "Calls by endpoint and outcome; unreached and throttled ones are free", calls.clone());
    for made in catalog.calls().await? {
        calls.get_or_create(&vec![("endpoint", made.endpoint), ("outcome", made.outcome)]).inc_by(made.calls);
    }
    let spent = catalog.spent(&forecast::day(now)).await?;
    let help = "Metered calls of this calendar month (UTC+8)";
    registry.register("month_calls", help, ConstGauge::new(spent as f64));
    if *share > 0 {
        let left = ConstGauge::new(share.saturating_sub(spent) as f64);
        registry.register("quota_calls_left", "Calls of this month's share that are left", left);
        let share = ConstGauge::new(*share as f64);
        registry.register("quota_calls", "This daemon's share of the month's calls", share);
    }
    if let Some(events) = events::report(catalog, settings, now).await? {
        let connected = ConstGauge::new(f64::from(u8::from(events.stream.connected_since.is_some())));
        registry.register("stream_connected", "1 if the connection for events is open, else 0", connected);
        let help = "Pushed events of this calendar month (UTC+8)";
        registry.register("month_pushes", help, ConstGauge::new(events.pushes as f64));
        if settings.pushes_per_month > 0 {
            let left = ConstGauge::new(settings.pushes_per_month.saturating_sub(events.pushes) as f64);
            registry.register("quota_pushes_left", "Pushes of this month's share that are left", left);
            let share = ConstGauge::new(settings.pushes_per_month as f64);
            registry.register("quota_pushes", "This daemon's share of the month's pushes", share);
        }
        if let Some(at) = events.stream.last_push_at {
            let last = ConstGauge::new(seconds(Timestamp::from_millis(at)));
            let help = "When the last event came";
            registry.register_with_unit("last_push_timestamp", help, Unit::Seconds, last);
        }
        if let Some(percent) = events.coverage.percent() {
            let ratio = ConstGauge::new(percent as f64 / 100.0);
            registry.register("event_coverage_ratio", "Of the last meetings, the part that events told of", ratio);
        }
    }
    let help = "The time kept between two looks: as configured, or stretched so that the month's calls last";
    let look = in_seconds(&mut registry, "look_interval", help);
    let pace = LookIntervals::at(catalog, settings, *share, now).await?;
    for (stage, schedule, pace) in
        [("discover", &settings.discover, pace.discover), ("poll", &settings.poll, pace.poll)]
    {
        let interval = schedule.shortest_gap(now).max(pace);
        look.get_or_create(&vec![("stage", stage.to_owned())]).set(interval.as_secs_f64());
    }
    let help = "Until when DingTalk is left alone, for which reason";
    let paused = in_seconds(&mut registry, "paused_until_timestamp", help);
    for pause in catalog.pauses().await?.into_iter().filter(|pause| pause.until > now) {
        paused
            .get_or_create(&vec![("scope", pause.scope.as_str().to_owned()), ("code", pause.code)])
            .set(seconds(pause.until));
    }

    let lasted = in_seconds(&mut registry, "stage_duration", "How long its last run took");
    let help = "When its last untroubled run began";
    let last_ok = in_seconds(&mut registry, "stage_last_success_timestamp", help);
    for run in catalog.job_runs().await? {
        let stage = vec![("stage", run.stage)];
        lasted.get_or_create(&stage).set(run.last_finished_at.since(run.last_started_at).as_secs_f64());
        last_ok.get_or_create(&stage).set(seconds(run.last_ok_at));
    }

    let mut text = String::new();
    encode(&mut text, &registry).expect("a string can be written to");
    Ok(text)
}

fn in_seconds(registry: &mut Registry, name: &str, help: &str) -> Gauges {
    let gauges = Gauges::default();
    registry.register_with_unit(name, help, Unit::Seconds, gauges.clone());
    gauges
}
