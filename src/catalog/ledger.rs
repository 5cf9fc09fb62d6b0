//! The ledger: calls, pauses, the share, and when each stage last ran.

use sqlx::SqliteConnection;

use super::{Catalog, Error, column, count};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// Calls of one endpoint with one outcome, to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The page that was called.
    pub endpoint: &'static str,
    /// `ok`, DingTalk's code, `timeout`, `foreign`, `unrecognized`, `unreached` or `throttled`.
    pub outcome: &'static str,
    /// How many.
    pub calls: u64,
}

/// Until when DingTalk is left alone, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// `*` for every call, or one endpoint.
    pub scope: String,
    /// No call before this.
    pub until: Timestamp,
    /// When the trouble began.
    pub since: Timestamp,
    /// How often in a row.
    pub strikes: u32,
    /// What DingTalk said, or what happened.
    pub code: String,
    /// And its words.
    pub message: String,
}

/// When a stage last ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// `discover`, `poll`, `collect` or `maintain`.
    pub stage: String,
    /// When it last started.
    pub last_started_at: Timestamp,
    /// When it last finished.
    pub last_finished_at: Timestamp,
    /// `ok`, or what stopped it.
    pub outcome: String,
    /// When it is due again, as far as could be told then.
    pub next_due_at: Option<Timestamp>,
    /// When its last untroubled run began; until there is one, its first. [`Catalog::job_ran`] works it out by itself.
    pub last_ok_at: Timestamp,
    /// How many runs in a row something stopped since then. So it does this.
    pub failures: u32,
}

/// What experience and the open work say about the calls to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// Conferences that have not ended, as far as is known.
    pub going: u64,
    /// Conferences that have ended and will be read at least once more, archived ones for their last look.
    pub awaited: u64,
    /// Conferences found since a given instant that have ended, closed ones among them.
    pub ended: u64,
    /// Calls spent on confirming and collecting since then.
    pub calls: u64,
}

impl Catalog {
    /// Puts up to `calls` calls aside on `day`, before any of them is sent, as far as `share` allows; answers how many.
    /// `share` 0 is unmetered.
    pub async fn reserve(&self, day: &str, calls: u64, share: u64) -> Result<u64, Error> {
        let mut transaction = self.write().await?;
        let left = if share == 0 { calls } else { share.saturating_sub(spent(&mut transaction, day).await?) };
        let granted = calls.min(left);
        if granted > 0 {
            enter(&mut transaction, day, "*", "reserved", granted).await?;
            transaction.commit().await?;
        }
        Ok(granted)
    }

