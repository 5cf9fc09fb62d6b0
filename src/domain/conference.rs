//! A conference: what is known of it and where it stands in its life.
//!
//! No I/O. The numbers are DingTalk's own; one it has not documented is kept as it came.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use super::clock::Timestamp;
use super::wait::Wait;

/// Where a conference stands. Every conference ends in one of the last three: none is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Known, not started.
    #[default]
    Waiting,
    /// In progress, as far as known.
    Active,
    /// Over; its recordings are awaited.
    Ended,
    /// Its recordings are in the catalog.
    Archived,
    /// Confirmed: nothing was recorded.
    Unrecorded,
    /// Needs a person; the reason stands beside it.
    Failed,
}

impl State {
    /// Every state, in the order of a conference's life.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Active, Self::Ended, Self::Archived, Self::Unrecorded, Self::Failed];

    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Archived => "archived",
            Self::Unrecorded => "unrecorded",
            Self::Failed => "failed",
        }
    }

    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Archived | Self::Unrecorded | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a conference: waiting, active, ended, archived, unrecorded or failed")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| UnknownState(word.to_owned()))
    }
}

/// A conference, as far as the catalog's knowledge decides anything about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conference {
    pub conference_id: String,
    /// Where it stands; `None`: the catalog does not know it.
    pub state: Option<State>,
    pub title: Option<String>,
    pub discovered_by: DiscoveredBy,
    pub discovered_at: Timestamp,
    /// When it was last seen in progress.
    pub last_active_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// How often DingTalk was asked about it in this state.
    pub attempts: u32,
    /// Not asked about before this.
    pub next_attempt_at: Option<Timestamp>,
    /// `cloudRecordStatus`, as conference info gave it.
    pub record_status: Option<i64>,
    /// Whom the operator said to ask as.
    pub union_id_hint: Option<String>,
    pub record_owner_union_id: Option<String>,
    pub creator_union_id: Option<String>,
    /// What is remembered of it while an answer is awaited.
    pub wait: Wait,
}

impl Conference {
    /// A conference that the catalog does not know.
    pub fn unknown(conference_id: &str, by: DiscoveredBy, now: Timestamp) -> Self {
        Self {
            conference_id: conference_id.to_owned(),
            discovered_by: by,
            discovered_at: now,
            wait: Wait::new(now),
            ..Self::default()
        }
    }

    /// The unionIds to ask for its recordings as, in turn, each once: whoever was accepted last, the operator's hint, the
    /// owner of the cloud recording, its creator, and `fallback`. What DingTalk gave as a unionId and cannot be one is
    /// left out: to ask as it would fail, and keep those behind it from being asked.
    pub fn union_ids_to_try<'a>(&'a self, fallback: Option<&'a str>) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        [
            self.wait.accepted_union_id.as_deref(),
            self.union_id_hint.as_deref(),
            self.record_owner_union_id.as_deref(),
            self.creator_union_id.as_deref(),
            fallback,
        ]
        .into_iter()
        .flatten()
        .filter(|union_id| is_union_id(union_id) && seen.insert(*union_id))
        .collect()
    }
}

/// How a conference came to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiscoveredBy {
    Config,
    /// Also where the catalog has a word that no version of this program writes.
    #[default]
    Cli,
    Organization,
    User,
    Event,
    History,
}

impl DiscoveredBy {
    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Cli => "cli",
            Self::Organization => "organization",
            Self::User => "user",
            Self::Event => "event",
            Self::History => "history",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Self {
        let all = [Self::Config, Self::Organization, Self::User, Self::Event, Self::History];
        all.into_iter().find(|by| by.as_str() == name).unwrap_or_default()
    }

    /// How that came about, in words.
    pub const fn how(self) -> &'static str {
        match self {
            Self::Config => "watch.conferences names it",
            Self::Cli => "put on watch from the command line",
            Self::Organization => "the organisation's list shows it in progress",
            Self::User => "a user's list shows it in progress",
            Self::Event => "an event tells of it",
            Self::History => "it was found afterwards, in a time in which nobody looked",
        }
    }
}

/// `status`: whether a conference goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    NotStarted,
    Ended,
    InProgress,
    /// A number that no page explains, or none at all: never an answer.
    Unknown(Option<i64>),
}

impl Status {
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::NotStarted => Some(0),
            Self::Ended => Some(1),
            Self::InProgress => Some(2),
            Self::Unknown(number) => number,
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self::Unknown(None)
    }
}

