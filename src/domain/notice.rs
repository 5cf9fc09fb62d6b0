//! What people are told: what needs one of them, once when it begins and once when it is over; and in which words.
//!
//! No I/O. A new kind is a variant of [`Kind`], and its words where its conditions are found, in `archive::notices`.

use std::fmt::Write;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::backoff;
use super::clock::Timestamp;

/// What kind of thing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A conference is `failed`.
    Failed,
    /// A stage has not succeeded in time: what makes `/healthz` red.
    Unhealthy,
    /// Calls are paused for longer than an hour.
    Paused,
    /// Less than a tenth of the month's share is left.
    ShareLow,
    /// Events are wanted, and there has been no connection for longer than an hour.
    Disconnected,
    /// Events tell of fewer meetings than they should.
    CoverageLow,
    /// The month's pushes will be spent before it is over.
    PushesLow,
    /// A conference is `archived`. It needs nobody, and is never over.
    Archived,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Failed,
        Self::Unhealthy,
        Self::Paused,
        Self::ShareLow,
        Self::Disconnected,
        Self::CoverageLow,
        Self::PushesLow,
        Self::Archived,
    ];

    /// Its name in the catalog, and in what is posted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unhealthy => "unhealthy",
            Self::Paused => "paused",
            Self::ShareLow => "share_low",
            Self::Disconnected => "disconnected",
            Self::CoverageLow => "coverage_low",
            Self::PushesLow => "pushes_low",
            Self::Archived => "archived",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What a message calls it.
    const fn heading(self) -> &'static str {
        match self {
            Self::ShareLow => "calls run low",
            Self::CoverageLow => "events missing",
            Self::PushesLow => "pushes run low",
            _ => self.as_str(),
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that needs a person at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub kind: Kind,
    /// What it is about: a stage, what a pause holds, a month, events.
    pub subject: String,
    pub since: Timestamp,
    pub what: String,
    /// What a person does next.
    pub advice: String,
}

/// A notice that is not over: its kind, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub kind: Kind,
    pub subject: String,
}

impl Condition {
    fn is(&self, open: &Open) -> bool {
        (self.kind, &self.subject) == (open.kind, &open.subject)
    }
}

/// What began, and what is over: the difference between the notices that are open and the conditions there are.
pub fn changes<'a>(open: &'a [Open], conditions: &'a [Condition]) -> (Vec<&'a Condition>, Vec<&'a Open>) {
    let begun = conditions.iter().filter(|condition| !open.iter().any(|open| condition.is(open)));
    let over = open.iter().filter(|open| !conditions.iter().any(|condition| condition.is(open)));
    (begun.collect(), over.collect())
}

/// What is said of one notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    pub kind: Kind,
    pub subject: String,
    pub began_at: Timestamp,
    /// `None`: it is not over.
    pub over_at: Option<Timestamp>,
    pub what: String,
    /// What a person does next; empty if there is nothing to do.
    pub to_do: String,
}

/// How many there are of a kind beside those that are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct More {
    pub kind: Kind,
    pub is_over: bool,
    pub number: u64,
}

/// What a receiver is told at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message {
    pub notices: Vec<Item>,
    pub more: Vec<More>,
}

/// The most of one notice's words that is told, and of a message: DingTalk's robot takes 20,000 bytes.
const WORDS_CHARS: usize = 300;
const TEXT_BYTES: usize = 16_000;

impl Message {
    /// In words, for people; `catalog` tells one daemon's messages from another's.
    pub fn text(&self, catalog: &str) -> String {
        let mut text = format!("recording-archiver, {}\n", one_line(catalog));
        for item in &self.notices {
            let Item { kind, began_at, what, to_do, .. } = item;
            let (kind, what) = (kind.heading(), one_line(what));
            let _ = match item.over_at {
                None => writeln!(text, "\n{kind} since {began_at}: {what}"),
                Some(over_at) => writeln!(text, "\nover: {kind} from {began_at} to {over_at}: {what}"),
            };
            if !to_do.is_empty() {
                let _ = writeln!(text, "To do: {}", one_line(to_do));
            }
        }
        for More { kind, is_over, number } in &self.more {
            let over = if *is_over { "over: " } else { "" };
            let _ = writeln!(text, "\n{over}and {number} more: {}", kind.heading());
        }
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.trim_end().to_owned()
    }
}

