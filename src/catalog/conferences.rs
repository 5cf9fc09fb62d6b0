//! The conferences table: who is to be asked about, and each change of state, in the transaction that justifies it.

use sqlx::SqliteConnection;

use super::journal::{self, Account};
use super::{Catalog, Error, column, duration};
use crate::domain::clock::{Timestamp, millis};
use crate::domain::conference::{ConferenceInfo, State};
use crate::domain::wait::Wait;

/// A conference that may be in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// DingTalk's `conferenceId`.
    pub conference_id: String,
    /// `waiting` or `active`.
    pub state: State,
    /// When it came to be known.
    pub discovered_at: Timestamp,
    /// How often it was asked about in this state.
    pub attempts: u32,
}

/// A conference whose list is due to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// DingTalk's `conferenceId`.
    pub conference_id: String,
    /// Its name, for the log.
    pub title: Option<String>,
    /// `ended`, or `archived` for its last look.
    pub state: State,
    /// How far the wait has come.
    pub wait: Wait,
    /// `cloudRecordStatus`, as conference info gave it.
    pub record_status: Option<i64>,
    /// Whom the operator said to ask as.
    pub union_id_hint: Option<String>,
    /// Who owns the recording.
    pub record_owner_union_id: Option<String>,
    /// Who created the conference.
    pub creator_union_id: Option<String>,
    /// Whom DingTalk accepted last.
    pub accepted_union_id: Option<String>,
}

/// What stands beside a conference that could not be dealt with: a code and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// DingTalk's code, or ours.
    pub code: String,
    /// In words.
    pub message: String,
}

/// What was learned of one conference, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The conference, as it stood when it was asked about.
    pub candidate: Candidate,
    /// What was learned.
    pub learned: Learned,
    /// How.
    pub account: Account,
}

/// What was learned of a conference that was waiting or active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learned {
    /// It is in progress, and was not known to be.
    Started(ConferenceInfo),
    /// It is in progress although the batch query did not show it: not suspected again before this.
    StillActive(Timestamp),
    /// It has not started: not asked about again before this.
    NotStarted(ConferenceInfo, Timestamp),
    /// Its end is confirmed; the wait for its recordings begins.
    Ended(ConferenceInfo, Wait),
    /// DingTalk gave no answer about it: not asked about again before this.
    Unanswered(Timestamp, Trouble),
    /// It needs a person.
    Failed(Trouble),
}

