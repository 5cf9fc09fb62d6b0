//! The report: one page of HTML that needs nothing else.
//!
//! A section is a file with a function `section`, and a line in [`render`]. It reads what it shows, and answers with
//! sentences where there is nothing to draw. Whatever is foreign in it goes through `html::text`.

mod backlog;
mod calls;
mod events;
mod gaps;
mod health;
mod html;
mod lags;
mod month;
mod people;
mod plot;
mod recordings;
mod span;

use chrono::{DateTime, Datelike, Days, NaiveDate};

use self::html::text;
use self::span::Span;
use super::view::View;
use crate::archive;
use crate::archive::events::EventReport;
use crate::catalog::Error;
use crate::domain::calendar::{Precision, Zone, offset};
use crate::domain::clock::Timestamp;

/// What the page may load or run: nothing but its own style.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The time that is shown if nobody says otherwise, today included.
const DAYS: u64 = 90;

/// Of a younger catalog, so many days are shown.
const FEWEST_DAYS: u64 = 14;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub now: Timestamp,
    /// Of the days and of every instant that is shown.
    pub zone: Zone,
    /// `None`: for the last 90 days.
    pub since: Option<Timestamp>,
    /// `None`: until now.
    pub until: Option<Timestamp>,
}

/// What every section works with.
struct Shown<'a> {
    view: &'a View,
    now: Timestamp,
    zone: Zone,
    span: Span,
    /// `None`: none are wanted.
    events: Option<EventReport>,
}

/// A part of the page.
struct Section {
    /// Names it in addresses.
    id: &'static str,
    heading: &'static str,
    /// What stands at the head of the page for it.
    figures: Vec<Figure>,
    /// HTML.
    body: String,
}

/// A key figure, as text.
struct Figure {
    label: &'static str,
    value: String,
    note: String,
    /// It needs a person.
    is_bad: bool,
}

/// The page at an instant. Reads only.
pub async fn render(view: &View, asked: Asked) -> Result<String, Error> {
    let shown = Shown::new(view, asked).await?;
    let health = health::Health::load(&shown).await?;
    let mut sections = vec![recordings::section(&shown).await?, calls::section(&shown).await?];
    sections.extend(events::section(&shown).await?);
    sections.extend([
        lags::section(&shown).await?,
        gaps::section(&shown).await?,
        backlog::section(&shown).await?,
        people::section(&shown).await?,
        health.section(&shown),
    ]);
    Ok(page(&shown, &health.verdict(), &sections))
}

impl<'a> Shown<'a> {
    async fn new(view: &'a View, Asked { now, zone, since, until }: Asked) -> Result<Self, Error> {
        let until = until.unwrap_or(Timestamp::from_millis(i64::MAX)).min(now);
        let days_before = |instant: Timestamp, days: u64| {
            let day = zone.at(instant).and_then(|at| at.date_naive().checked_sub_days(Days::new(days)));
            day.map_or(instant, |day| zone.midnight(day))
        };
        let since = since.unwrap_or_else(|| days_before(until, DAYS - 1));
        // Nothing is known of the time before the first recording; a few days of it are room to stand out in.
        let first = view.catalog.first_recording(since).await?.map_or(until, |first| days_before(first, 0));
        let since = since.max(first.min(days_before(until, FEWEST_DAYS - 1)));
        let events = archive::events::report(&view.catalog, &view.settings, now).await?;
        Ok(Self { view, now, zone, span: Span::new(since, until, zone), events })
    }

    /// The day on which its time ends.
    fn last_day(&self) -> NaiveDate {
        let last_instant = Timestamp::from_millis(self.span.until().as_millis().saturating_sub(1));
        self.zone.at(last_instant).map(|at| at.date_naive()).unwrap_or_default()
    }
}

impl Section {
    fn html(&self) -> String {
        let Self { id, heading, body, .. } = self;
        format!("<section id=\"{id}\">\n<h2>{heading}</h2>\n{body}</section>\n")
    }
}

impl Figure {
    fn new(label: &'static str, value: String) -> Self {
        Self { label, value, note: String::new(), is_bad: false }
    }

    /// The same, with a few words below.
    fn noted(self, note: &str) -> Self {
        Self { note: note.to_owned(), ..self }
    }

    fn html(&self, id: &str) -> String {
        let class = if self.is_bad { " class=\"bad\"" } else { "" };
        let (value, note) = (text(&self.value), text(&self.note));
        format!(
            "<li{class}><a href=\"#{id}\"><span>{}</span><b>{value}</b><small>{note}</small></a></li>\n",
            self.label
        )
    }
}

fn page(shown: &Shown<'_>, verdict: &health::Verdict, sections: &[Section]) -> String {
    let figures: String =
        sections.iter().flat_map(|section| section.figures.iter().map(|figure| figure.html(section.id))).collect();
    let bodies: String = sections.iter().map(Section::html).collect();
    let (span, zone) = (&shown.span, shown.zone);
    let (first, last) = (span.bins.first().map(|bin| bin.day).unwrap_or_default(), shown.last_day());
    let from = first.format(if first.year() == last.year() { "%-d %B" } else { "%-d %B %Y" });
    let days = last.format("%-d %B %Y");
    let days = if first == last { days.to_string() } else { format!("{from} – {days}") };
    let at = zone.at(shown.now);
    let at = at.map(|at: DateTime<_>| format!("{} {}", Precision::Minutes.show(&at), offset(*at.offset())));
    format!(
        include_str!("page.html"),
        policy = POLICY,
        style = include_str!("page.css"),
        days = text(&days),
        verdict = verdict.html(),
        figures = figures,
        sections = bodies,
        catalog = text(&shown.view.catalog.location().to_string()),
        at = text(&at.unwrap_or_default()),
        version = env!("CARGO_PKG_VERSION"),
    )
}
