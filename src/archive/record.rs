//! Record: start the recordings that events have asked for (`record.automatic_for`).
//!
//! It comes before the stages: a second that is not recorded is lost. What was started is written down when DingTalk has
//! answered; a crash between the two has it asked once more. What DingTalk answers to that stands nowhere: `200` again, or
//! `recordStartError`, and then it is tried a few times in vain.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{Context, journal};
use crate::catalog;
use crate::catalog::journal::Call;
use crate::catalog::starts::Tried;
use crate::domain::automatic::{Next, Start};
use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;
use crate::domain::failure::About;

/// What was paid for is written down before more is paid for.
const STARTED_AT_A_TIME: u32 = 8;

/// Starts what is due at `now`: some few in any case, the others until the next look is due, `until` by the monotonic
/// clock. The rest stays due.
pub(super) async fn run(context: &Context, until: Duration, now: Timestamp) -> Result<(), catalog::Error> {
    let are_failing = context.catalog.starts_fail().await?;
    let mut is_first = true;
    while is_first || context.clock.elapsed() < until {
        is_first = false;
        let due = context.catalog.due_starts(STARTED_AT_A_TIME, now).await?;
        if due.is_empty() {
            break;
        }
        // All answers are awaited before any is written: a call under way may hold what a write waits for.
        let tried: Vec<_> = stream::iter(due)
            .map(|start| attempt(context, start, are_failing, now))
            .buffer_unordered(context.dingtalk.max_in_flight())
            .collect()
            .await;
        context.catalog.starts_tried(&tried, now).await?;
        if tried.iter().any(|tried| tried.next == Next::Stays) {
            break;
        }
    }
    Ok(())
}

async fn attempt(context: &Context, start: Start, are_failing: bool, now: Timestamp) -> Tried {
    let id = start.conference.conference_id.as_str();
    if let Some(why) = start.obstacle(&context.settings.automatic_for, now) {
        tracing::warn!(conference_id = id, "the recording of conference {id} is not started: {why}");
        return Tried { start, call: None, next: Next::Dropped(why) };
    }
    let (call, next) = match context.dingtalk.record_start(id, &start.union_id, None, None).await {
        Ok(()) => {
            tracing::info!(conference_id = id, "conference {id} is recorded, started as its creator");
            let call = journal::answered(Endpoint::RecordStart, "it is recorded");
            (Some(journal::asked_as(call, &start.union_id)), Next::Started)
        }
        Err(error) => {
            let next = start.failed(error.class, error.about(), are_failing, now);
            let what = match next {
                Next::Again(at) => format!("it is tried again at {at}"),
                Next::Stays => "it is tried again".to_owned(),
                _ => "it is not tried again".to_owned(),
            };
            // What concerns everybody is logged with its pause.
            if error.about() != About::Everybody {
                tracing::warn!(
                    conference_id = id,
                    code = %error.code,
                    "the recording of conference {id} is not started: {error}; {what}"
                );
            }
            let call = journal::failed(&error).map(|call| journal::asked_as(call, &start.union_id));
            (call.map(|call| Call { answer: format!("{}; {what}", call.answer), ..call }), next)
        }
    };
    Tried { start, call, next }
}