impl Catalog {
    /// The conferences that may be in progress and may be asked about now.
    pub async fn candidates(&self, now: Timestamp) -> Result<Vec<Candidate>, Error> {
        let now = now.as_millis();
        let rows = sqlx::query!(
            "SELECT conference_id, state, discovered_at, attempts FROM conferences
             WHERE state IN ('waiting', 'active') AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
             ORDER BY discovered_at, conference_id",
            now,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Candidate {
                    state: parse_state(&row.conference_id, &row.state)?,
                    conference_id: row.conference_id,
                    discovered_at: Timestamp::from_millis(row.discovered_at),
                    attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }

    /// When the next candidate may be asked about: an instant in the past if one may be now; `None` if there is none.
    pub async fn next_candidate_at(&self) -> Result<Option<Timestamp>, Error> {
        let row = sqlx::query!(
            r#"SELECT min(coalesce(next_attempt_at, 0)) AS "at: i64" FROM conferences
               WHERE state IN ('waiting', 'active')"#
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.at.map(Timestamp::from_millis))
    }

    /// The conferences whose list is due, those that wait longest first.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<Due>, Error> {
        let now = now.as_millis();
        let rows = sqlx::query!(
            "SELECT c.conference_id, c.title, c.state, c.attempts, c.next_attempt_at, c.record_status,
                    c.union_id_hint, c.record_owner_union_id, c.creator_union_id,
                    w.counted_until, w.awaited_ms, w.accepted_union_id
             FROM conferences c JOIN recording_waits w ON w.conference_id = c.conference_id
             WHERE c.next_attempt_at <= ? AND c.state IN ('ended', 'archived')
             ORDER BY c.next_attempt_at, c.conference_id",
            now,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Due {
                    state: parse_state(&row.conference_id, &row.state)?,
                    conference_id: row.conference_id,
                    title: row.title,
                    wait: Wait {
                        awaited: duration(row.awaited_ms),
                        counted_until: Timestamp::from_millis(row.counted_until),
                        planned_at: Timestamp::from_millis(row.next_attempt_at.unwrap_or(now)),
                        attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                    },
                    record_status: row.record_status,
                    union_id_hint: row.union_id_hint,
                    record_owner_union_id: row.record_owner_union_id,
                    creator_union_id: row.creator_union_id,
                    accepted_union_id: row.accepted_union_id,
                })
            })
            .collect()
    }

    /// When the next list is due; `None` if no recordings are awaited.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, Error> {
        let row = sqlx::query!(
            r#"SELECT min(next_attempt_at) AS "at: i64" FROM conferences
               WHERE next_attempt_at IS NOT NULL AND state IN ('ended', 'archived')"#
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(row.at.map(Timestamp::from_millis))
    }

    /// Writes down what was learned, all of it in one transaction. A conference that has left the state in which it was
    /// asked about (an operator was faster) is left alone.
    pub async fn learn(&self, lessons: &[Lesson], now: Timestamp) -> Result<(), Error> {
        if lessons.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        let mut taken = Vec::new();
        for Lesson { candidate: Candidate { conference_id, state, .. }, learned, account } in lessons {
            if state_of(&mut transaction, conference_id).await? == Some(*state) {
                learn_one(&mut transaction, conference_id, learned, now).await?;
                journal::decided(&mut transaction, conference_id, account, now).await?;
                taken.push((conference_id, state, learned));
            }
        }
        transaction.commit().await?;
        for (conference_id, state, learned) in taken {
            log(conference_id, *state, learned);
        }
        Ok(())
    }
}

/// One line for each change of state.
fn log(conference_id: &str, from: State, learned: &Learned) {
    let from = from.as_str();
    match learned {
        Learned::Started(_) => {
            tracing::info!(stage = "poll", conference_id, from, to = "active", "conference {conference_id} has begun");
        }
        Learned::Ended(..) => {
            tracing::info!(stage = "poll", conference_id, from, to = "ended", "conference {conference_id} has ended");
        }
        Learned::Failed(Trouble { code, message }) => {
            let to = "failed";
            tracing::warn!(
                stage = "poll",
                conference_id,
                from,
                to,
                code,
                "conference {conference_id} failed: {code}: {message}"
            );
        }
        Learned::StillActive(_) | Learned::NotStarted(..) | Learned::Unanswered(..) => {}
    }
}

async fn learn_one(
    connection: &mut SqliteConnection,
    conference_id: &str,
    learned: &Learned,
    now: Timestamp,
) -> Result<(), Error> {
    let at = now.as_millis();
    match learned {
        Learned::Started(info) => {
            write_info(connection, conference_id, info, true).await?;
            sqlx::query!(
                "UPDATE conferences SET state = 'active', last_active_at = ?, attempts = 0, next_attempt_at = NULL,
                     last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
                 WHERE conference_id = ?",
                at,
                conference_id,
            )
            .execute(connection)
            .await?;
        }
        Learned::StillActive(next) => postpone(connection, conference_id, *next).await?,
        Learned::NotStarted(info, next) => {
            write_info(connection, conference_id, info, false).await?;
            postpone(connection, conference_id, *next).await?;
        }
        Learned::Ended(info, wait) => {
            write_info(connection, conference_id, info, true).await?;
            let next = wait.planned_at.as_millis();
            sqlx::query!(
                "UPDATE conferences SET state = 'ended', attempts = 0, next_attempt_at = ?,
                     last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
                 WHERE conference_id = ?",
                next,
                conference_id,
            )
            .execute(&mut *connection)
            .await?;
            write_wait(connection, conference_id, wait, None).await?;
        }
        Learned::Unanswered(next, trouble) => {
            postpone(connection, conference_id, *next).await?;
            write_trouble(connection, conference_id, trouble, now).await?;
        }
        Learned::Failed(trouble) => {
            sqlx::query!(
                "UPDATE conferences SET state = 'failed', closed_at = ?, next_attempt_at = NULL WHERE conference_id = ?",
                at,
                conference_id,
            )
            .execute(&mut *connection)
            .await?;
            write_trouble(connection, conference_id, trouble, now).await?;
        }
    }
    Ok(())
}