impl From<Option<i64>> for Status {
    fn from(number: Option<i64>) -> Self {
        match number {
            Some(0) => Self::NotStarted,
            Some(1) => Self::Ended,
            Some(2) => Self::InProgress,
            other => Self::Unknown(other),
        }
    }
}

/// What conference info says of a conference (`videoConferences/{conferenceId}`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConferenceInfo {
    pub status: Status,
    pub title: Option<String>,
    /// The number people join with.
    pub room_code: Option<String>,
    /// The booking it came from.
    pub schedule_conference_id: Option<String>,
    /// `0` instant, `3` booked, `audio_conf` audio.
    pub biz_type: Option<String>,
    pub creator_union_id: Option<String>,
    pub creator_nick: Option<String>,
    /// When it began, or is planned to.
    pub started_at: Option<Timestamp>,
    /// Only after the end.
    pub ended_at: Option<Timestamp>,
    /// Only after the end.
    pub duration_ms: Option<i64>,
    /// `cloudRecordStatus`: 0 none, 1 recording, 2 paused, 3 ended.
    pub record_status: Option<i64>,
    pub record_owner_union_id: Option<String>,
}

/// A conference as a listing or the batch query shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub conference_id: String,
    /// Less than conference info says.
    pub info: ConferenceInfo,
}

/// A `conferenceId` that cannot be one, and why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadConferenceId(String);

/// No real id comes near this length.
const MAX_ID_BYTES: usize = 256;

/// Whether `id` can be a `conferenceId`: refused is only what no address could carry.
pub fn check_conference_id(id: &str) -> Result<(), BadConferenceId> {
    let why = if id.is_empty() {
        "a conferenceId is empty".to_owned()
    } else if id.len() > MAX_ID_BYTES {
        format!("a conferenceId of {} bytes is too long: the most is {MAX_ID_BYTES}", id.len())
    } else if has_blank(id) {
        format!("the conferenceId {id:?} has white space, a control character or U+FFFD in it")
    } else if matches!(id, "." | "..") {
        format!("`{id}` cannot be a conferenceId: in an address it means a folder")
    } else {
        return Ok(());
    };
    Err(BadConferenceId(why))
}

/// Whether somebody can be asked as, by this unionId: it goes out in an address, which is refused whole if it is too long.
/// One that no real unionId comes near is passed over, so that it does not stand in the way of the next.
pub fn is_union_id(union_id: &str) -> bool {
    !union_id.is_empty() && union_id.len() <= MAX_ID_BYTES && !has_blank(union_id)
}

/// White space, a control character, or U+FFFD, which stands for what could not be read.
fn has_blank(id: &str) -> bool {
    id.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_ask_as_is_asked_in_turn_and_once() {
        let mut conference = Conference::unknown("a", DiscoveredBy::Cli, Timestamp::from_millis(0));
        conference.union_id_hint = Some("x".repeat(1_000_000));
        conference.record_owner_union_id = Some("owner".to_owned());
        conference.creator_union_id = Some("creator".to_owned());
        assert_eq!(conference.union_ids_to_try(Some("owner")), ["owner", "creator"]);
        conference.wait.accepted_union_id = Some("creator".to_owned());
        assert_eq!(conference.union_ids_to_try(Some("")), ["creator", "owner"]);
    }

    #[test]
    fn a_union_id_must_be_able_to_stand_in_an_address() {
        let longest = "x".repeat(MAX_ID_BYTES);
        for union_id in ["WFBkgxxx", "host&=?/会", "..", longest.as_str()] {
            assert!(is_union_id(union_id), "{union_id}");
        }
        for union_id in ["", "a b", "a\u{0}", &"x".repeat(MAX_ID_BYTES + 1)] {
            assert!(!is_union_id(union_id), "{union_id:?}");
        }
    }

    #[test]
    fn an_id_must_be_able_to_stand_in_an_address() {
        let longest = "x".repeat(MAX_ID_BYTES);
        for id in ["607452e0xxx", "12345", "a/b", "../../x?y#z", "会议", "...", longest.as_str()] {
            assert_eq!(check_conference_id(id), Ok(()), "{id}");
        }
        for id in ["", " ", "a b", "a\n", "a\u{0}", "a\u{fffd}", "a\u{3000}", ".", "..", &"x".repeat(MAX_ID_BYTES + 1)]
        {
            assert!(check_conference_id(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn every_state_is_read_back_from_its_word() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("closed".parse::<State>().is_err());
    }
}
