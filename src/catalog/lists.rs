//! What the catalog shows to those who ask: whole rows, with its own column names and raw values.

use serde::Serialize;

use super::{Catalog, Error};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// A row of `conferences`; the columns are described in the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes every column")]
pub struct ConferenceRow {
    pub conference_id: String,
    pub title: Option<String>,
    pub room_code: Option<String>,
    pub schedule_conference_id: Option<String>,
    pub biz_type: Option<String>,
    pub creator_union_id: Option<String>,
    pub creator_nick: Option<String>,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub state: String,
    pub record_status: Option<i64>,
    pub record_owner_union_id: Option<String>,
    pub union_id_hint: Option<String>,
    pub discovered_by: String,
    pub discovered_at: i64,
    pub last_active_at: Option<i64>,
    pub attempts: i64,
    pub next_attempt_at: Option<i64>,
    pub last_error_code: Option<String>,
    pub last_error_message: Option<String>,
    pub last_error_at: Option<i64>,
    pub closed_at: Option<i64>,
}

/// What DingTalk gave no answer about when it was last asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes every column")]
pub struct LastErrorRow {
    /// How many open conferences there are like this; the rest is about the latest of them.
    pub conferences: i64,
    pub conference_id: String,
    pub last_error_code: String,
    pub last_error_message: Option<String>,
    pub last_error_at: Option<i64>,
}

/// A row of `recordings`; the columns are described in the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes every column")]
pub struct RecordingRow {
    pub conference_id: String,
    pub media_id: String,
    pub record_id: Option<String>,
    pub recorder_union_id: Option<String>,
    pub record_type: Option<i64>,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub file_size: Option<i64>,
    pub region_id: Option<String>,
    pub raw: String,
    pub first_seen_at: i64,
    pub last_changed_at: i64,
    pub missing_since: Option<i64>,
    /// The conference's, for people: it is no column of this table.
    #[serde(skip)]
    pub title: Option<String>,
}

/// A row of `recording_revisions`: what a recording said before it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes every column")]
pub struct RevisionRow {
    pub revision_id: i64,
    pub conference_id: String,
    pub media_id: String,
    pub replaced_at: i64,
    pub record_id: Option<String>,
    pub recorder_union_id: Option<String>,
    pub record_type: Option<i64>,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub file_size: Option<i64>,
    pub region_id: Option<String>,
    pub raw: String,
    pub missing_since: Option<i64>,
}

/// Which conferences to show. Everything is optional; what is given must all hold.
#[derive(Clone, Debug, Default)]
pub struct ConferenceFilter {
    /// In this state.
    pub state: Option<State>,
    /// With this `conferenceId`.
    pub conference_id: Option<String>,
    /// Put on watch by the configuration or the command line, and still open.
    pub watched: bool,
}

/// Which recordings to show. Everything is optional; what is given must all hold.
#[derive(Clone, Debug, Default)]
pub struct RecordingFilter {
    /// Begun at or after this; one whose beginning is unknown goes by when it was first seen.
    pub since: Option<Timestamp>,
    /// Begun before this.
    pub until: Option<Timestamp>,
    /// Of this conference.
    pub conference_id: Option<String>,
    /// With this `mediaId`.
    pub media_id: Option<String>,
    /// Lying in this region.
    pub region_id: Option<String>,
    /// With this text in the conference's title, its creator's name, or any of the ids.
    pub search: Option<String>,
}

impl Catalog {
    /// Conferences, those that began last first.
    pub async fn list_conferences(&self, filter: &ConferenceFilter) -> Result<Vec<ConferenceRow>, Error> {
        let state = filter.state.map(State::as_str);
        let rows = sqlx::query_as!(
            ConferenceRow,
            "SELECT conference_id, title, room_code, schedule_conference_id, biz_type, creator_union_id, creator_nick,
                    started_at, ended_at, duration_ms, state, record_status, record_owner_union_id, union_id_hint,
                    discovered_by, discovered_at, last_active_at, attempts, next_attempt_at, last_error_code,
                    last_error_message, last_error_at, closed_at
             FROM conferences
             WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR conference_id = ?2)
               AND (NOT ?3 OR (discovered_by IN ('config', 'cli') AND closed_at IS NULL))
             ORDER BY coalesce(started_at, discovered_at) DESC, conference_id",
            state,
            filter.conference_id,
            filter.watched,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows)
    }

    /// The open conferences that DingTalk gave no answer about when it was last asked; `None` if there are none.
    pub async fn last_error(&self) -> Result<Option<LastErrorRow>, Error> {
        let row = sqlx::query_as!(
            LastErrorRow,
            r#"SELECT count(*) OVER () AS "conferences!: i64", conference_id, last_error_code AS "last_error_code!",
                    last_error_message, last_error_at
             FROM conferences
             WHERE closed_at IS NULL AND last_error_code IS NOT NULL
             ORDER BY last_error_at DESC, conference_id LIMIT 1"#
        )
        .fetch_optional(&mut *self.read().await?)
        .await?;
        Ok(row)
    }

    /// Recordings, those that began last first.
    pub async fn list_recordings(&self, filter: &RecordingFilter) -> Result<Vec<RecordingRow>, Error> {
        let (since, until) = (filter.since.map(Timestamp::as_millis), filter.until.map(Timestamp::as_millis));
        let rows = sqlx::query_as!(
            RecordingRow,
            "SELECT r.conference_id, r.media_id, r.record_id, r.recorder_union_id, r.record_type, r.started_at,
                    r.ended_at, r.duration_ms, r.file_size, r.region_id, r.raw, r.first_seen_at, r.last_changed_at,
                    r.missing_since, c.title
             FROM recordings r JOIN conferences c ON c.conference_id = r.conference_id
             WHERE (?1 IS NULL OR coalesce(r.started_at, r.first_seen_at) >= ?1)
               AND (?2 IS NULL OR coalesce(r.started_at, r.first_seen_at) < ?2)
               AND (?3 IS NULL OR r.conference_id = ?3)
               AND (?4 IS NULL OR r.media_id = ?4)
               AND (?5 IS NULL OR r.region_id = ?5)
               AND (?6 IS NULL OR instr(lower(concat_ws(char(10), c.title, c.creator_nick, c.room_code, r.conference_id,
                        r.media_id, r.record_id, r.recorder_union_id)), lower(?6)) > 0)
             ORDER BY coalesce(r.started_at, r.first_seen_at) DESC, r.conference_id, r.media_id",
            since,
            until,
            filter.conference_id,
            filter.media_id,
            filter.region_id,
            filter.search,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows)
    }

    /// What a recording said before, newest first.
    pub async fn list_revisions(&self, conference_id: &str, media_id: &str) -> Result<Vec<RevisionRow>, Error> {
        let rows = sqlx::query_as!(
            RevisionRow,
            "SELECT revision_id, conference_id, media_id, replaced_at, record_id, recorder_union_id, record_type,
                    started_at, ended_at, duration_ms, file_size, region_id, raw, missing_since
             FROM recording_revisions WHERE conference_id = ? AND media_id = ? ORDER BY revision_id DESC",
            conference_id,
            media_id,
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows)
    }
}
