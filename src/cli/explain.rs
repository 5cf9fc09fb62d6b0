//! `conferences explain`: one conference: what happened, why, and what comes next.

use anyhow::bail;
use serde::Serialize;

use super::output::{self, Dated, Format};
use super::screen::Screen;
use super::table::{Cell, Column, Kind};
use super::zone::Precision;
use super::{open, sanitize};
use crate::catalog::journal::EventRow;
use crate::catalog::lists::ConferenceRow;
use crate::catalog::pauses::Pause;
use crate::catalog::runs::JobRun;
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock, Timestamp};
use crate::domain::conference::State;
use crate::domain::endpoint::Endpoint;
use crate::domain::lifecycle::next_question;

#[derive(Serialize)]
struct Explanation {
    conference_id: String,
    title: Option<String>,
    state: String,
    events: Vec<EventRow>,
    next: Next,
}

#[derive(Serialize)]
struct Next {
    what: String,
    /// When, as far as can be told; `None`: never, or when somebody acts.
    at: Option<i64>,
}

pub(super) async fn run(config: &Config, conference_id: &str, printed: Dated) -> anyhow::Result<()> {
    let explanation = open::read(config, async |catalog| {
        let Some(conference) = catalog.conference(conference_id).await? else {
            bail!("the catalog does not know the conference {conference_id}: put it on watch with `watch add`");
        };
        let (runs, pauses) = (catalog.job_runs().await?, catalog.pauses().await?);
        let next = next(&conference, &runs, &pauses, SystemClock::new().now())?;
        let events = catalog.events(conference_id).await?;
        let ConferenceRow { conference_id, title, state, .. } = conference;
        Ok(Explanation { conference_id, title, state, events, next })
    })
    .await?;
    match printed.format {
        Format::Json => output::json(&explanation),
        Format::Table => print(&explanation, &printed.screen()),
    }
}

fn print(explanation: &Explanation, screen: &Screen) -> anyhow::Result<()> {
    let about = screen.facts([
        ("conference_id", explanation.conference_id.as_str().into()),
        ("title", explanation.title.clone().into()),
        ("state", output::state(&explanation.state)),
    ]);
    let columns = [
        Column("when", Kind::Time(Precision::Seconds), 0),
        Column("what", Kind::Word, 0),
        Column("state", Kind::Word, 0),
        Column("next", Kind::Time(Precision::Seconds), 0),
        Column("why", Kind::Prose, 0),
    ];
    let row = |event: &EventRow| {
        let call = |endpoint: &String| format!("{endpoint}: {}", event.outcome.as_deref().unwrap_or_default());
        // A call decides nothing: what follows stands in the line below it.
        let (state, next) = match event.event.as_str() {
            "call" => ("".into(), Cell::time(None)),
            _ => (output::state(&event.state), Cell::millis(event.next_attempt_at)),
        };
        let what = event.endpoint.as_ref().map_or_else(|| event.event.clone(), call);
        vec![Cell::millis(Some(event.at)), what.into(), state, next, event.reason.clone().into()]
    };
    let events: Vec<_> = explanation.events.iter().map(row).collect();
    let events = if events.is_empty() { String::new() } else { screen.table(&columns, &events) + "\n" };
    let what = sanitize::text(&explanation.next.what);
    let at = explanation.next.at.map(|at| format!(", at {}", screen.zone.show(Timestamp::from_millis(at))));
    let next = screen.prose(&format!("next: {what}{}", at.unwrap_or_default()));
    output::print(&format!("{about}\n{events}{next}"))
}

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
