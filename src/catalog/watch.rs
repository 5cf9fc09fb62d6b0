//! How conferences come into the catalog, and what an operator may do with them there.

use std::time::Duration;

use super::conferences::{state_of, write_wait};
use super::{Catalog, Error, column, journal};
use crate::domain::clock::Timestamp;
use crate::domain::conference::{DiscoveredBy, Sighting, State, Status};
use crate::domain::wait::Wait;

/// A conference that somebody asked to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// DingTalk's `conferenceId`.
    pub conference_id: String,
    /// Whom to ask as, if the operator said so.
    pub union_id: Option<String>,
}

/// How many of those registered were new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Not in the catalog before.
    pub added: u64,
    /// In it already.
    pub known: u64,
}

impl Catalog {
    /// Puts conferences on watch. One that is known already keeps its state; a hint that came with it is taken over.
    pub async fn register(
        &self,
        registrations: &[Registration],
        by: DiscoveredBy,
        now: Timestamp,
    ) -> Result<Registered, Error> {
        let mut registered = Registered::default();
        let mut found = Vec::new();
        let mut transaction = self.write().await?;
        let (word, now_ms) = (by.as_str(), now.as_millis());
        for Registration { conference_id, union_id } in registrations {
            let added = sqlx::query!(
                "INSERT INTO conferences (conference_id, state, union_id_hint, discovered_by, discovered_at)
                 VALUES (?, 'waiting', ?, ?, ?)
                 ON CONFLICT (conference_id) DO NOTHING",
                conference_id,
                union_id,
                word,
                now_ms,
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            registered.added += added;
            registered.known += 1 - added;
            if added > 0 {
                journal::enter(&mut transaction, conference_id, "found", by.how(), now).await?;
                found.push(conference_id);
            }
            if added == 0 && union_id.is_some() {
                let changed = sqlx::query!(
                    "UPDATE conferences SET union_id_hint = ?1 WHERE conference_id = ?2 AND union_id_hint IS NOT ?1",
                    union_id,
                    conference_id,
                )
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                if changed > 0 {
                    let reason =
                        format!("its recordings are to be asked for as {}", union_id.as_deref().unwrap_or_default());
                    journal::enter(&mut transaction, conference_id, "operator", &reason, now).await?;
                    // The operator's word comes before whom DingTalk accepted last.
                    sqlx::query!(
                        "UPDATE recording_waits SET accepted_union_id = NULL WHERE conference_id = ?",
                        conference_id
                    )
                    .execute(&mut *transaction)
                    .await?;
                }
            }
        }
        transaction.commit().await?;
        for conference_id in found {
            tracing::info!(conference_id, to = "waiting", "conference {conference_id} is watched: {}", by.how());
        }
        Ok(registered)
    }

    /// Writes down what a listing showed: conferences that were unknown, and those that have started. One that is known
    /// to be active is not written to.
    pub async fn sighted(
        &self,
        sightings: &[Sighting],
        by: DiscoveredBy,
        hint: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let news = self.news(sightings).await?;
        if news.is_empty() {
            return Ok(());
        }
        let mut found = Vec::new();
        let mut transaction = self.write().await?;
        let (word, at) = (by.as_str(), now.as_millis());
        for sighting in news {
            // Whatever has not started, or is over already, is for conference info to tell.
            let state = if sighting.status == Status::InProgress { State::Active } else { State::Waiting }.as_str();
            let last_active_at = (sighting.status == Status::InProgress).then_some(at);
            let started_at = column(sighting.started_at);
            let is_new = sqlx::query!(
                "INSERT INTO conferences (conference_id, title, room_code, biz_type, creator_union_id, creator_nick,
                     started_at, state, union_id_hint, discovered_by, discovered_at, last_active_at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (conference_id) DO NOTHING",
                sighting.conference_id,
                sighting.title,
                sighting.room_code,
                sighting.biz_type,
                sighting.creator_union_id,
                sighting.creator_nick,
                started_at,
                state,
                hint,
                word,
                at,
                last_active_at,
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected()
                > 0;
            if is_new {
                journal::enter(&mut transaction, &sighting.conference_id, "found", by.how(), now).await?;
                found.push((&sighting.conference_id, state, "is found"));
            } else if sighting.status == Status::InProgress {
                let started = sqlx::query!(
                    "UPDATE conferences
                     SET state = 'active', last_active_at = ?, attempts = 0, next_attempt_at = NULL,
                         title = coalesce(?, title), room_code = coalesce(?, room_code),
                         biz_type = coalesce(?, biz_type), creator_union_id = coalesce(?, creator_union_id),
                         creator_nick = coalesce(?, creator_nick), started_at = coalesce(?, started_at),
                         union_id_hint = coalesce(union_id_hint, ?),
                         last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
                     WHERE conference_id = ? AND state = 'waiting'",
                    at,
                    sighting.title,
                    sighting.room_code,
                    sighting.biz_type,
                    sighting.creator_union_id,
                    sighting.creator_nick,
                    started_at,
                    hint,
                    sighting.conference_id,
                )
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                if started > 0 {
                    journal::enter(&mut transaction, &sighting.conference_id, "decided", by.how(), now).await?;
                    found.push((&sighting.conference_id, state, "has begun"));
                }
            }
        }
        transaction.commit().await?;
        for (conference_id, to, what) in found {
            tracing::info!(stage = "discover", conference_id, to, "conference {conference_id} {what}: {}", by.how());
        }
        Ok(())
    }

    /// Those of the sightings that the catalog does not know yet, or does not know to have started.
    async fn news<'a>(&self, sightings: &'a [Sighting]) -> Result<Vec<&'a Sighting>, Error> {
        let mut news = Vec::new();
        let mut connection = self.read().await?;
        for sighting in sightings {
            let state = state_of(&mut connection, &sighting.conference_id).await?;
            if state.is_none() || (state == Some(State::Waiting) && sighting.status == Status::InProgress) {
                news.push(sighting);
            }
        }
        Ok(news)
    }