/// Foreign words (titles, names, errors) in one line that no character in them can turn around; the beginning of it.
fn one_line(words: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    words.chars().take(WORDS_CHARS).map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect()
}

/// A receiver gets no two messages within this time: DingTalk's robots refuse more than twenty a minute.
pub const BETWEEN_MESSAGES: Duration = Duration::from_secs(5);

/// The longest wait after a message that was not taken.
pub const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What could not be told for so long is told no more.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// When a receiver is tried again that has not taken its last `attempts` messages, 1 or more.
pub fn next_attempt(receiver: &str, attempts: u32, now: Timestamp) -> Timestamp {
    now + backoff::delay(BETWEEN_MESSAGES, LONGEST_WAIT, attempts.saturating_sub(1), receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(kind: Kind, subject: &str) -> Condition {
        let since = Timestamp::default();
        Condition { kind, subject: subject.to_owned(), since, what: String::new(), advice: String::new() }
    }

    fn item(what: &str, over_at: Option<Timestamp>) -> Item {
        Item {
            kind: Kind::Failed,
            subject: "607452e0xxx".to_owned(),
            began_at: Timestamp::default(),
            over_at,
            what: what.to_owned(),
            to_do: if over_at.is_none() { "look".to_owned() } else { String::new() },
        }
    }

    #[test]
    fn what_is_open_and_still_so_is_no_change() {
        let conditions = [condition(Kind::Unhealthy, "poll"), condition(Kind::Paused, "*")];
        let open = |kind, subject: &str| Open { kind, subject: subject.to_owned() };
        let known = [open(Kind::Unhealthy, "poll"), open(Kind::Unhealthy, "collect")];
        let (begun, over) = changes(&known, &conditions);
        assert_eq!((begun, over), (vec![&conditions[1]], vec![&known[1]]));
    }

    #[test]
    fn a_kind_is_read_back_from_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::named("other"), None);
    }

    #[test]
    fn a_message_says_what_since_when_and_what_to_do() {
        let later = Timestamp::from_millis(60_000);
        let more = vec![More { kind: Kind::Failed, is_over: false, number: 990 }];
        let message = Message { notices: vec![item("a", None), item("b", Some(later))], more };
        assert_eq!(
            message.text("catalog.db"),
            "recording-archiver, catalog.db\n\n\
             failed since 1970-01-01T00:00:00Z: a\nTo do: look\n\n\
             over: failed from 1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z: b\n\n\
             and 990 more: failed"
        );
    }

    #[test]
    fn foreign_words_make_no_line_of_their_own_and_no_message_too_long() {
        let message = Message { notices: vec![item("x\nover: \u{202e}all", None)], more: Vec::new() };
        assert!(message.text("c").contains("x over:  all\n"), "{}", message.text("c"));
        let long = "会".repeat(100_000);
        let message = Message { notices: vec![item(&long, None); 100], more: Vec::new() };
        assert!(message.text("c").len() <= TEXT_BYTES);
    }

    #[test]
    fn a_receiver_that_takes_nothing_is_tried_ever_more_rarely_and_once_an_hour_at_least() {
        let wait = |attempts| next_attempt("url", attempts, Timestamp::default()).since(Timestamp::default());
        assert!((BETWEEN_MESSAGES..BETWEEN_MESSAGES * 2).contains(&wait(1)), "{:?}", wait(1));
        assert!(wait(4) >= BETWEEN_MESSAGES * 8);
        assert_eq!(wait(100), LONGEST_WAIT);
    }
}
