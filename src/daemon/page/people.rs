//! What needs a person.

use futures_util::TryStreamExt;

use super::html::{counted, number, table, text, time};
use super::{Figure, Section, Shown};
use crate::catalog::Error;
use crate::catalog::lists::{ConferenceFilter, ConferenceRow};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;

/// So many are named.
const NAMED: u64 = 20;

pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let catalog = &shown.view.catalog;
    let failed = ConferenceFilter::In(State::Failed);
    let count = catalog.count_conferences(failed).await?;
    let note = if count == 0 { "nothing failed" } else { "failed conferences" };
    let figures = vec![Figure { is_bad: count > 0, ..Figure::new("Needs a person", number(count)).noted(note) }];
    let section = |body| Section { id: "person", heading: "Needs a person", figures, body };
    if count == 0 {
        return Ok(section("<p>Nothing: no conference failed.</p>\n".to_owned()));
    }
    let rows: Vec<_> = catalog.list_conferences(failed, Some(NAMED)).try_collect().await?;
    let row = |row: &ConferenceRow| {
        let title = row.title.as_deref().unwrap_or("untitled");
        let code = row.last_error_code.as_deref().unwrap_or("no code");
        let message = row.last_error_message.as_deref().filter(|message| !message.is_empty() && *message != code);
        let message = message.map(|message| format!(": {}", text(message))).unwrap_or_default();
        let closed = row.closed_at.map(|at| time(Timestamp::from_millis(at), shown.zone));
        vec![
            format!("<bdi>{}</bdi>", text(title)),
            format!("<code>{}</code>", text(&row.conference_id)),
            closed.unwrap_or_default(),
            format!("<code>{}</code><bdi>{message}</bdi>", text(code)),
        ]
    };
    let named: Vec<Vec<String>> =
        rows.iter().map(|listed| Ok::<_, Error>(row(&listed.row()?))).collect::<Result<_, _>>()?;
    let more = count.saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" These began last; there are {} more.", number(more)) };
    Ok(section(format!(
        "<p>{} failed.{more} <code>explain-code CODE</code> says what to do; \
         <code>conferences retry ID</code> then reads the list anew.</p>\n{}",
        counted(count, "conference", "conferences"),
        table(&["Title", "Conference", "Failed", "Why"], &named)
    )))
}
