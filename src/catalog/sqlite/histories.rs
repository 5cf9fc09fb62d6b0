//! Whether DingTalk lists past meetings to this app.

use super::rows::histories::Refusal;
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;

impl Catalog {
    /// That DingTalk does not let an app list past meetings, if it said so.
    pub async fn histories_refusal(&self) -> Result<Option<Refusal>, Error> {
        let row = sqlx::query!("SELECT app, code, refused_at FROM histories_refusal")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let refused_at = Timestamp::from_millis;
        Ok(row.map(|row| Refusal { app: row.app, code: row.code, refused_at: refused_at(row.refused_at) }))
    }

    /// Remembers that.
    pub async fn histories_refused(&self, app: i64, code: &str, now: Timestamp) -> Result<(), Error> {
        let now = now.as_millis();
        sqlx::query!(
            "INSERT INTO histories_refusal (id, app, code, refused_at) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET app = ?1, code = ?2, refused_at = ?3",
            app,
            code,
            now,
        )
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// It lets this app list them after all.
    pub async fn histories_allowed(&self) -> Result<(), Error> {
        sqlx::query!("DELETE FROM histories_refusal").execute(self.writer()).await?;
        Ok(())
    }
}
