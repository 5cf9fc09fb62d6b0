//! One meeting of the simulated organisation, with everything that is true of it.
//!
//! Nothing here says how the truth is told: that is the wire's business.

use std::time::Duration;

use crate::domain::clock::{Timestamp, millis};

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
    /// An instant meeting with nothing special about it, created a minute before it starts and not recorded.
    #[must_use]
    pub fn sample(conference_id: &str, starts_at: Timestamp, ends_at: Timestamp) -> Self {
        let creator_union_id = format!("WFBkgxxx{conference_id}iEiE");
        Self {
            conference_id: conference_id.to_owned(),
            title: "Sample meeting".to_owned(),
            room_code: "100200300".to_owned(),
            schedule_conference_id: None,
            biz_type: "0".to_owned(),
            creator_union_id: creator_union_id.clone(),
            creator_nick: "Colleague 1".to_owned(),
            registered_at: starts_at - Duration::from_mins(1),
            starts_at,
            ends_at,
            record_owner_union_id: None,
            refused_union_ids: Vec::new(),
            users: vec![User::sample(&creator_union_id, "Colleague 1")],
            recordings: Vec::new(),
            registered: true,
        }
    }

    /// The same meeting under another name.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// The same meeting with `union_id` for a host. Comes before [`recorded`](Self::recorded).
    #[must_use]
    pub fn creator(mut self, union_id: &str) -> Self {
        union_id.clone_into(&mut self.creator_union_id);
        if let Some(host) = self.users.first_mut() {
            union_id.clone_into(&mut host.union_id);
        }
        self
    }

    /// The same meeting, its cloud recording belonging to `union_id`. Comes before [`recorded`](Self::recorded).
    #[must_use]
    pub fn owner(mut self, union_id: &str) -> Self {
        self.record_owner_union_id = Some(union_id.to_owned());
        self
    }

    /// The same meeting, attended by `union_id` too.
    #[must_use]
    pub fn attended_by(mut self, union_id: &str) -> Self {
        let nick = format!("Colleague {}", self.users.len() + 1);
        self.users.push(User::sample(union_id, &nick));
        self
    }

    /// The same meeting, its recordings closed to `union_id`.
    #[must_use]
    pub fn refuses(mut self, union_id: &str) -> Self {
        self.refused_union_ids.push(union_id.to_owned());
        self
    }

    /// The same meeting, booked at `registered_at`.
    #[must_use]
    pub fn booked(mut self, registered_at: Timestamp) -> Self {
        self.registered_at = registered_at;
        "3".clone_into(&mut self.biz_type);
        self.schedule_conference_id = Some(format!("schedule-{}", self.conference_id));
        self
    }

    /// The same meeting, whose id no integration notes.
    #[must_use]
    pub fn unregistered(mut self) -> Self {
        self.registered = false;
        self
    }

    /// The same meeting with one more standard recording of its whole length, listed `delay` after its end.
    #[must_use]
    pub fn recorded(self, delay: Duration) -> Self {
        self.with_whole_recording(0, delay)
    }

    /// The same meeting with one more composed file, listed `delay` after its end.
    #[must_use]
    pub fn composed(self, delay: Duration) -> Self {
        self.with_whole_recording(1, delay)
    }

    /// The same meeting, with the recordings it has so far off the list from `delay` after its end.
    #[must_use]
    pub fn unlisted(mut self, delay: Duration) -> Self {
        for recording in &mut self.recordings {
            recording.listed_until = Some(self.ends_at + delay);
        }
        self
    }

    /// Where it stands at `now`.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> Phase {
        if now < self.starts_at {
            Phase::NotStarted
        } else if now < self.ends_at {
            Phase::InProgress
        } else {
            Phase::Ended
        }
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
            if recording.is_running(now) && now < self.ends_at {
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

    fn with_whole_recording(mut self, record_type: i64, delay: Duration) -> Self {
        let owner = self.record_owner_union_id.get_or_insert_with(|| self.creator_union_id.clone()).clone();
        let length = self.ends_at.since(self.starts_at);
        self.recordings.push(Recording {
            record_id: self.record_id(),
            media_id: format!("media-{}-{}", self.conference_id, self.recordings.len()),
            union_id: owner,
            record_type,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            duration_ms: millis(length),
            file_size: millis(length) * 19,
            region_id: "cn-shenzhen".to_owned(),
            listed_from: self.ends_at + delay,
            listed_until: None,
        });
        self
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

impl User {
    fn sample(union_id: &str, nick: &str) -> Self {
        Self { user_id: format!("user-{union_id}"), union_id: union_id.to_owned(), nick: nick.to_owned() }
    }
}