    /// Turns `reserved` calls that were put aside on `day` into what became of them. What was put aside and not sent is
    /// given back.
    pub async fn settle(&self, day: &str, reserved: u64, entries: &[Entry]) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        for entry in entries {
            enter(&mut transaction, day, entry.endpoint, entry.outcome, entry.calls).await?;
        }
        let reserved = i64::try_from(reserved).unwrap_or(i64::MAX);
        sqlx::query!(
            "UPDATE api_calls SET calls = max(calls - ?, 0) WHERE day = ? AND endpoint = '*' AND outcome = 'reserved'",
            reserved,
            day,
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query!("DELETE FROM api_calls WHERE day = ? AND outcome = 'reserved' AND calls = 0", day)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Metered calls of the month that `day` lies in, those put aside included.
    pub async fn spent(&self, day: &str) -> Result<u64, Error> {
        spent(&mut *self.read().await?, day).await
    }

    /// Keeps the newest `months` months of the ledger, and drops the rest.
    pub async fn tidy_calls(&self, months: u32) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query!(
            "DELETE FROM api_calls WHERE substr(day, 1, 7) NOT IN
                 (SELECT DISTINCT substr(day, 1, 7) FROM api_calls ORDER BY 1 DESC LIMIT ?)",
            months,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down this daemon's share, for the view that shows it.
    pub async fn set_share(&self, calls_per_month: u64) -> Result<(), Error> {
        let calls_per_month = i64::try_from(calls_per_month).unwrap_or(i64::MAX);
        let mut transaction = self.write().await?;
        sqlx::query!(
            "INSERT INTO quota (id, calls_per_month) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET calls_per_month = ?1 WHERE calls_per_month <> ?1",
            calls_per_month,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// This daemon's share as it was last configured; 0: unmetered, or none has run yet.
    pub async fn share(&self) -> Result<u64, Error> {
        let share =
            sqlx::query_scalar!("SELECT calls_per_month FROM quota").fetch_optional(&mut *self.read().await?).await?;
        Ok(share.map_or(0, count))
    }

    /// Every pause, lapsed ones too: they tell how often trouble came in a row.
    pub async fn pauses(&self) -> Result<Vec<Pause>, Error> {
        let rows = sqlx::query!("SELECT scope, paused_until, since, strikes, code, message FROM pauses ORDER BY scope")
            .fetch_all(&mut *self.read().await?)
            .await?;
        let pause = rows.into_iter().map(|row| Pause {
            scope: row.scope,
            until: Timestamp::from_millis(row.paused_until),
            since: Timestamp::from_millis(row.since),
            strikes: u32::try_from(row.strikes).unwrap_or(u32::MAX),
            code: row.code,
            message: row.message,
        });
        Ok(pause.collect())
    }

    /// Writes a pause down, over an older one of the same scope.
    pub async fn pause(&self, pause: &Pause) -> Result<(), Error> {
        let (until, since, strikes) = (pause.until.as_millis(), pause.since.as_millis(), i64::from(pause.strikes));
        let mut transaction = self.write().await?;
        sqlx::query!(
            "INSERT INTO pauses (scope, paused_until, since, strikes, code, message) VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (scope) DO UPDATE
             SET paused_until = excluded.paused_until, since = excluded.since, strikes = excluded.strikes,
                 code = excluded.code, message = excluded.message",
            pause.scope,
            until,
            since,
            strikes,
            pause.code,
            pause.message,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a pause at `now`. Where it kept lists from being read, the time since the trouble began is taken out of every
    /// wait: no conference is closed for an answer that could not be asked for.
    pub async fn unpause(&self, pause: &Pause, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.write().await?;
        sqlx::query!("DELETE FROM pauses WHERE scope = ?", pause.scope).execute(&mut *transaction).await?;
        if matches!(pause.scope.as_str(), "*" | "getVideos") {
            let (since, now) = (pause.since.as_millis(), now.as_millis());
            sqlx::query!(
                "UPDATE recording_waits SET counted_until = counted_until + ?2 - max(counted_until, ?1)
                 WHERE max(counted_until, ?1) < ?2",
                since,
                now,
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// When each stage last ran.
    pub async fn job_runs(&self) -> Result<Vec<JobRun>, Error> {
        let rows = sqlx::query!(
            "SELECT stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at, failures
             FROM job_runs ORDER BY last_started_at"
        )
        .fetch_all(&mut *self.read().await?)
        .await?;
        let run = rows.into_iter().map(|row| JobRun {
            stage: row.stage,
            last_started_at: Timestamp::from_millis(row.last_started_at),
            last_finished_at: Timestamp::from_millis(row.last_finished_at),
            outcome: row.outcome,
            next_due_at: row.next_due_at.map(Timestamp::from_millis),
            last_ok_at: Timestamp::from_millis(row.last_ok_at),
            failures: u32::try_from(row.failures).unwrap_or(u32::MAX),
        });
        Ok(run.collect())
    }

    /// Writes down that a stage ran.
    pub async fn job_ran(&self, run: &JobRun) -> Result<(), Error> {
        let (started, finished) = (run.last_started_at.as_millis(), run.last_finished_at.as_millis());
        let next_due_at = column(run.next_due_at);
        let mut transaction = self.write().await?;
        sqlx::query!(
            "INSERT INTO job_runs (stage, last_started_at, last_finished_at, outcome, next_due_at, last_ok_at,
                 failures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?2, ?4 <> 'ok')
             ON CONFLICT (stage) DO UPDATE
             SET last_started_at = excluded.last_started_at, last_finished_at = excluded.last_finished_at,
                 outcome = excluded.outcome, next_due_at = excluded.next_due_at,
                 last_ok_at = CASE WHEN excluded.outcome = 'ok' THEN excluded.last_ok_at ELSE last_ok_at END,
                 failures = CASE WHEN excluded.outcome = 'ok' THEN 0 ELSE failures + 1 END",
            run.stage,
            started,
            finished,
            run.outcome,
            next_due_at,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// When meetings began since `since`, as far as the catalog knows, and when it first knew of any.
    pub async fn starts(&self, since: Timestamp) -> Result<(Vec<Timestamp>, Option<Timestamp>), Error> {
        let since = since.as_millis();
        let mut connection = self.read().await?;
        let starts = sqlx::query_scalar!(
            r#"SELECT coalesce(started_at, discovered_at) AS "at!: i64" FROM conferences WHERE discovered_at >= ?"#,
            since,
        )
        .fetch_all(&mut *connection)
        .await?;
        let first = sqlx::query_scalar!(r#"SELECT min(discovered_at) AS "at: i64" FROM conferences"#)
            .fetch_one(&mut *connection)
            .await?;
        Ok((starts.into_iter().map(Timestamp::from_millis).collect(), first.map(Timestamp::from_millis)))
    }

    /// What experience since `since` (of which `day` is the day) and the open work say about the calls to come.
    pub async fn workload(&self, since: Timestamp, day: &str) -> Result<Workload, Error> {
        let since = since.as_millis();
        let mut connection = self.read().await?;
        let row = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE state IN ('waiting', 'active')) AS "going!: i64",
                      count(*) FILTER (WHERE state IN ('ended', 'archived') AND next_attempt_at IS NOT NULL) AS "awaited!: i64",
                      count(*) FILTER (WHERE state NOT IN ('waiting', 'active') AND discovered_at >= ?) AS "ended!: i64"
               FROM conferences"#,
            since,
        )
        .fetch_one(&mut *connection)
        .await?;
        let calls = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(calls), 0) AS "calls!: i64" FROM api_calls
               WHERE day >= ? AND endpoint IN ('get', 'getVideos') AND outcome NOT IN ('unreached', 'throttled')"#,
            day,
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(Workload {
            going: count(row.going),
            awaited: count(row.awaited),
            ended: count(row.ended),
            calls: count(calls),
        })
    }

    /// How many conferences stand in each state, in the order of a conference's life.
    pub async fn census(&self) -> Result<Vec<(State, u64)>, Error> {
        let rows = sqlx::query!(r#"SELECT state, count(*) AS "conferences!: i64" FROM conferences GROUP BY state"#)
            .fetch_all(&mut *self.read().await?)
            .await?;
        let of =
            |state: State| rows.iter().find(|row| row.state == state.as_str()).map_or(0, |row| count(row.conferences));
        Ok(State::ALL.into_iter().map(|state| (state, of(state))).collect())
    }
}

async fn enter(
    connection: &mut SqliteConnection,
    day: &str,
    endpoint: &str,
    outcome: &str,
    calls: u64,
) -> Result<(), Error> {
    let calls = i64::try_from(calls).unwrap_or(i64::MAX);
    sqlx::query!(
        "INSERT INTO api_calls (day, endpoint, outcome, calls) VALUES (?, ?, ?, ?)
         ON CONFLICT (day, endpoint, outcome) DO UPDATE SET calls = calls + excluded.calls",
        day,
        endpoint,
        outcome,
        calls,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn spent(connection: &mut SqliteConnection, day: &str) -> Result<u64, Error> {
    let month = day.get(..7).unwrap_or(day);
    let calls = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(calls), 0) AS "calls!: i64" FROM api_calls
           WHERE day >= ?1 || '-01' AND day <= ?1 || '-31' AND outcome NOT IN ('unreached', 'throttled')"#,
        month,
    )
    .fetch_one(connection)
    .await?;
    Ok(count(calls))
}
