//! Reads `table.md`. A cell that means nothing is an error: a row must not pass because it was not understood.

use std::collections::HashMap;
use std::time::Duration;

use recording_archiver::simulator::Endpoint;

use super::answers::{Wrong, answer};

const TABLE: &str = include_str!("table.md");

/// Whose call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Query,
    Get,
    Videos,
    Organization,
    User,
    /// The token that a poll needs.
    TokenToPoll,
    /// The token that a reading of recordings needs.
    TokenToCollect,
    /// Every endpoint, the token's too, from a poll on.
    Everything,
    Start,
    Stop,
    /// The token that `record start` needs.
    TokenToStart,
}

/// How often: the table's chapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    Hour,
    /// For an hour, and only in calls about the one conference.
    HourAlone,
    /// In a command.
    Record,
}

/// One row at one of its endpoints.
#[derive(Debug)]
pub(crate) struct Row {
    /// As it stands in the table.
    pub(crate) line: &'static str,
    /// What it is called in an error.
    pub(crate) code: String,
    pub(crate) wrong: Wrong,
    pub(crate) on: On,
    pub(crate) times: Times,
    cells: HashMap<&'static str, &'static str>,
}

/// A line of `status`: which, and words that stand in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Nothing,
    Paused(&'static str),
    Outcome(&'static str),
    Unanswered,
    Failed,
}

impl On {
    const DAEMONS: [Self; 7] =
        [Self::Query, Self::Get, Self::Videos, Self::Organization, Self::User, Self::TokenToPoll, Self::TokenToCollect];

    /// Those that a cell names.
    fn named(cell: &str) -> Vec<Self> {
        let (cell, without) = cell.split_once(" but ").unwrap_or((cell, ""));
        let among: Vec<Self> = match cell {
            "any" => Self::DAEMONS.to_vec(),
            "any API" => Self::DAEMONS.into_iter().filter(|on| !on.is_token()).collect(),
            names => names.split(", ").map(Self::of).collect(),
        };
        among.into_iter().filter(|on| without.is_empty() || *on != Self::of(without)).collect()
    }

    fn of(name: &str) -> Self {
        match name {
            "query" => Self::Query,
            "get" => Self::Get,
            "getVideos" => Self::Videos,
            "orgConferences" => Self::Organization,
            "users/lists" => Self::User,
            "token to poll" => Self::TokenToPoll,
            "token to collect" => Self::TokenToCollect,
            "everything" => Self::Everything,
            "start" => Self::Start,
            "stop" => Self::Stop,
            "token to start" => Self::TokenToStart,
            other => panic!("`{other}` is no endpoint"),
        }
    }

    /// The simulator's name for it; `None` for everything.
    pub(crate) fn endpoint(self) -> Option<Endpoint> {
        Some(match self {
            Self::Query => Endpoint::Query,
            Self::Get => Endpoint::ConferenceInfo,
            Self::Videos => Endpoint::GetVideos,
            Self::Organization => Endpoint::OrgConferences,
            Self::User => Endpoint::UsersLists,
            Self::TokenToPoll | Self::TokenToCollect | Self::TokenToStart => Endpoint::AccessToken,
            Self::Start => Endpoint::StartRecord,
            Self::Stop => Endpoint::StopRecord,
            Self::Everything => return None,
        })
    }

    /// Our name for what is called first.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Query | Self::Everything => "query",
            Self::Get => "get",
            Self::Videos => "getVideos",
            Self::Organization => "orgConferences",
            Self::User => "users/lists",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::TokenToPoll | Self::TokenToCollect | Self::TokenToStart => "accessToken",
        }
    }

    /// The stage that calls it first.
    pub(crate) fn stage(self) -> &'static str {
        match self {
            Self::Organization | Self::User => "discover",
            Self::Videos | Self::TokenToCollect => "collect",
            _ => "poll",
        }
    }

    pub(crate) fn is_token(self) -> bool {
        self.endpoint() == Some(Endpoint::AccessToken)
    }

    /// When the stage looks again after a look that was stopped.
    fn next_look(self) -> Duration {
        Duration::from_secs(match self.stage() {
            "discover" => 300,
            "collect" => 60,
            _ => 100,
        })
    }

    /// When whatever was asked about is asked about again.
    fn own_time(self) -> (Duration, Duration) {
        match self {
            Self::Get => parse("10m"),
            Self::Videos => parse("5m..6m"),
            // The next who needs one polls.
            Self::TokenToCollect => parse("3m"),
            _ => (self.next_look(), self.next_look()),
        }
    }
}

