//! One meeting of the simulated organisation, with everything that is true of it.
//!
//! Nothing here says how the truth is told: that is the wire's business.

use std::time::Duration;

use crate::domain::clock::Timestamp;

/// A meeting, past, present or to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its id.
    pub conference_id: String,
    /// Its name.
    pub title: String,
    /// The code people type to join it.
    pub room_code: String,
    /// The booking it came from; none for an instant meeting.
    pub schedule_conference_id: Option<String>,
    /// `0` for an instant meeting, `3` for a booked one.
    pub biz_type: String,
    /// Who created it, and is its host.
    pub creator_union_id: String,
    /// The host's name.
    pub creator_nick: String,
    /// When it was created: before this instant nobody has heard of it.
    pub registered_at: Timestamp,
    /// When it starts; for a booked one also the planned start.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whose cloud recording it is, where one was made.
    pub record_owner_union_id: Option<String>,
    /// Who may not see its recordings.
    pub refused_union_ids: Vec<String>,
    /// Who attends, the host among them.
    pub users: Vec<User>,
    /// Every recording made of it, listed or not.
    pub recordings: Vec<Recording>,
    /// Whether an integration notes its id when it is created, as the daemon's watch list would.
    pub registered: bool,
    /// When it goes on again under the same id, as a recurring meeting may: after `ends_at`, in order, apart.
    pub later_sessions: Vec<Session>,
    /// Whether its id is unknown between two sessions, as if there were no such meeting.
    pub forgotten_between_sessions: bool,
    /// Whether it is another organisation's: it stands in no listing of this one, and no one may see its recordings.
    pub is_foreign: bool,
}

/// One time at which a meeting goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// When it starts.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// Somebody who attends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id the organisation knows them by.
    pub user_id: String,
    /// The id apps know them by.
    pub union_id: String,
    /// Their name.
    pub nick: String,
}

/// A video of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Shared by all videos of a meeting.
    pub record_id: String,
    /// This video's own.
    pub media_id: String,
    /// Who recorded it.
    pub union_id: String,
    /// 0 for a standard recording, 1 for a composed file.
    pub record_type: i64,
    /// When DingTalk says it starts.
    pub starts_at: Timestamp,
    /// When DingTalk says it ends; for a composed file sometimes the same instant.
    pub ends_at: Timestamp,
    /// How long it runs, in milliseconds; not always the difference of the two.
    pub duration_ms: i64,
    /// In bytes.
    pub file_size: i64,
    /// Where the file lies.
    pub region_id: String,
    /// From when on it is listed.
    pub listed_from: Timestamp,
    /// When it is taken off the list, if ever.
    pub listed_until: Option<Timestamp>,
}

/// Where a meeting stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Created, not started: status 0.
    NotStarted,
    /// Over: status 1.
    Ended,
    /// Going on: status 2.
    InProgress,
}

impl Phase {
    /// The number DingTalk has for it.
    #[must_use]
    pub fn status(self) -> i64 {
        match self {
            Self::NotStarted => 0,
            Self::Ended => 1,
            Self::InProgress => 2,
        }
    }
}

impl Meeting {
    /// Where it stands at `now`.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> Phase {
        let session = self.session(now);
        if now < session.starts_at {
            Phase::NotStarted
        } else if now < session.ends_at {
            Phase::InProgress
        } else {
            Phase::Ended
        }
    }

    /// The session that goes on at `now`, else the last one before it; before the first one, that.
    #[must_use]
    pub fn session(&self, now: Timestamp) -> Session {
        let first = Session { starts_at: self.starts_at, ends_at: self.ends_at };
        self.later_sessions.iter().rfind(|session| session.starts_at <= now).copied().unwrap_or(first)
    }

    /// Every time at which it goes on, in order.
    pub fn sessions(&self) -> impl Iterator<Item = Session> {
        let first = Session { starts_at: self.starts_at, ends_at: self.ends_at };
        std::iter::once(first).chain(self.later_sessions.iter().copied())
    }

    /// Whether nobody knows its id at `now`, which lies between two sessions.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let is_between = self.phase(now) == Phase::Ended
            && self.later_sessions.last().is_some_and(|session| now < session.starts_at);
        self.forgotten_between_sessions && is_between
    }

    /// Its recordings as they are listed at `now`.
    pub fn listed_recordings(&self, now: Timestamp) -> impl Iterator<Item = &Recording> {
        self.recordings.iter().filter(move |recording| recording.is_listed(now))
    }

    /// The `cloudRecordStatus` that is true at `now`: 0 none, 1 recording, 3 ended.
    #[must_use]
    pub fn cloud_record_status(&self, now: Timestamp) -> i64 {
        let mut status = 0;
        for recording in self.recordings.iter().filter(|recording| recording.starts_at <= now) {
            if recording.is_running(now) && self.phase(now) == Phase::InProgress {
                return 1;
            }
            status = 3;
        }
        status
    }

    /// Whether `union_id` is in it.
    #[must_use]
    pub fn is_attended_by(&self, union_id: &str) -> bool {
        self.creator_union_id == union_id || self.users.iter().any(|user| user.union_id == union_id)
    }

    /// The id that all its videos share.
    pub(super) fn record_id(&self) -> String {
        match self.recordings.first() {
            Some(recording) => recording.record_id.clone(),
            None => format!("record-{}", self.conference_id),
        }
    }
}

impl Recording {
    /// Whether it is on the list at `now`.
    #[must_use]
    pub fn is_listed(&self, now: Timestamp) -> bool {
        self.listed_from <= now && self.listed_until.is_none_or(|until| now < until)
    }

    /// Whether it is being recorded at `now`. Rests on the duration, because `ends_at` may be `starts_at` again.
    pub(super) fn is_running(&self, now: Timestamp) -> bool {
        let length = Duration::from_millis(u64::try_from(self.duration_ms).unwrap_or(0));
        self.starts_at <= now && now < self.starts_at + length
    }
}
