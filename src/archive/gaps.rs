//! Gaps: where a look ends, and while events can arrive, it is written down that somebody watches. What lies between two
//! such instants and is longer than normal is a gap.
//!
//! By DingTalk's clock where this machine's is another: a clock that is set makes no gap, and hides none.

use std::time::Duration;

use super::clock_jump::TOLERANCE;
use super::{Context, Settings, Stage, agenda, covered};
use crate::catalog;
use crate::catalog::pauses::Pause;
use crate::catalog::stream::StreamRow;
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::OwnCode;
use crate::domain::forecast;
use crate::domain::gap::{Evidence, Gap, Watched};

/// Whether anything looks for meetings: where nothing does, nobody misses any.
pub(super) const fn are_possible(settings: &Settings) -> bool {
    looks(settings) || settings.stream
}

const fn looks(settings: &Settings) -> bool {
    settings.organization || !settings.users.is_empty()
}

/// What explains a gap: these pauses, and that the lists could last not be read then.
pub(super) fn evidence(settings: &Settings, pauses: &[Pause], failed_at: Option<Timestamp>) -> Evidence {
    let list = if settings.organization { Endpoint::OrgConferences } else { Endpoint::UserConferences };
    let spent = [OwnCode::ShareSpent.to_string(), "Forbidden.AccessDenied.ApiCountLimitForOrg".to_owned()];
    let holds = pauses.iter().filter(|pause| pause.scope.holds(list));
    Evidence {
        pauses: holds.map(|pause| (pause.since, pause.until, spent.contains(&pause.code))).collect(),
        failed_at,
        is_disconnected: false,
    }
}

/// The lists were read.
pub(super) async fn looked(context: &Context, evidence: &Evidence, now: Timestamp) -> Result<(), catalog::Error> {
    let stream = context.catalog.stream().await?.filter(|_| context.settings.stream).unwrap_or_default();
    watch(context, &stream, evidence, now).await
}

/// The next look is now planned so long after the last one: as the hours go by and calls are spent, that changes.
pub(super) async fn planned(context: &Context, interval: Duration) -> Result<(), catalog::Error> {
    let catalog = &context.catalog;
    if catalog.watched().await?.is_some_and(|watched| watched.is_stretched(interval)) {
        catalog.stretch_watched(interval).await?;
    }
    Ok(())
}

/// Events can arrive: a connection was opened or lost, which was `stream` before, or something came over it.
pub(super) async fn listened(context: &Context, stream: &StreamRow, now: Timestamp) -> Result<(), catalog::Error> {
    let Context { catalog, settings, .. } = context;
    if !can_tell(context, now).await? {
        return Ok(());
    }
    let runs = catalog.job_runs().await?;
    let failed = runs.iter().find(|run| run.stage == Stage::Discover.as_str() && run.outcome != "ok");
    let evidence = Evidence {
        is_disconnected: !looks(settings) && stream.last_error.as_deref().is_some_and(|why| why != covered::STOPPED),
        ..evidence(settings, &catalog.pauses().await?, failed.map(|run| run.last_started_at))
    };
    // A connection lives long: what is needed now and then does not make it larger.
    Box::pin(watch(context, stream, &evidence, now)).await
}

/// Writes down that somebody watches, and the gap that this ends.
async fn watch(
    context: &Context,
    stream: &StreamRow,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<(), catalog::Error> {
    let catalog = &context.catalog;
    let elapsed = context.clock.elapsed();
    let now = by_their_clock(context, now).await;
    // A machine that slept has not listened, whatever its connection looks like.
    let was_awake = |(then, elapsed_then): (Timestamp, Duration)| {
        now.since(then) <= elapsed.saturating_sub(elapsed_then) + TOLERANCE
    };
    let was_awake = context.watched_at.lock().await.replace((now, elapsed)).is_some_and(was_awake);
    let mut gap = None;
    if let Some(last) = catalog.watched().await? {
        let pushed_at = stream.last_push_at.map(Timestamp::from_millis).filter(|at| *at <= now);
        let last = Watched { at: pushed_at.map_or(last.at, |at| at.max(last.at)), ..last };
        let has_listened = was_awake
            && stream.connected_since.is_some()
            && can_tell(context, now).await?
            && can_tell(context, last.at).await?;
        if !has_listened && last.is_overdue(now) {
            let reason = evidence.reason(last.at, now);
            let (since, why) = (last.at, reason.in_words());
            tracing::warn!(%since, reason = reason.as_str(), "nobody looked for meetings since {since}: {why}; it is searched");
            gap = Some(Gap { began_at: last.at, ended_at: now, reason });
        }
    }
    let watched = Watched { at: now, interval: interval(context, now).await? };
    catalog.set_watched(&watched, gap.as_ref()).await
}

/// Whether events that come tell of meetings at `at`: there are pushes left, and it is not known that they tell of few.
async fn can_tell(context: &Context, at: Timestamp) -> Result<bool, catalog::Error> {
    let Context { catalog, settings, .. } = context;
    let most = settings.pushes_per_month;
    if most > 0 && catalog.pushed(&forecast::day(at)).await? >= most {
        return Ok(false);
    }
    let coverage = catalog.coverage(at).await?;
    Ok(!looks(settings) || coverage.is_high() || coverage.percent().is_none())
}

/// What time it is: DingTalk's, if this machine's clock is far from it.
async fn by_their_clock(context: &Context, now: Timestamp) -> Timestamp {
    let theirs = context.dingtalk.their_now().await;
    theirs.filter(|theirs| theirs.since(now).max(now.since(*theirs)) >= TOLERANCE).unwrap_or(now)
}

/// The interval of looking at an instant, without events.
async fn interval(context: &Context, at: Timestamp) -> Result<Duration, catalog::Error> {
    let Context { catalog, settings, budget, .. } = context;
    let configured = settings.discover.next_after(at).unwrap_or(Timestamp::from_millis(i64::MAX)).since(at);
    let stretched = agenda::without_events(catalog, settings, budget.share(), at).await?.discover;
    // Without any call left, it is no interval but the end.
    Ok(if stretched < forecast::LONGEST_INTERVAL { configured.max(stretched) } else { configured })
}
