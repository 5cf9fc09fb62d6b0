//! What happened in a time, added up for the page that shows it.

/// Recordings of one region and type.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub region_id: Option<String>,
    pub record_type: Option<i64>,
    pub recordings: u64,
    /// How long they are together, in milliseconds.
    pub duration_ms: f64,
    /// In bytes, together.
    pub file_size: f64,
}

/// Metered calls at one endpoint on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallsOfDay {
    /// UTC+8.
    pub day: String,
    pub endpoint: String,
    pub calls: u64,
    /// Those of them that brought an error. That no recording is there yet, and that a meeting is over, are answers.
    pub failed: u64,
}

/// Pushed events of one type on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushesOfDay {
    /// UTC+8.
    pub day: String,
    pub event_type: String,
    pub pushes: u64,
    /// Those of them from which nothing followed: they came twice, or too late, or are of no use.
    pub unused: u64,
}

/// Open conferences of one state and age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOfAge {
    /// `waiting`, `active` or `ended`.
    pub state: String,
    /// How many of the limits they have passed.
    pub limits: usize,
    pub conferences: u64,
}