impl Row {
    fn cell(&self, head: &str) -> &'static str {
        self.cells.get(head).unwrap_or_else(|| panic!("no column `{head}`: {}", self.line))
    }

    fn given(&self, head: &str) -> Option<&'static str> {
        Some(self.cell(head)).filter(|cell| *cell != "–")
    }

    /// The conference's state afterwards; `None`: as it was.
    pub(crate) fn state(&self) -> Option<&'static str> {
        Some(self.cell("state after")).filter(|state| *state != "as it was")
    }

    /// The least and the most time from the last call that went wrong to the endpoint's next; `None`: there is none.
    pub(crate) fn next(&self) -> Option<(Duration, Duration)> {
        let (least, most) = match self.given("next attempt")? {
            "at once" => (Duration::ZERO, Duration::ZERO),
            "next look" => {
                let look = self.on.next_look().max(self.pause().map_or(Duration::ZERO, |(_, lasts)| lasts));
                (look, look)
            }
            "own time" => self.on.own_time(),
            span => parse(span),
        };
        // What a bell that rings a moment early, and a call's turn, may make of it.
        Some((least.saturating_sub(Duration::from_secs(2)), most + Duration::from_secs(3)))
    }

    /// The pause: its scope, and how long it holds from the last call that went wrong.
    pub(crate) fn pause(&self) -> Option<(&'static str, Duration)> {
        let cell = self.given("pause")?;
        let (scope, lasts) = cell.split_once(", ").unwrap_or_else(|| panic!("`{cell}` is no pause"));
        let scope = match scope {
            "all" => "*",
            // Without a token there is no call at all.
            "this" if self.on.is_token() => "*",
            "this" => self.on.as_str(),
            other => panic!("`{other}` is no scope"),
        };
        Some((scope, parse(lasts).0))
    }

    /// What `status` says.
    pub(crate) fn says(&self) -> Says {
        let Some(cell) = self.given("status says") else { return Says::Nothing };
        match cell.split_once(": ").unwrap_or((cell, "")) {
            ("paused", words) => Says::Paused(words),
            ("outcome", words) => Says::Outcome(words),
            ("unanswered", "") => Says::Unanswered,
            ("1 failed", "") => Says::Failed,
            _ => panic!("`{cell}` is no line of status"),
        }
    }

    /// What the command says; `None`: that it is done.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        self.given("says")
    }

    /// Whether DingTalk meters the call; `None`: it never got there.
    pub(crate) fn is_metered(&self) -> Option<bool> {
        match self.given("metered")? {
            "yes" => Some(!self.on.is_token()),
            "no" => Some(false),
            other => panic!("`{other}` is neither yes nor no"),
        }
    }

    /// What the ledger calls it; `None` for a token, which is free.
    pub(crate) fn outcome(&self) -> Option<String> {
        (!self.on.is_token()).then(|| match self.cell("ledger") {
            "its code" => self.code.clone(),
            word => word.trim_matches('`').to_owned(),
        })
    }

    /// The most calls in the hour.
    pub(crate) fn calls(&self) -> Option<usize> {
        (self.times != Times::Once).then(|| self.cell("calls").parse().unwrap())
    }
}

/// The rows of one endpoint. There must be some.
pub(crate) fn rows(on: On) -> Vec<Row> {
    let (mut times, mut heads, mut rows) = (None, Vec::new(), Vec::new());
    for line in TABLE.lines() {
        if let Some(chapter) = line.strip_prefix("## ") {
            times = Some(match chapter {
                "Once" => Times::Once,
                "For an hour" => Times::Hour,
                "For an hour, about one conference alone" => Times::HourAlone,
                "In a command" => Times::Record,
                other => panic!("`{other}` is no chapter"),
            });
        } else if let Some(line) = line.strip_prefix('|').filter(|line| !line.starts_with('-')) {
            let cells: Vec<&'static str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
            if cells[0] == "code" {
                heads = cells;
                continue;
            }
            assert_eq!(cells.len(), heads.len(), "a cell too few or too many: {line}");
            let cells: HashMap<_, _> = heads.iter().copied().zip(cells).collect();
            for on in On::named(cells["on"]).into_iter().filter(|named| *named == on) {
                rows.push(row(line, cells.clone(), on, times.unwrap()));
            }
        }
    }
    assert!(!rows.is_empty(), "no row for {on:?}");
    rows
}

fn row(line: &'static str, cells: HashMap<&'static str, &'static str>, on: On, times: Times) -> Row {
    let (wrong, code) = answer(cells["code"], cells["HTTP"]);
    Row { line, code, wrong, on, times, cells }
}

fn parse(span: &str) -> (Duration, Duration) {
    let parse = |text: &str| humantime::parse_duration(text).unwrap_or_else(|_| panic!("`{text}` is no duration"));
    let (least, most) = span.split_once("..").unwrap_or((span, span));
    (parse(least), parse(most))
}
