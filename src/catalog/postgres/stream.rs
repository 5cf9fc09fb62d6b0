//! What is known of events: the connection, their share of the month, and how many meetings they tell of.

use super::rows::quota::month;
use super::rows::stream::StreamRow;
use super::{Catalog, Error, count};
use crate::domain::clock::Timestamp;
use crate::domain::coverage::{Coverage, GRACE, LAST};

impl Catalog {
    pub async fn stream_opened(&self, now: Timestamp) -> Result<(), Error> {
        let opened = sqlx::query(
            "INSERT INTO event_stream (id, connected_since) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET connected_since = $1, last_error = NULL",
        );
        self.execute(opened.bind(now.as_millis())).await?;
        Ok(())
    }

    pub async fn stream_closed(&self, error: &str, now: Timestamp) -> Result<(), Error> {
        let closed = sqlx::query(
            "INSERT INTO event_stream AS s (id, closed_at, last_error) VALUES (1, $1, $2)
             ON CONFLICT (id) DO UPDATE
             SET closed_at = CASE WHEN s.connected_since IS NULL THEN coalesce(s.closed_at, $1) ELSE $1 END,
                 connected_since = NULL, last_error = $2",
        );
        self.execute(closed.bind(now.as_millis()).bind(error)).await?;
        Ok(())
    }

    pub async fn stream(&self) -> Result<Option<StreamRow>, Error> {
        let row = sqlx::query_as("SELECT connected_since, closed_at, last_push_at, last_error FROM event_stream");
        Ok(row.fetch_optional(&mut *self.read().await?).await?)
    }

    pub async fn pushed(&self, day: &str) -> Result<u64, Error> {
        let pushes = sqlx::query_scalar(
            "SELECT coalesce(sum(pushes), 0)::bigint FROM pushes WHERE day >= $1 || '-01' AND day <= $1 || '-31'",
        );
        Ok(count(pushes.bind(month(day)).fetch_one(&mut *self.read().await?).await?))
    }

    pub async fn tidy_pushes(&self, months: u32) -> Result<(), Error> {
        let tidy = sqlx::query(
            "DELETE FROM pushes WHERE substr(day, 1, 7) NOT IN
                 (SELECT DISTINCT substr(day, 1, 7) FROM pushes ORDER BY 1 DESC LIMIT $1)",
        );
        self.execute(tidy.bind(i64::from(months))).await?;
        Ok(())
    }

    pub async fn shown(&self, conference_ids: &[&str], now: Timestamp) -> Result<(), Error> {
        if conference_ids.is_empty() {
            return Ok(());
        }
        let shown = sqlx::query(
            "INSERT INTO sightings AS s (conference_id, shown_at)
             SELECT c.conference_id, $2 FROM event_stream CROSS JOIN conferences c
             WHERE c.conference_id = ANY ($1) AND event_stream.connected_since <= coalesce(c.started_at, c.discovered_at)
             ON CONFLICT (conference_id) DO UPDATE SET shown_at = $2 WHERE s.shown_at IS NULL",
        );
        self.execute(shown.bind(conference_ids).bind(now.as_millis())).await?;
        Ok(())
    }

    pub async fn listed(&self, conference_ids: &[&str], now: Timestamp) -> Result<(), Error> {
        if conference_ids.is_empty() {
            return Ok(());
        }
        let listed = sqlx::query(
            "INSERT INTO sightings AS s (conference_id, listed_at)
             SELECT c.conference_id, $2 FROM event_stream CROSS JOIN conferences c
             WHERE c.conference_id = ANY ($1) AND event_stream.connected_since <= c.ended_at
             ON CONFLICT (conference_id) DO UPDATE SET listed_at = $2 WHERE s.listed_at IS NULL",
        );
        self.execute(listed.bind(conference_ids).bind(now.as_millis())).await?;
        Ok(())
    }

    pub async fn coverage(&self, now: Timestamp) -> Result<Coverage, Error> {
        let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
        let (shown, announced, listed, generated): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT met.all_of_them, met.told, found.all_of_them, found.told
             FROM (SELECT count(*) AS all_of_them, count(*) FILTER (WHERE announced_at <= shown_at + $1) AS told
                   FROM (SELECT announced_at, shown_at FROM sightings
                         WHERE shown_at <= $2 ORDER BY shown_at DESC LIMIT $3) latest) met,
                  (SELECT count(*) AS all_of_them, count(*) FILTER (WHERE generated_at <= listed_at + $1) AS told
                   FROM (SELECT generated_at, listed_at FROM sightings
                         WHERE listed_at <= $2 ORDER BY listed_at DESC LIMIT $3) latest) found",
        )
        .bind(grace)
        .bind(now.as_millis() - grace)
        .bind(i64::from(LAST))
        .fetch_one(&mut *self.read().await?)
        .await?;
        Ok(Coverage {
            shown: count(shown),
            announced: count(announced),
            listed: count(listed),
            generated: count(generated),
        })
    }
}