async fn postpone(connection: &mut SqliteConnection, conference_id: &str, next: Timestamp) -> Result<(), Error> {
    let next = next.as_millis();
    sqlx::query!(
        "UPDATE conferences SET attempts = attempts + 1, next_attempt_at = ?,
             last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
         WHERE conference_id = ?",
        next,
        conference_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes over what conference info says. What it leaves out stays as it was: a listing may have said it.
async fn write_info(
    connection: &mut SqliteConnection,
    conference_id: &str,
    info: &ConferenceInfo,
    has_started: bool,
) -> Result<(), Error> {
    // Before the start, `startTime` is a plan at best.
    let started_at = column(info.started_at.filter(|_| has_started));
    let ended_at = column(info.ended_at);
    sqlx::query!(
        "UPDATE conferences
         SET title = coalesce(?, title), room_code = coalesce(?, room_code),
             schedule_conference_id = coalesce(?, schedule_conference_id), biz_type = coalesce(?, biz_type),
             creator_union_id = coalesce(?, creator_union_id), creator_nick = coalesce(?, creator_nick),
             started_at = coalesce(?, started_at), ended_at = coalesce(?, ended_at),
             duration_ms = coalesce(?, duration_ms), record_status = coalesce(?, record_status),
             record_owner_union_id = coalesce(?, record_owner_union_id)
         WHERE conference_id = ?",
        info.title,
        info.room_code,
        info.schedule_conference_id,
        info.biz_type,
        info.creator_union_id,
        info.creator_nick,
        started_at,
        ended_at,
        info.duration_ms,
        info.record_status,
        info.record_owner_union_id,
        conference_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn write_trouble(
    connection: &mut SqliteConnection,
    conference_id: &str,
    trouble: &Trouble,
    now: Timestamp,
) -> Result<(), Error> {
    let now = now.as_millis();
    sqlx::query!(
        "UPDATE conferences SET last_error_code = ?, last_error_message = ?, last_error_at = ? WHERE conference_id = ?",
        trouble.code,
        trouble.message,
        now,
        conference_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes how far the wait has come; whom DingTalk accepted stays until somebody else is.
pub(super) async fn write_wait(
    connection: &mut SqliteConnection,
    conference_id: &str,
    wait: &Wait,
    accepted_union_id: Option<&str>,
) -> Result<(), Error> {
    let (counted_until, awaited_ms) = (wait.counted_until.as_millis(), millis(wait.awaited));
    sqlx::query!(
        "INSERT INTO recording_waits (conference_id, counted_until, awaited_ms, accepted_union_id) VALUES (?, ?, ?, ?)
         ON CONFLICT (conference_id) DO UPDATE
         SET counted_until = excluded.counted_until, awaited_ms = excluded.awaited_ms,
             accepted_union_id = coalesce(excluded.accepted_union_id, accepted_union_id)",
        conference_id,
        counted_until,
        awaited_ms,
        accepted_union_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn state_of(connection: &mut SqliteConnection, conference_id: &str) -> Result<Option<State>, Error> {
    let state = sqlx::query_scalar!("SELECT state FROM conferences WHERE conference_id = ?", conference_id)
        .fetch_optional(connection)
        .await?;
    state.map(|state| parse_state(conference_id, &state)).transpose()
}

fn parse_state(conference_id: &str, state: &str) -> Result<State, Error> {
    state.parse().map_err(|source| Error::State { conference_id: conference_id.to_owned(), source })
}
