//! The search of gaps: what is to be asked about, what was found, and what could not be searched.

use sqlx::SqliteConnection;

use super::rows::apply::Decision;
use super::rows::search::{LATELY, MOST_BOOKINGS, MOST_ROOMS, Queued, QueuedRow, Searched, SearchedRow, gaps_of_new};
use super::{Catalog, Error, apply, count};
use crate::catalog::source::Source;
use crate::domain::clock::Timestamp;

impl Catalog {
    /// When there is next something to search; the epoch: at any time. `None`: nothing.
    pub async fn search_at(&self) -> Result<Option<Timestamp>, Error> {
        let at = sqlx::query_scalar!(
            r#"SELECT CASE WHEN EXISTS (SELECT 1 FROM search_queue) THEN (SELECT min(next_attempt_at) FROM search_queue)
                           WHEN EXISTS (SELECT 1 FROM watch_gaps WHERE searched_at IS NULL) THEN 0 END AS "at?: i64""#
        );
        Ok(at.fetch_one(&mut *self.read().await?).await?.map(Timestamp::from_millis))
    }

    /// Plans the search of every gap that is not searched, if none is under way: of their past meetings if these
    /// `may_be_listed`, else of the known bookings and room codes. What nobody is known to ask as for is asked as `fallback`.
    pub async fn plan_search(&self, may_be_listed: bool, fallback: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let at = now.as_millis();
        let mut transaction = self.write().await?;
        let is_under_way = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM search_queue) AS "is!: bool""#);
        if is_under_way.fetch_one(&mut *transaction).await? {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE watch_gaps INDEXED BY watch_gaps_unsearched SET planned_at = ?, is_complete = 0, unanswered = 0
             WHERE searched_at IS NULL",
            at
        )
        .execute(&mut *transaction)
        .await?;
        if may_be_listed {
            sqlx::query!(
                "INSERT INTO search_queue (source, key, next_attempt_at)
                 SELECT 'history', gap_id, ? FROM watch_gaps INDEXED BY watch_gaps_unsearched WHERE searched_at IS NULL",
                at,
            )
            .execute(&mut *transaction)
            .await?;
        } else {
            queue_known(&mut transaction, fallback, at).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// How many known room codes and bookings would be asked about.
    pub async fn search_size(&self) -> Result<(u64, u64), Error> {
        let row = sqlx::query!(
            r#"SELECT min(count(DISTINCT room_code), ?2) AS "rooms!: i64",
                      min(count(DISTINCT CASE WHEN room_code IS NULL THEN schedule_conference_id END), ?3) AS "bookings!: i64"
               FROM (SELECT room_code, schedule_conference_id FROM conferences INDEXED BY conferences_by_start
                     ORDER BY coalesce(started_at, discovered_at) DESC LIMIT ?1) lately"#,
            LATELY,
            MOST_ROOMS,
            MOST_BOOKINGS,
        )
        .fetch_one(self.readers())
        .await?;
        Ok((count(row.rooms), count(row.bookings)))
    }

    /// The gaps that are being searched.
    pub async fn gaps_in_search(&self) -> Result<Vec<Searched>, Error> {
        let rows = sqlx::query_as!(
            SearchedRow,
            "SELECT gap_id, began_at, ended_at, reason FROM watch_gaps INDEXED BY watch_gaps_unsearched
             WHERE searched_at IS NULL AND planned_at IS NOT NULL ORDER BY began_at"
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows.into_iter().map(Searched::from).collect())
    }

    /// What is next to be asked; `None`: nothing is due. What a booking tells comes before the room codes.
    pub async fn next_in_search(&self, now: Timestamp) -> Result<Option<Queued>, Error> {
        let now = now.as_millis();
        let row = sqlx::query_as!(
            QueuedRow,
            "SELECT source, key, union_id, attempts FROM search_queue WHERE next_attempt_at <= ?
             ORDER BY attempts, source = 'room', source = 'instance', key LIMIT 1",
            now
        )
        .fetch_optional(&mut *self.read().await?)
        .await?;
        Ok(row.and_then(QueuedRow::queued))
    }

    /// How much there is to be asked.
    pub async fn left_in_search(&self) -> Result<u64, Error> {
        let left = sqlx::query_scalar!(r#"SELECT count(*) AS "left!: i64" FROM search_queue"#);
        Ok(count(left.fetch_one(&mut *self.read().await?).await?))
    }

    /// Writes what follows for conferences that were found in gaps, each beside the number of its gap, and counts those that
    /// came to be known. Answers of each whether it was written.
    pub async fn found_in_gaps(
        &self,
        decisions: &[Decision],
        gap_ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<bool>, Error> {
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.write().await?;
        let applied = apply::write(&mut transaction, decisions, now).await?;
        let new = gaps_of_new(decisions, &applied, gap_ids).to_string();
        sqlx::query!(
            "UPDATE watch_gaps SET found = found + n.number
             FROM (SELECT value AS gap_id, count(*) AS number FROM json_each(?) GROUP BY value) n
             WHERE watch_gaps.gap_id = n.gap_id",
            new,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(applied)
    }

    /// It was asked, and brought an answer.
    pub async fn answered_in_search(
        &self,
        source: &Source,
        then: Option<&Source>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        remove(&mut transaction, source).await?;
        if let Source::History(gap_id) = source {
            sqlx::query!("UPDATE watch_gaps SET is_complete = 1 WHERE gap_id = ?", gap_id)
                .execute(&mut *transaction)
                .await?;
        }
        if let Some(then) = then {
            queue(&mut transaction, then, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// It brought nothing, and is asked no more; `then` is asked in its place. Without that, it could not be searched.
    pub async fn given_up_in_search(
        &self,
        source: &Source,
        then: Option<&Source>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        remove(&mut transaction, source).await?;
        match then {
            Some(then) => queue(&mut transaction, then, now).await?,
            None => {
                sqlx::query!(
                    "UPDATE watch_gaps INDEXED BY watch_gaps_unsearched SET unanswered = unanswered + 1
                     WHERE searched_at IS NULL AND planned_at IS NOT NULL AND is_complete = 0"
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// It is asked again later.
    pub async fn put_off_in_search(&self, queued: &Queued, until: Timestamp) -> Result<(), Error> {
        let (source, key, until) = (queued.source.kind(), queued.source.key(), until.as_millis());
        sqlx::query!(
            "UPDATE search_queue SET attempts = ?, next_attempt_at = ? WHERE source = ? AND key = ?",
            queued.attempts,
            until,
            source,
            key,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// What was put off without having been asked is asked now.
    pub async fn hurry_search(&self, now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        sqlx::query!("UPDATE search_queue SET next_attempt_at = ?1 WHERE next_attempt_at > ?1 AND attempts = 0", now)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Nothing is asked before `until`.
    pub async fn put_off_search(&self, until: Timestamp) -> Result<(), Error> {
        let until = until.as_millis();
        sqlx::query!("UPDATE search_queue SET next_attempt_at = ?1 WHERE next_attempt_at < ?1", until)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// The past meetings of gaps cannot be listed: the known bookings and room codes are asked about instead.
    pub async fn search_without_histories(&self, fallback: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query!("DELETE FROM search_queue WHERE source = 'history'").execute(&mut *transaction).await?;
        queue_known(&mut transaction, fallback, now.as_millis()).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// If nothing is left to be asked, the gaps that were being searched are searched. Answers whether it is so.
    pub async fn finish_search(&self, now: Timestamp) -> Result<bool, Error> {
        let now = now.as_millis();
        let done = sqlx::query!(
            "UPDATE watch_gaps INDEXED BY watch_gaps_unsearched SET searched_at = ?, planned_at = NULL
             WHERE searched_at IS NULL AND planned_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM search_queue)",
            now,
        )
        .execute(self.writer())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

async fn remove(connection: &mut SqliteConnection, source: &Source) -> Result<(), Error> {
    let (source, key) = (source.kind(), source.key());
    sqlx::query!("DELETE FROM search_queue WHERE source = ? AND key = ?", source, key).execute(connection).await?;
    Ok(())
}

async fn queue(connection: &mut SqliteConnection, source: &Source, now: Timestamp) -> Result<(), Error> {
    let (source, key, now) = (source.kind(), source.key(), now.as_millis());
    sqlx::query!(
        "INSERT INTO search_queue (source, key, next_attempt_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        source,
        key,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Queues the room codes of the conferences that began last, and their bookings whose room code is not known. Those that
/// were booked or met again come first: the code of an instant meeting mostly dies with it.
async fn queue_known(connection: &mut SqliteConnection, fallback: Option<&str>, now: i64) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO search_queue (source, key, next_attempt_at)
         SELECT 'room', room_code, ?1
         FROM (SELECT room_code, schedule_conference_id, biz_type, coalesce(started_at, discovered_at) AS at
               FROM conferences INDEXED BY conferences_by_start
               ORDER BY coalesce(started_at, discovered_at) DESC LIMIT ?2) lately
         WHERE room_code IS NOT NULL
         GROUP BY room_code
         ORDER BY max(count(*) > 1, max(schedule_conference_id IS NOT NULL), max(biz_type IS '3')) DESC, max(at) DESC
         LIMIT ?3
         ON CONFLICT DO NOTHING",
        now,
        LATELY,
        MOST_ROOMS,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO search_queue (source, key, union_id, next_attempt_at)
         SELECT CASE WHEN max(creator_union_id) IS NULL AND ?4 IS NULL THEN 'instance' ELSE 'booking' END,
                schedule_conference_id, coalesce(max(creator_union_id), ?4), ?1
         FROM (SELECT schedule_conference_id, room_code, creator_union_id, coalesce(started_at, discovered_at) AS at
               FROM conferences INDEXED BY conferences_by_start
               ORDER BY coalesce(started_at, discovered_at) DESC LIMIT ?2) lately
         WHERE schedule_conference_id IS NOT NULL
         GROUP BY schedule_conference_id
         HAVING max(room_code) IS NULL
         ORDER BY max(at) DESC
         LIMIT ?3
         ON CONFLICT DO NOTHING",
        now,
        LATELY,
        MOST_BOOKINGS,
        fallback,
    )
    .execute(connection)
    .await?;
    Ok(())
}
