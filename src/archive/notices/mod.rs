//! What people are told: brings the catalog's notices up to date, and words what a receiver has yet to be told.
//!
//! A function of the catalog, the stages' health and now. It calls nobody, and sends nothing.

mod events;

use std::time::Duration;

use super::{Settings, health};
use crate::catalog::notices::Untold;
use crate::catalog::pauses::Pause;
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::failure::OwnCode;
use crate::domain::forecast;
use crate::domain::notice::{Condition, Item, Kind, Message, More, changes};

/// A pause that lasts longer is told. One that has lapsed for longer holds nothing: nobody has anything to ask.
const LONG_PAUSE: Duration = Duration::from_hours(1);

/// So many notices of a kind are named in a message; the others are counted, or follow in the next.
const NAMED: u32 = 10;

/// Brings the notices up to date at `now`, for a daemon with these settings and `share` calls a month (0: unmetered).
/// Writes only what is new. Answers the conditions that there are.
pub async fn update(
    catalog: &Catalog,
    settings: &Settings,
    share: u64,
    now: Timestamp,
) -> Result<Vec<Condition>, catalog::Error> {
    let open = catalog.open_notices().await?;
    let mut conditions = conditions(catalog, settings, share, now).await?;
    conditions.extend(events::conditions(catalog, settings, &open, now).await?);
    let (begun, over) = changes(&open, &conditions);
    if !begun.is_empty() || !over.is_empty() || catalog.has_unnoticed_failures().await? {
        catalog.notice(&begun, &over, now).await?;
    }
    Ok(conditions)
}

/// What needs a person at `now`, but for events, and for conferences that failed: these the catalog compares by itself.
async fn conditions(
    catalog: &Catalog,
    settings: &Settings,
    share: u64,
    now: Timestamp,
) -> Result<Vec<Condition>, catalog::Error> {
    let stale = health::stale(catalog, settings, share, now).await?;
    let mut conditions: Vec<Condition> = stale.into_iter().map(unhealthy).collect();
    let is_long = |pause: &Pause| pause.until.since(pause.since) > LONG_PAUSE && pause.until + LONG_PAUSE > now;
    conditions.extend(catalog.pauses().await?.iter().filter(|pause| is_long(pause)).map(paused));
    let left = share.saturating_sub(catalog.spent(&forecast::day(now)).await?);
    if left.saturating_mul(10) < share {
        conditions.push(share_low(&forecast::month(now), left, share, now));
    }
    Ok(conditions)
}

fn unhealthy(stale: health::Stale) -> Condition {
    let why = stale.stopped_by.unwrap_or_else(|| "it does not run".to_owned());
    Condition {
        kind: Kind::Unhealthy,
        subject: stale.stage.as_str().to_owned(),
        since: stale.since,
        what: format!("{} has not succeeded: {why}", stale.stage.as_str()),
        advice: "run `recording-archiver doctor`".to_owned(),
    }
}

fn paused(pause: &Pause) -> Condition {
    let advice = if pause.code == OwnCode::ShareSpent.to_string() {
        "wait, or raise quota.calls_per_month and reload".to_owned()
    } else {
        format!("run `recording-archiver explain-code {}`", pause.code)
    };
    Condition {
        kind: Kind::Paused,
        subject: pause.scope.as_str().to_owned(),
        since: pause.since,
        what: format!("{} until {}: {}", pause.scope, pause.until, pause.message),
        advice,
    }
}

fn share_low(month: &str, left: u64, share: u64, now: Timestamp) -> Condition {
    Condition {
        kind: Kind::ShareLow,
        subject: month.to_owned(),
        since: now,
        what: format!("{left} of {share} calls are left in {month} (UTC+8); meetings are looked for less often"),
        advice: "raise quota.calls_per_month if the organisation has more calls, and reload".to_owned(),
    }
}

/// A message, and what of it is to be remembered as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    pub message: Message,
    /// The notices that are named in it.
    pub named: Vec<i64>,
}

