//! `conferences explain`: the whole story of one conference: what happened, why, and what comes next.

use anyhow::bail;
use serde::Serialize;

use super::output::{self, Format};
use super::sanitize;
use crate::catalog::Catalog;
use crate::catalog::journal::EventRow;
use crate::catalog::lists::ConferenceRow;
use crate::catalog::pauses::Pause;
use crate::catalog::runs::JobRun;
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::State;
use crate::domain::lifecycle::{Question, next_question};

/// A conference's story.
#[derive(Serialize)]
struct Story {
    conference_id: String,
    title: Option<String>,
    state: String,
    events: Vec<EventRow>,
    next: Next,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Next {
    /// In words.
    what: String,
    /// When, as far as can be told; `None`: never, or when somebody acts.
    at: Option<i64>,
}

pub(super) async fn run(config: &Config, conference_id: &str, format: Format) -> anyhow::Result<()> {
    let catalog = Catalog::open_read_only(&config.catalog.path).await?;
    let conference = catalog.conference(conference_id).await?;
    let events = catalog.events(conference_id).await?;
    let (runs, pauses) = (catalog.job_runs().await?, catalog.pauses().await?);
    catalog.close().await;
    let Some(conference) = conference else {
        bail!("the catalog does not know the conference {conference_id}: put it on watch with `watch add`");
    };
    let next = next(&conference, &runs, &pauses, SystemClock::new().now())?;
    let ConferenceRow { conference_id, title, state, .. } = conference;
    let story = Story { conference_id, title, state, events, next };
    match format {
        Format::Json => output::json(&story),
        Format::Table => print(&story),
    }
}

fn print(story: &Story) -> anyhow::Result<()> {
    let about = output::table(
        &[],
        [
            vec!["conference_id".to_owned(), story.conference_id.clone()],
            vec!["title".to_owned(), story.title.clone().unwrap_or_default()],
            vec!["state".to_owned(), story.state.clone()],
        ],
    );
    let events = output::table(
        &["when", "what", "why", "state", "next"],
        story.events.iter().map(|event| {
            let call = |endpoint: &String| format!("{endpoint}: {}", event.outcome.as_deref().unwrap_or_default());
            // A call decides nothing: what follows stands in the line below it.
            let (state, next) = match event.event.as_str() {
                "call" => (String::new(), String::new()),
                _ => (event.state.clone(), output::instant(event.next_attempt_at)),
            };
            vec![
                output::instant(Some(event.at)),
                event.endpoint.as_ref().map_or_else(|| event.event.clone(), call),
                event.reason.clone(),
                state,
                next,
            ]
        }),
    );
    let what = sanitize::text(&story.next.what);
    let at = story.next.at.map(|at| format!(", at {}", Timestamp::from_millis(at))).unwrap_or_default();
    output::print(&format!("{about}\n{events}\nnext: {what}{at}\n"))
}

/// What comes next for a conference at `now`.
fn next(conference: &ConferenceRow, runs: &[JobRun], pauses: &[Pause], now: Timestamp) -> anyhow::Result<Next> {
    let planned = conference.next_attempt_at.map(Timestamp::from_millis);
    let state: State = conference.state.parse()?;
    let question = next_question(state, planned.is_some());
    let at = match question {
        Question::Nothing if state == State::Failed => {
            let id = &conference.conference_id;
            let what = format!("nothing by itself; when the cause is repaired: `conferences retry {id}`");
            return Ok(Next { what, at: None });
        }
        Question::Nothing => return Ok(Next { what: "nothing; its life is over".to_owned(), at: None }),
        Question::Progress | Question::Info => {
            let poll = runs.iter().find(|run| run.stage == "poll").and_then(|run| run.next_due_at);
            planned.max(poll)
        }
        Question::List | Question::LastLook => planned,
    };
    let holds =
        |pause: &&Pause| pause.until > now && question.endpoints().iter().any(|endpoint| pause.scope.holds(*endpoint));
    let pause = pauses.iter().filter(holds).max_by_key(|pause| pause.until);
    let (what, at) = match pause {
        Some(pause) if at.is_none_or(|at| at < pause.until) => {
            (format!("{}, once the pause is over ({})", question.as_str(), pause.message), Some(pause.until))
        }
        _ => (question.as_str().to_owned(), at),
    };
    Ok(Next { what, at: at.map(|at| at.max(now).as_millis()) })
}
