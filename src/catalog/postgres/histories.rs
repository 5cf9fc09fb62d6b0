//! Whether DingTalk lists past meetings to this app.

use super::rows::histories::Refusal;
use super::{Catalog, Error};
use crate::domain::clock::Timestamp;

impl Catalog {
    pub async fn histories_refusal(&self) -> Result<Option<Refusal>, Error> {
        let row: Option<(i64, String, i64)> = sqlx::query_as("SELECT app, code, refused_at FROM histories_refusal")
            .fetch_optional(&mut *self.read().await?)
            .await?;
        let refusal = |(app, code, at)| Refusal { app, code, refused_at: Timestamp::from_millis(at) };
        Ok(row.map(refusal))
    }

    pub async fn histories_refused(&self, app: i64, code: &str, now: Timestamp) -> Result<(), Error> {
        let refused = sqlx::query(
            "INSERT INTO histories_refusal (id, app, code, refused_at) VALUES (1, $1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET app = $1, code = $2, refused_at = $3",
        );
        self.execute(refused.bind(app).bind(code).bind(now.as_millis())).await?;
        Ok(())
    }

    pub async fn histories_allowed(&self) -> Result<(), Error> {
        self.execute(sqlx::query("DELETE FROM histories_refusal")).await?;
        Ok(())
    }
}
