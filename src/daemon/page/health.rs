//! Whether the daemon achieves what it is there for: what `status` says.

use std::time::Duration;

use super::html::{table, text, time};
use super::{Section, Shown};
use crate::archive::LookIntervals;
use crate::archive::health::{self, Stale};
use crate::catalog::Error;
use crate::catalog::lists::LastErrorRow;
use crate::catalog::pauses::Pause;
use crate::catalog::runs::JobRun;
use crate::daemon::lock::{Lock, Note};
use crate::domain::calendar::duration;
use crate::domain::clock::Timestamp;
use crate::domain::schedule::Schedule;

/// What is known of it.
pub(super) struct Health {
    /// The daemon at work, and its note.
    daemon: Option<(u32, Note)>,
    stale: Vec<Stale>,
    stages: Vec<JobRun>,
    pauses: Vec<Pause>,
    last_error: Option<LastErrorRow>,
    looks: String,
}

/// The sentence at the head of the page.
pub(super) struct Verdict {
    /// `bad` needs a person; `idle` is neither good nor bad.
    class: &'static str,
    says: String,
}

impl Verdict {
    pub(super) fn html(&self) -> String {
        format!("<p class=\"verdict {}\">{}</p>\n", self.class, text(&self.says))
    }
}

impl Health {
    pub(super) async fn load(shown: &Shown<'_>) -> Result<Self, Error> {
        let (view, now) = (shown.view, shown.now);
        let pauses = view.catalog.pauses().await?;
        Ok(Self {
            daemon: Lock::holder(view.catalog.location().beside()),
            stale: health::stale(&view.catalog, &view.settings, view.share, now).await?,
            stages: view.catalog.job_runs().await?,
            pauses: pauses.into_iter().filter(|pause| pause.until > now).collect(),
            last_error: view.catalog.last_error().await?,
            looks: looks(shown, now).await?,
        })
    }

    pub(super) fn verdict(&self) -> Verdict {
        let waits_for = self.daemon.as_ref().and_then(|(_, note)| note.waits_for.as_ref());
        let stale: Vec<&str> = self.stale.iter().map(|stale| stale.stage.as_str()).collect();
        let (class, says) = match waits_for {
            Some(waits_for) => ("bad", format!("The daemon waits: {waits_for}")),
            None if !stale.is_empty() => ("bad", format!("Not well: {} did not succeed in time", stale.join(", "))),
            None if self.stages.is_empty() => ("idle", "No stage has run yet".to_owned()),
            None if self.daemon.is_none() => ("idle", "The daemon does not run".to_owned()),
            None => ("", "All is well".to_owned()),
        };
        Verdict { class, says }
    }

    /// What is said of it: a name, a text, and whether that is bad.
    fn facts(&self, shown: &Shown<'_>) -> Vec<(&'static str, String, bool)> {
        let mut facts = Vec::new();
        let daemon = self.daemon.as_ref().map(|(pid, _)| format!("runs, pid {pid}"));
        facts.push(("Daemon", daemon.unwrap_or_else(|| "does not run".to_owned()), false));
        if let Some((_, Note { waits_for, refused, .. })) = &self.daemon {
            facts.extend(waits_for.as_ref().map(|waits_for| ("Waits for", text(waits_for).to_string(), true)));
            let refused =
                refused.as_ref().map(|refused| format!("refused; the previous one is in use: {}", text(refused)));
            facts.extend(refused.map(|refused| ("Configuration", refused, true)));
        }
        for Stale { stage, since, stopped_by } in &self.stale {
            let why = stopped_by.as_ref().map_or_else(|| "it does not run".to_owned(), |why| text(why).to_string());
            let since = time(*since, shown.zone);
            facts.push(("Unhealthy", format!("{} has not succeeded since {since}: {why}", stage.as_str()), true));
        }
        for Pause { scope, until, message, .. } in &self.pauses {
            facts.push(("Paused", format!("{scope} until {}: {}", time(*until, shown.zone), text(message)), true));
        }
        facts.push(("Looks", text(&self.looks).to_string(), false));
        let error = self.last_error.as_ref().map(|last| unanswered(last, shown));
        facts.push(("Last error", error.unwrap_or_else(|| "none about an open conference".to_owned()), false));
        facts
    }

    pub(super) fn section(&self, shown: &Shown<'_>) -> Section {
        let fact = |(name, says, is_bad): (&str, String, bool)| {
            let class = if is_bad { " class=\"bad\"" } else { "" };
            format!("<dt>{name}</dt><dd{class}>{says}</dd>\n")
        };
        let facts: String = self.facts(shown).into_iter().map(fact).collect();
        let row = |run: &JobRun| {
            let due = run.next_due_at.map(|due| time(due.max(shown.now), shown.zone));
            let outcome = match run.outcome.as_str() {
                "ok" => "ok".to_owned(),
                stopped_by => format!("<span class=\"bad\">{}</span>", text(stopped_by)),
            };
            vec![
                run.stage.clone(),
                time(run.last_finished_at, shown.zone),
                outcome,
                due.unwrap_or_else(|| "when there is something to do".to_owned()),
            ]
        };
        let stages: Vec<Vec<String>> = self.stages.iter().map(row).collect();
        let stages = if stages.is_empty() {
            "<p>No stage has run yet.</p>\n".to_owned()
        } else {
            table(&["Stage", "Last run", "Outcome", "Next due"], &stages)
        };
        let body = format!("<dl>\n{facts}</dl>\n{stages}");
        Section { id: "health", heading: "Health", figures: Vec::new(), body }
    }
}

/// The intervals in use.
async fn looks(shown: &Shown<'_>, now: Timestamp) -> Result<String, Error> {
    let settings = &shown.view.settings;
    let pace = LookIntervals::at(&shown.view.catalog, settings, shown.view.share, now).await?;
    let discovers = settings.organization || !settings.users.is_empty();
    let stages = [("discover", &settings.discover, pace.discover), ("poll", &settings.poll, pace.poll)];
    let stages = stages.into_iter().filter(|(stage, ..)| discovers || *stage == "poll");
    let why = match &shown.events {
        Some(events) if events.are_trusted => ", stretched, for events tell of nearly all meetings",
        _ => ", stretched so that the month’s calls last",
    };
    let interval = |(stage, schedule, pace): (&str, &Schedule, Duration)| {
        let configured = schedule.shortest_gap(now);
        let stretched = if pace > configured { why } else { "" };
        format!("{stage} every {}{stretched}", duration(configured.max(pace)))
    };
    Ok(stages.map(interval).collect::<Vec<_>>().join("; "))
}

fn unanswered(last: &LastErrorRow, shown: &Shown<'_>) -> String {
    let LastErrorRow { conferences, conference_id, last_error_code, last_error_message, last_error_at } = last;
    let at = last_error_at.map(|at| format!(" at {}", time(Timestamp::from_millis(at), shown.zone)));
    let message = last_error_message.as_deref().filter(|message| *message != last_error_code);
    let message = message.map(|message| format!(": {}", text(message))).unwrap_or_default();
    let others =
        if *conferences > 1 { format!(", and {} others are unanswered", conferences - 1) } else { String::new() };
    format!(
        "<code>{}</code>{message}{}, about <code>{}</code>{others}",
        text(last_error_code),
        at.unwrap_or_default(),
        text(conference_id)
    )
}
