//! Recordings and their hours: by day, by type, by region.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use indicatif::BinaryBytes;

use super::html::{amount, counted, joined, number};
use super::plot::{About, Column, Row, columns, rows};
use super::{Figure, Section, Shown};
use crate::catalog::Error;
use crate::catalog::history::Recorded;

/// The types that DingTalk's page explains, and all others; a recording is of the one at its number.
const TYPES: [&str; 3] = ["standard", "composed", "other"];

/// So many regions have a row of their own.
const REGIONS: usize = 6;

/// The most of a region's name that stands beside its bar.
const NAME_CHARS: usize = 15;

/// What is added up of some recordings.
#[derive(Clone, Default)]
struct Sum {
    of_type: [u64; TYPES.len()],
    recordings: u64,
    hours: f64,
    bytes: f64,
}

impl Sum {
    fn add(&mut self, recorded: &Recorded) {
        let kind = recorded.record_type.and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX);
        self.of_type[kind.min(TYPES.len() - 1)] += recorded.recordings;
        self.recordings += recorded.recordings;
        self.hours += recorded.duration_ms / 3_600_000.0;
        self.bytes += recorded.file_size;
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of recordings are far below 2^52")]
pub(super) async fn section(shown: &Shown<'_>) -> Result<Section, Error> {
    let (mut all, mut days) = (Sum::default(), Vec::new());
    let mut regions: BTreeMap<Option<String>, Sum> = BTreeMap::new();
    // A day at a time: whoever waits for the same connection waits for no more than that.
    for bin in &shown.span.bins {
        let mut sum = Sum::default();
        for recorded in shown.view.catalog.recorded(bin.since, bin.until).await? {
            sum.add(&recorded);
            all.add(&recorded);
            regions.entry(recorded.region_id.clone()).or_default().add(&recorded);
        }
        days.push((bin.day, sum));
    }
    let figures = vec![
        Figure::new("Recordings", number(all.recordings)).noted(&size(all.bytes)),
        Figure::new("Hours", amount(all.hours)).noted("recorded in all"),
    ];
    let section = |body| Section { id: "recordings", heading: "Recordings", figures, body };
    if all.recordings == 0 {
        return Ok(section("<p>No recording in the catalog began in this time.</p>\n".to_owned()));
    }
    let step = shown.span.step.name();
    let labels = shown.span.labels();
    let day = |(day, sum): &(NaiveDate, Sum)| {
        let of = if step == "day" { "" } else { "from " };
        let recordings = counted(sum.recordings, "recording", "recordings");
        format!("{of}{}: {recordings}, {} h", day.format("%a %-d %b %Y"), amount(sum.hours))
    };
    let highest = days.iter().max_by_key(|(_, sum)| sum.recordings).map(day).unwrap_or_default();
    let counts: Vec<Column> = days
        .iter()
        .map(|it| Column { parts: it.1.of_type.iter().map(|count| *count as f64).collect(), says: day(it) })
        .collect();
    let of_hours: Vec<Column> = days.iter().map(|it| Column { parts: vec![it.1.hours], says: day(it) }).collect();
    let in_words = format!(
        "{} in all, {} hours. The most: {highest}.",
        counted(all.recordings, "recording", "recordings"),
        amount(all.hours)
    );
    let recordings_title = format!("Recordings a {step}");
    let hours_title = format!("Hours recorded a {step}");
    let counts =
        columns(&About { id: "recordings-count", title: &recordings_title, says: &in_words }, &counts, &labels);
    let of_hours = columns(&About { id: "recordings-hours", title: &hours_title, says: &in_words }, &of_hours, &labels);
    let kinds = TYPES.iter().zip(all.of_type).enumerate().filter(|(_, (_, count))| *count > 0);
    let legend =
        kinds.map(|(at, (name, count))| format!("<span><i class=\"part{at}\"></i>{name} {}</span> ", number(count)));
    let legend = joined(legend);
    let regions = by_region(regions);
    Ok(section(format!(
        "<div class=\"plots\">\n\
         <figure><figcaption>{recordings_title}</figcaption>\n{counts}<p class=\"legend\">{legend}</p></figure>\n\
         <figure><figcaption>{hours_title}</figcaption>\n{of_hours}</figure>\n</div>\n\
         <figure><figcaption>By region</figcaption>\n{regions}</figure>\n"
    )))
}

#[expect(clippy::cast_precision_loss, reason = "counts of recordings are far below 2^52")]
fn by_region(regions: BTreeMap<Option<String>, Sum>) -> String {
    let mut regions: Vec<(String, Sum)> =
        regions.into_iter().map(|(region, sum)| (region.unwrap_or_else(|| "not given".to_owned()), sum)).collect();
    regions.sort_by_key(|(_, sum)| Reverse(sum.recordings));
    let rest = regions.split_off(regions.len().min(REGIONS));
    if !rest.is_empty() {
        let mut others = Sum::default();
        for (_, sum) in &rest {
            others.recordings += sum.recordings;
            others.hours += sum.hours;
            others.bytes += sum.bytes;
        }
        regions.push((format!("{} others", rest.len()), others));
    }
    let row = |(region, sum): &(String, Sum)| Row {
        label: region.chars().take(NAME_CHARS).collect(),
        value: sum.recordings as f64,
        shown: format!("{} · {} h", number(sum.recordings), amount(sum.hours)),
    };
    let says: Vec<String> = regions
        .iter()
        .map(|(region, sum)| {
            format!("{region}: {}, {} h, {}", number(sum.recordings), amount(sum.hours), size(sum.bytes))
        })
        .collect();
    let about = About { id: "recordings-region", title: "Recordings by region", says: &says.join("; ") };
    rows(&about, &regions.iter().map(row).collect::<Vec<_>>())
}

/// `12.30 GiB`
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float that is too large saturates")]
fn size(bytes: f64) -> String {
    BinaryBytes(bytes as u64).to_string()
}
