//! The search of gaps: what is to be asked about, what was found, and what could not be searched.

use sqlx::PgConnection;

use super::rows::apply::Decision;
use super::rows::search::{LATELY, MOST_BOOKINGS, MOST_ROOMS, Queued, QueuedRow, Searched, SearchedRow, gaps_of_new};
use super::{Catalog, Error, apply, count};
use crate::catalog::source::Source;
use crate::domain::clock::Timestamp;

impl Catalog {
    pub async fn search_at(&self) -> Result<Option<Timestamp>, Error> {
        let at: Option<i64> = sqlx::query_scalar(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM search_queue) THEN (SELECT min(next_attempt_at) FROM search_queue)
                         WHEN EXISTS (SELECT 1 FROM watch_gaps WHERE searched_at IS NULL) THEN 0 END",
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(at.map(Timestamp::from_millis))
    }

    pub async fn plan_search(&self, may_be_listed: bool, fallback: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        let is_under_way = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM search_queue)");
        if is_under_way.fetch_one(&mut *transaction).await? {
            return Ok(());
        }
        sqlx::query("UPDATE watch_gaps SET planned_at = $1, is_complete = 0, unanswered = 0 WHERE searched_at IS NULL")
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
        if may_be_listed {
            sqlx::query(
                "INSERT INTO search_queue (source, key, next_attempt_at)
                 SELECT 'history', gap_id::text, $1 FROM watch_gaps WHERE searched_at IS NULL",
            )
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await?;
        } else {
            queue_known(&mut transaction, fallback, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn search_size(&self) -> Result<(u64, u64), Error> {
        let (rooms, bookings): (i64, i64) = sqlx::query_as(
            "SELECT least(count(DISTINCT room_code), $2),
                    least(count(DISTINCT CASE WHEN room_code IS NULL THEN schedule_conference_id END), $3)
             FROM (SELECT room_code, schedule_conference_id FROM conferences
                   ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $1) lately",
        )
        .bind(i64::from(LATELY))
        .bind(i64::from(MOST_ROOMS))
        .bind(i64::from(MOST_BOOKINGS))
        .fetch_one(self.readers())
        .await?;
        Ok((count(rooms), count(bookings)))
    }

    pub async fn gaps_in_search(&self) -> Result<Vec<Searched>, Error> {
        let rows: Vec<SearchedRow> = sqlx::query_as(
            "SELECT gap_id, began_at, ended_at, reason FROM watch_gaps
             WHERE searched_at IS NULL AND planned_at IS NOT NULL ORDER BY began_at",
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows.into_iter().map(Searched::from).collect())
    }

    pub async fn next_in_search(&self, now: Timestamp) -> Result<Option<Queued>, Error> {
        let row: Option<QueuedRow> = sqlx::query_as(
            "SELECT source, key, union_id, attempts FROM search_queue WHERE next_attempt_at <= $1
             ORDER BY attempts, source = 'room', source = 'instance', key LIMIT 1",
        )
        .bind(now.as_millis())
        .fetch_optional(&mut *self.read().await?)
        .await?;
        Ok(row.and_then(QueuedRow::queued))
    }

    pub async fn left_in_search(&self) -> Result<u64, Error> {
        let left = sqlx::query_scalar("SELECT count(*) FROM search_queue");
        Ok(count(left.fetch_one(&mut *self.read().await?).await?))
    }

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
        sqlx::query(
            "UPDATE watch_gaps SET found = found + n.number
             FROM (SELECT value::bigint AS gap_id, count(*) AS number FROM json_array_elements_text($1::json)
                   GROUP BY 1) n
             WHERE watch_gaps.gap_id = n.gap_id",
        )
        .bind(gaps_of_new(decisions, &applied, gap_ids).to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(applied)
    }

    pub async fn answered_in_search(
        &self,
        source: &Source,
        then: Option<&Source>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        remove(&mut transaction, source).await?;
        if let Source::History(gap_id) = source {
            sqlx::query("UPDATE watch_gaps SET is_complete = 1 WHERE gap_id = $1")
                .bind(gap_id)
                .execute(&mut *transaction)
                .await?;
        }
        if let Some(then) = then {
            queue(&mut transaction, then, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

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
                sqlx::query(
                    "UPDATE watch_gaps SET unanswered = unanswered + 1
                     WHERE searched_at IS NULL AND planned_at IS NOT NULL AND is_complete = 0",
                )
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn put_off_in_search(&self, queued: &Queued, until: Timestamp) -> Result<(), Error> {
        let put_off =
            sqlx::query("UPDATE search_queue SET attempts = $1, next_attempt_at = $2 WHERE source = $3 AND key = $4")
                .bind(i64::from(queued.attempts))
                .bind(until.as_millis())
                .bind(queued.source.kind())
                .bind(queued.source.key());
        self.execute(put_off).await?;
        Ok(())
    }

    pub async fn hurry_search(&self, now: Timestamp) -> Result<(), Error> {
        let hurry =
            sqlx::query("UPDATE search_queue SET next_attempt_at = $1 WHERE next_attempt_at > $1 AND attempts = 0");
        self.execute(hurry.bind(now.as_millis())).await?;
        Ok(())
    }

    pub async fn put_off_search(&self, until: Timestamp) -> Result<(), Error> {
        let put_off = sqlx::query("UPDATE search_queue SET next_attempt_at = $1 WHERE next_attempt_at < $1");
        self.execute(put_off.bind(until.as_millis())).await?;
        Ok(())
    }

    pub async fn search_without_histories(&self, fallback: Option<&str>, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM search_queue WHERE source = 'history'").execute(&mut *transaction).await?;
        queue_known(&mut transaction, fallback, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn finish_search(&self, now: Timestamp) -> Result<bool, Error> {
        let done = sqlx::query(
            "UPDATE watch_gaps SET searched_at = $1, planned_at = NULL
             WHERE searched_at IS NULL AND planned_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM search_queue)",
        );
        Ok(self.execute(done.bind(now.as_millis())).await? > 0)
    }
}

async fn remove(connection: &mut PgConnection, source: &Source) -> Result<(), Error> {
    sqlx::query("DELETE FROM search_queue WHERE source = $1 AND key = $2")
        .bind(source.kind())
        .bind(source.key())
        .execute(connection)
        .await?;
    Ok(())
}

async fn queue(connection: &mut PgConnection, source: &Source, now: Timestamp) -> Result<(), Error> {
    sqlx::query("INSERT INTO search_queue (source, key, next_attempt_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(source.kind())
        .bind(source.key())
        .bind(now.as_millis())
        .execute(connection)
        .await?;
    Ok(())
}

/// Queues the room codes of the conferences that began last, and their bookings whose room code is not known. Those that
/// were booked or met again come first: the code of an instant meeting mostly dies with it. A code or a booking that no index
/// can hold is left out.
async fn queue_known(connection: &mut PgConnection, fallback: Option<&str>, now: Timestamp) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO search_queue (source, key, next_attempt_at)
         SELECT 'room', room_code, $1
         FROM (SELECT room_code, schedule_conference_id, biz_type, coalesce(started_at, discovered_at) AS at
               FROM conferences ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $2) lately
         WHERE octet_length(room_code) BETWEEN 1 AND 1000
         GROUP BY room_code
         ORDER BY count(*) > 1 OR bool_or(schedule_conference_id IS NOT NULL) OR bool_or(biz_type IS NOT DISTINCT FROM '3')
                  DESC, max(at) DESC
         LIMIT $3
         ON CONFLICT DO NOTHING",
    )
    .bind(now.as_millis())
    .bind(i64::from(LATELY))
    .bind(i64::from(MOST_ROOMS))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO search_queue (source, key, union_id, next_attempt_at)
         SELECT CASE WHEN max(creator_union_id) IS NULL AND $4::text IS NULL THEN 'instance' ELSE 'booking' END,
                schedule_conference_id, coalesce(max(creator_union_id), $4::text), $1
         FROM (SELECT schedule_conference_id, room_code, creator_union_id, coalesce(started_at, discovered_at) AS at
               FROM conferences ORDER BY coalesce(started_at, discovered_at) DESC, rowid LIMIT $2) lately
         WHERE octet_length(schedule_conference_id) BETWEEN 1 AND 1000
         GROUP BY schedule_conference_id
         HAVING max(room_code) IS NULL
         ORDER BY max(at) DESC
         LIMIT $3
         ON CONFLICT DO NOTHING",
    )
    .bind(now.as_millis())
    .bind(i64::from(LATELY))
    .bind(i64::from(MOST_BOOKINGS))
    .bind(fallback)
    .execute(connection)
    .await?;
    Ok(())
}
