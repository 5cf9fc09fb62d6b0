//! The bell: `tokio-cron-scheduler`, and no more than that.
//!
//! It starts a job even while the last run still goes, and its shutdown waits for nothing; so its closures only ring.
//! Its seconds are whole: a shorter interval rings every second.

use std::sync::Arc;
use std::time::Duration;

use chrono::Local;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::domain::schedule::Schedule;

/// Rings on each of these schedules, until it is dropped.
pub struct Trigger {
    bells: JobScheduler,
}

impl Trigger {
    /// Sets the bell up and starts it. Rings that nobody has heard yet are one ring.
    pub async fn start(schedules: &[Schedule], bell: &Arc<Notify>) -> Result<Self, JobSchedulerError> {
        let bells = JobScheduler::new().await?;
        for schedule in schedules {
            let bell = Arc::clone(bell);
            let job = match schedule {
                Schedule::Every(interval) => {
                    let whole = Duration::from_secs(interval.as_secs().max(1));
                    Job::new_repeated(whole, move |_, _| bell.notify_one())?
                }
                Schedule::Cron(cron) => Job::new_tz(cron.as_str(), Local, move |_, _| bell.notify_one())?,
            };
            bells.add(job).await?;
        }
        bells.start().await?;
        Ok(Self { bells })
    }

    /// Silences the bell.
    pub async fn stop(mut self) {
        if let Err(error) = self.bells.shutdown().await {
            tracing::debug!(%error, "the bell did not stop: {error}");
        }
    }
}