    /// Puts closed conferences back to `ended`, to be read anew at once. Answers the ids that are not closed, or unknown;
    /// if there are any, nothing is changed.
    pub async fn retry(&self, conference_ids: &[String], now: Timestamp) -> Result<Vec<String>, Error> {
        let mut refused = Vec::new();
        let mut transaction = self.write().await?;
        let at = now.as_millis();
        for conference_id in conference_ids {
            if !state_of(&mut transaction, conference_id).await?.is_some_and(State::is_closed) {
                refused.push(conference_id.clone());
                continue;
            }
            sqlx::query!(
                "UPDATE conferences SET state = 'ended', attempts = 0, next_attempt_at = ?, closed_at = NULL,
                     last_error_code = NULL, last_error_message = NULL, last_error_at = NULL
                 WHERE conference_id = ?",
                at,
                conference_id,
            )
            .execute(&mut *transaction)
            .await?;
            let wait = Wait { awaited: Duration::ZERO, counted_until: now, planned_at: now, attempts: 0 };
            write_wait(&mut transaction, conference_id, &wait, None).await?;
            journal::enter(&mut transaction, conference_id, "operator", "its list is to be read anew", now).await?;
        }
        if refused.is_empty() {
            transaction.commit().await?;
        }
        Ok(refused)
    }

    /// Takes conferences off the watch that are open or failed (an id was mistyped, say). One that is archived or
    /// unrecorded, or of which a recording was seen, stays: what was found out is not forgotten. Answers the ids that stay or are unknown; if there are any, nothing is removed.
    pub async fn unwatch(&self, conference_ids: &[String]) -> Result<Vec<String>, Error> {
        let mut refused = Vec::new();
        let mut transaction = self.write().await?;
        for conference_id in conference_ids {
            let removed = sqlx::query!(
                "DELETE FROM conferences
                 WHERE conference_id = ? AND (closed_at IS NULL OR state = 'failed')
                   AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = conferences.conference_id)",
                conference_id,
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            if removed == 0 {
                refused.push(conference_id.clone());
            }
        }
        if refused.is_empty() {
            transaction.commit().await?;
        }
        Ok(refused)
    }
}
