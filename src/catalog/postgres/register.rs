//! Conferences that an operator takes off the watch.

use super::{Catalog, Error};

impl Catalog {
    pub async fn unwatch(&self, conference_ids: &[String]) -> Result<Vec<String>, Error> {
        let mut refused = Vec::new();
        let mut transaction = self.write().await?;
        for conference_id in conference_ids {
            let removed = sqlx::query(
                "DELETE FROM conferences c
                 WHERE conference_id = $1 AND (closed_at IS NULL OR state = 'failed')
                   AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = c.conference_id)",
            )
            .bind(conference_id)
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
