//! Wake-ups by `tokio-cron-scheduler`.
//!
//! The scheduler starts a job even while its last run still goes on, and its shutdown waits for nothing. So its jobs only
//! wake the worker. There is one scheduler for the life of the process: each one that was started keeps its memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::Local;
use tokio::sync::Notify;
use tokio_cron_scheduler::job::JobId;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::domain::schedule::Schedule;

/// Wakes whoever [waits](Self::woken), on schedules that can be replaced.
pub struct Waker {
    scheduler: JobScheduler,
    jobs: Vec<JobId>,
    wake_up: Arc<Notify>,
}

impl Waker {
    pub async fn start() -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        scheduler.start().await?;
        Ok(Self { scheduler, jobs: Vec::new(), wake_up: Arc::default() })
    }

    /// Wakes on these schedules from here on, and on no other. The scheduler counts whole seconds: an interval is rounded
    /// down to them, and the worker waits for the rest by itself.
    pub async fn schedule(&mut self, schedules: &[Schedule]) -> Result<(), JobSchedulerError> {
        for job in self.jobs.drain(..) {
            self.scheduler.remove(&job).await?;
        }
        for schedule in schedules {
            let wake_up = Arc::clone(&self.wake_up);
            let job = match schedule {
                Schedule::Every(interval) => {
                    let whole = Duration::from_secs(interval.as_secs().max(1));
                    Job::new_repeated(whole, move |_, _| wake_up.notify_one())?
                }
                Schedule::Cron(cron) => Job::new_tz(cron.as_str(), Local, move |_, _| wake_up.notify_one())?,
            };
            self.jobs.push(self.scheduler.add(job).await?);
        }
        Ok(())
    }

    /// Wakes at once.
    pub fn wake(&self) {
        self.wake_up.notify_one();
    }

    /// Waits for a wake-up. Those that nobody has waited for are one.
    pub async fn woken(&self) {
        self.wake_up.notified().await;
    }
}