/// What `receiver` has yet to be told; `None` if there is nothing. `conditions` are those that [`update`] found.
pub async fn telling(
    catalog: &Catalog,
    receiver: &str,
    conditions: &[Condition],
) -> Result<Option<Telling>, catalog::Error> {
    let untold = catalog.untold(receiver, NAMED).await?;
    if untold.is_empty() {
        return Ok(None);
    }
    let mut message = Message::default();
    for notice in &untold {
        let Some(kind) = Kind::named(&notice.kind) else { continue };
        message.notices.push(item(catalog, kind, notice, conditions).await?);
        let is_over = notice.over_at.is_some();
        let alike = |other: &&Untold| other.kind == notice.kind && other.over_at.is_some() == is_over;
        let number = notice.more(untold.iter().filter(alike).count());
        let more = More { kind, is_over, number };
        // What archived conferences hold is told of each, so the others follow in the next messages.
        if number > 0 && kind != Kind::Archived && !message.more.contains(&more) {
            message.more.push(more);
        }
    }
    let named = untold.iter().map(|notice| notice.notice_id).collect();
    Ok(Some(Telling { message, named }))
}

async fn item(
    catalog: &Catalog,
    kind: Kind,
    notice: &Untold,
    conditions: &[Condition],
) -> Result<Item, catalog::Error> {
    let subject = notice.subject.as_str();
    let condition = conditions.iter().find(|condition| condition.kind == kind && condition.subject == subject);
    let (what, to_do) = match (kind, notice.over_at) {
        (Kind::Archived, _) => (archived(catalog, subject).await?, String::new()),
        (Kind::Failed, over_at) => failed(catalog, subject, over_at.is_some()).await?,
        (Kind::Unhealthy, Some(_)) => (format!("{subject} is well again"), String::new()),
        (Kind::Paused, Some(_)) if subject == "*" => ("calls are made again".to_owned(), String::new()),
        (Kind::Paused, Some(_)) => (format!("{subject} is called again"), String::new()),
        (Kind::ShareLow, Some(_)) => ("a tenth of the month's calls or more is left".to_owned(), String::new()),
        (Kind::Disconnected, Some(_)) => {
            ("the connection for events is open, or not wanted any more".to_owned(), String::new())
        }
        (Kind::CoverageLow, Some(_)) => {
            ("events tell of nearly all meetings, or are not wanted any more".to_owned(), String::new())
        }
        (Kind::PushesLow, Some(_)) => ("the month's pushes will last".to_owned(), String::new()),
        // What is open was found just now.
        (_, None) => {
            condition.map_or_else(|| (subject.to_owned(), String::new()), |it| (it.what.clone(), it.advice.clone()))
        }
    };
    // That it is archived has no end.
    let over_at = notice.over_at.filter(|_| kind != Kind::Archived).map(Timestamp::from_millis);
    let began_at = Timestamp::from_millis(notice.began_at);
    Ok(Item { kind, subject: subject.to_owned(), began_at, over_at, what, to_do })
}

/// `conference 607452e0xxx "Planning"`
fn conference(conference_id: &str, title: Option<&str>) -> String {
    let title = title.map(|title| format!(" \"{title}\"")).unwrap_or_default();
    format!("conference {conference_id}{title}")
}

async fn failed(catalog: &Catalog, conference_id: &str, is_over: bool) -> Result<(String, String), catalog::Error> {
    let Some(row) = catalog.conference(conference_id).await? else {
        return Ok((format!("{} is no longer watched", conference(conference_id, None)), String::new()));
    };
    let which = conference(conference_id, row.title.as_deref());
    if is_over {
        return Ok((format!("{which} is {} now", row.state), String::new()));
    }
    let error = [row.last_error_code, row.last_error_message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let explain = format!("run `recording-archiver conferences explain {conference_id}`");
    Ok((format!("{which}: {error}"), explain))
}

async fn archived(catalog: &Catalog, conference_id: &str) -> Result<String, catalog::Error> {
    let row = catalog.conference(conference_id).await?;
    let (title, host) = row.map(|row| (row.title, row.creator_nick)).unwrap_or_default();
    let recorded = catalog.recordings_in_all(conference_id).await?;
    let seconds = recorded.duration_ms / 1_000;
    Ok(format!(
        "{}{}: {} {} of {:02}:{:02}:{:02} in all",
        conference(conference_id, title.as_deref()),
        host.map(|host| format!(", host {host}")).unwrap_or_default(),
        recorded.recordings,
        if recorded.recordings == 1 { "recording" } else { "recordings" },
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
    ))
}
