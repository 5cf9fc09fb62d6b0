//! `gaps`: lists the times in which nobody looked, and what was found of them afterwards.

use clap::Subcommand;

use super::open;
use super::output::{self, Listing};
use super::table::{Cell, Column, Kind};
use super::zone::{Precision, When};
use crate::catalog::gaps::GapRow;
use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};

#[derive(Debug, Subcommand)]
pub(super) enum Gaps {
    /// List the times in which nobody looked and no event could arrive, those that ended last first
    List {
        /// Ended on or after this day, or at or after this instant: 2026-06-01, 2026-06-01T09:00:00Z, today, yesterday,
        /// or 7d for seven days ago
        #[arg(long, value_name = "D")]
        since: Option<When>,
        #[command(flatten)]
        listing: Listing,
    },
}

pub(super) async fn run(gaps: &Gaps, config: &Config) -> anyhow::Result<()> {
    let Gaps::List { since, listing } = gaps;
    let columns = [
        Column("began", Kind::Time(Precision::Minutes), 0),
        Column("ended", Kind::Time(Precision::Minutes), 0),
        Column("lasted", Kind::Number, 2),
        Column("why", Kind::Text(24), 1),
        Column("found", Kind::Number, 0),
        Column("searched", Kind::Text(28), 0),
    ];
    let cells = |row: &GapRow| {
        let gap = row.gap();
        vec![
            Cell::time(Some(gap.began_at)),
            Cell::time(Some(gap.ended_at)),
            output::clock_time(Some(row.ended_at - row.began_at)),
            gap.reason.in_words().into(),
            row.found.to_string().into(),
            row.search().to_string().into(),
        ]
    };
    let since = since.map(|since| since.begins(listing.screen().zone, SystemClock::new().now()));
    open::read(config, async |catalog| {
        let rows = catalog.list_gaps(since, listing.most());
        listing.print(rows, catalog.count_gaps(since), &columns, cells, "no gaps: somebody looked all the time").await
    })
    .await
}
