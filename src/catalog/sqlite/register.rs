//! Conferences that an operator takes off the watch.

use super::{Catalog, Error};

impl Catalog {
    /// Takes conferences off the watch that are open or failed (an id was mistyped, say). One that is archived or
    /// unrecorded, or of which a recording was seen, stays: what was found out is not forgotten. Answers the ids that
    /// stay or are unknown; if there are any, nothing is removed.
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
