//! What needs a person about events: no connection, meetings that they do not tell of, pushes that will not last.

use std::time::Duration;

use crate::archive::Settings;
use crate::archive::events::{self, EventReport};
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::coverage::Coverage;
use crate::domain::forecast;
use crate::domain::notice::{Condition, Kind, Open};

/// A time without a connection that is longer is told.
const LONG_DISCONNECTION: Duration = Duration::from_hours(1);

/// What notices of the connection and of coverage are about.
const EVENTS: &str = "events";

/// Nothing where no events are wanted. What is measured and foretold goes up and down: a notice that is `open` ends when it
/// is clearly over, and not when it is barely so.
pub(super) async fn conditions(
    catalog: &Catalog,
    settings: &Settings,
    open: &[Open],
    now: Timestamp,
) -> Result<Vec<Condition>, catalog::Error> {
    let Some(EventReport { stream, pushes, push_forecast, coverage, .. }) =
        events::report(catalog, settings, now).await?
    else {
        return Ok(Vec::new());
    };
    let month = forecast::month(now);
    let is_open = |kind, subject: &str| open.iter().any(|open| open.kind == kind && open.subject == subject);
    let mut conditions = Vec::new();
    if let (None, Some(closed_at)) = (stream.connected_since, stream.closed_at.map(Timestamp::from_millis))
        && now.since(closed_at) > LONG_DISCONNECTION
    {
        conditions.push(disconnected(closed_at, stream.last_error.as_deref().unwrap_or_default()));
    }
    if coverage.is_low() || (is_open(Kind::CoverageLow, EVENTS) && !coverage.is_high()) {
        conditions.push(coverage_low(&coverage, now));
    }
    let most = settings.pushes_per_month;
    let bearable = if is_open(Kind::PushesLow, &month) { most - most / 10 } else { most };
    if most > 0 && push_forecast.exceeds(bearable) {
        conditions.push(pushes_low(&month, pushes, most, now));
    }
    Ok(conditions)
}

fn disconnected(since: Timestamp, error: &str) -> Condition {
    Condition {
        kind: Kind::Disconnected,
        subject: EVENTS.to_owned(),
        since,
        what: format!("no event can come, so meetings are looked for: {error}"),
        advice: "run `recording-archiver doctor`".to_owned(),
    }
}

fn coverage_low(coverage: &Coverage, now: Timestamp) -> Condition {
    let Coverage { announced, shown, .. } = coverage;
    Condition {
        kind: Kind::CoverageLow,
        subject: EVENTS.to_owned(),
        since: now,
        what: format!(
            "events told of {announced} of the last {shown} meetings that were seen, so meetings are looked for"
        ),
        advice:
            "see that meeting_status_change is ticked in DingTalk's developer console, and that no other program has a \
                 Stream-mode connection of the app"
                .to_owned(),
    }
}

fn pushes_low(month: &str, pushes: u64, most: u64, now: Timestamp) -> Condition {
    Condition {
        kind: Kind::PushesLow,
        subject: month.to_owned(),
        since: now,
        what: format!(
            "{pushes} of {most} pushes have come in {month} (UTC+8); when they are spent, meetings are looked for"
        ),
        advice:
            "see that no other event is ticked in DingTalk's developer console; raise quota.pushes_per_month if the \
                 organisation has more pushes, and reload"
                .to_owned(),
    }
}
