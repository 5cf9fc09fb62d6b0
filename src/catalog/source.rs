//! What is asked about in a search of gaps, and its name in the queue.

use std::fmt;

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The past meetings of a gap, by its number.
    History(i64),
    /// The plan of a booking, as this unionId.
    Booking {
        schedule_conference_id: String,
        union_id: String,
    },
    /// The last meeting of a booking.
    Instance(String),
    Room(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::History(_) => f.write_str("the past meetings of a gap"),
            Self::Booking { schedule_conference_id: id, .. } => write!(f, "the booking {id}"),
            Self::Instance(id) => write!(f, "the last meeting of the booking {id}"),
            Self::Room(code) => write!(f, "the room code {code}"),
        }
    }
}

impl Source {
    pub(in crate::catalog) const fn kind(&self) -> &'static str {
        match self {
            Self::History(_) => "history",
            Self::Booking { .. } => "booking",
            Self::Instance(_) => "instance",
            Self::Room(_) => "room",
        }
    }

    pub(in crate::catalog) fn key(&self) -> String {
        match self {
            Self::History(gap_id) => gap_id.to_string(),
            Self::Booking { schedule_conference_id: key, .. } | Self::Instance(key) | Self::Room(key) => key.clone(),
        }
    }

    pub(in crate::catalog) fn read(source: &str, key: String, union_id: Option<String>) -> Option<Self> {
        match (source, union_id) {
            ("history", _) => key.parse().ok().map(Self::History),
            ("booking", Some(union_id)) => Some(Self::Booking { schedule_conference_id: key, union_id }),
            ("booking", None) | ("instance", _) => Some(Self::Instance(key)),
            ("room", _) => Some(Self::Room(key)),
            _ => None,
        }
    }
}
