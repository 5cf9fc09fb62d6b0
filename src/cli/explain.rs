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
use crate::domain::endpoint::Endpoint;
use crate::domain::lifecycle::next_question;

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
    let Some((question, endpoints)) = next_question(state, planned.is_some()) else {
        let what = match state {
            State::Failed => {
                let id = &conference.conference_id;
                format!("nothing by itself; when the cause is repaired: `conferences retry {id}`")
            }
            _ => "nothing; its life is over".to_owned(),
        };
        return Ok(Next { what, at: None });
    };
    let poll = runs.iter().find(|run| run.stage == "poll").and_then(|run| run.next_due_at);
    // Lists are read when they are due, all else is asked with the next poll.
    let at = if endpoints.contains(&Endpoint::Videos) { planned } else { planned.max(poll) };
    let holds = |pause: &&Pause| pause.until > now && endpoints.iter().any(|endpoint| pause.scope.holds(*endpoint));
    let pause = pauses.iter().filter(holds).max_by_key(|pause| pause.until);
    let (what, at) = match pause {
        Some(pause) if at.is_none_or(|at| at < pause.until) => {
            (format!("{question}, once the pause is over ({})", pause.message), Some(pause.until))
        }
        _ => (question.to_owned(), at),
    };
    Ok(Next { what, at: at.map(|at| at.max(now).as_millis()) })
}
