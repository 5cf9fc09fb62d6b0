//! What is known of events: the connection, their share of the month, and how many meetings they tell of.

use super::rows::stream::StreamRow;
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::coverage::{Coverage, GRACE, LAST};

impl Catalog {
    /// The connection was opened.
    pub async fn stream_opened(&self, now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        sqlx::query!(
            "INSERT INTO event_stream (id, connected_since) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET connected_since = ?1, last_error = NULL",
            now
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// The connection was lost, or could not be opened.
    pub async fn stream_closed(&self, error: &str, now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        sqlx::query!(
            "INSERT INTO event_stream (id, closed_at, last_error) VALUES (1, ?1, ?2)
             ON CONFLICT (id) DO UPDATE
             SET closed_at = CASE WHEN connected_since IS NULL THEN coalesce(closed_at, ?1) ELSE ?1 END,
                 connected_since = NULL, last_error = ?2",
            now,
            error,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// The connection, as it was last written down; `None` if there never was one.
    pub async fn stream(&self) -> Result<Option<StreamRow>, Error> {
        let row =
            sqlx::query_as!(StreamRow, "SELECT connected_since, closed_at, last_push_at, last_error FROM event_stream");
        Ok(row.fetch_optional(&mut *self.read().await?).await?)
    }

    /// Pushes of the month that `day` lies in.
    pub async fn pushed(&self, day: &str) -> Result<u64, Error> {
        let month = day.get(..7).unwrap_or(day);
        let pushes = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(pushes), 0) AS "pushes!: i64" FROM pushes WHERE day >= ?1 || '-01' AND day <= ?1 || '-31'"#,
            month,
        );
        Ok(count(pushes.fetch_one(&mut *self.read().await?).await?))
    }

    /// Keeps the newest `months` months of pushes, and drops the rest.
    pub async fn tidy_pushes(&self, months: u32) -> Result<(), Error> {
        sqlx::query!(
            "DELETE FROM pushes WHERE substr(day, 1, 7) NOT IN
                 (SELECT DISTINCT substr(day, 1, 7) FROM pushes ORDER BY 1 DESC LIMIT ?)",
            months,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Another source than an event shows these meetings. One that began while no event could come says nothing.
    pub async fn shown(&self, conference_ids: &[&str], now: Timestamp) -> Result<(), Error> {
        if conference_ids.is_empty() {
            return Ok(());
        }
        let (ids, now) = (serde_json::json!(conference_ids).to_string(), now.as_millis());
        sqlx::query!(
            "INSERT INTO sightings (conference_id, shown_at)
             SELECT c.conference_id, ?2
             FROM event_stream CROSS JOIN json_each(?1) CROSS JOIN conferences c ON c.conference_id = value
             WHERE event_stream.connected_since <= coalesce(c.started_at, c.discovered_at)
             ON CONFLICT (conference_id) DO UPDATE SET shown_at = ?2 WHERE shown_at IS NULL",
            ids,
            now,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// The lists of these conferences show recordings. Of one that ended while no event could come, this says nothing.
    pub async fn listed(&self, conference_ids: &[&str], now: Timestamp) -> Result<(), Error> {
        if conference_ids.is_empty() {
            return Ok(());
        }
        let (ids, now) = (serde_json::json!(conference_ids).to_string(), now.as_millis());
        sqlx::query!(
            "INSERT INTO sightings (conference_id, listed_at)
             SELECT c.conference_id, ?2
             FROM event_stream CROSS JOIN json_each(?1) CROSS JOIN conferences c ON c.conference_id = value
             WHERE event_stream.connected_since <= c.ended_at
             ON CONFLICT (conference_id) DO UPDATE SET listed_at = ?2 WHERE listed_at IS NULL",
            ids,
            now,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// How many of the last meetings that another source showed an event had told of, and of how many recordings.
    pub async fn coverage(&self, now: Timestamp) -> Result<Coverage, Error> {
        let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
        let until = now.as_millis() - grace;
        let row = sqlx::query!(
            r#"SELECT met.all_of_them AS "shown!: i64", met.told AS "announced!: i64",
                      found.all_of_them AS "listed!: i64", found.told AS "generated!: i64"
               FROM (SELECT count(*) AS all_of_them, count(*) FILTER (WHERE announced_at <= shown_at + ?1) AS told
                     FROM (SELECT announced_at, shown_at FROM sightings INDEXED BY sightings_by_shown
                           WHERE shown_at <= ?2 ORDER BY shown_at DESC LIMIT ?3)) met,
                    (SELECT count(*) AS all_of_them, count(*) FILTER (WHERE generated_at <= listed_at + ?1) AS told
                     FROM (SELECT generated_at, listed_at FROM sightings INDEXED BY sightings_by_listed
                           WHERE listed_at <= ?2 ORDER BY listed_at DESC LIMIT ?3)) found"#,
            grace,
            until,
            LAST,
        )
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(Coverage {
            shown: count(row.shown),
            announced: count(row.announced),
            listed: count(row.listed),
            generated: count(row.generated),
        })
    }
}
