//! Meetings made by hand: a sample, and what is special about it.

use std::time::Duration;

use crate::domain::clock::{Timestamp, millis};

use super::meeting::{Meeting, Recording, Session, User};

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
            later_sessions: Vec::new(),
            forgotten_between_sessions: false,
            is_foreign: false,
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

    /// The same meeting, which goes on again from `starts_at` to `ends_at`. What is recorded after this call belongs to
    /// that session.
    #[must_use]
    pub fn again(mut self, starts_at: Timestamp, ends_at: Timestamp) -> Self {
        self.later_sessions.push(Session { starts_at, ends_at });
        self
    }

    /// The same meeting, its id unknown between two sessions.
    #[must_use]
    pub fn forgotten_between_sessions(mut self) -> Self {
        self.forgotten_between_sessions = true;
        self
    }

    /// The same meeting as another organisation's.
    #[must_use]
    pub fn foreign(mut self) -> Self {
        self.is_foreign = true;
        self
    }

    /// The same meeting with one more standard recording of its last session, listed `delay` after the end of that.
    #[must_use]
    pub fn recorded(self, delay: Duration) -> Self {
        self.with_whole_recording(0, delay)
    }

    /// The same meeting with one more composed file of its last session, listed `delay` after the end of that.
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

    fn with_whole_recording(mut self, record_type: i64, delay: Duration) -> Self {
        let owner = self.record_owner_union_id.get_or_insert_with(|| self.creator_union_id.clone()).clone();
        let Session { starts_at, ends_at } =
            self.later_sessions.last().copied().unwrap_or(self.session(self.starts_at));
        let length = ends_at.since(starts_at);
        self.recordings.push(Recording {
            record_id: self.record_id(),
            media_id: format!("media-{}-{}", self.conference_id, self.recordings.len()),
            union_id: owner,
            record_type,
            starts_at,
            ends_at,
            duration_ms: millis(length),
            file_size: millis(length) * 19,
            region_id: "cn-shenzhen".to_owned(),
            listed_from: ends_at + delay,
            listed_until: None,
        });
        self
    }
}

impl User {
    fn sample(union_id: &str, nick: &str) -> Self {
        Self { user_id: format!("user-{union_id}"), union_id: union_id.to_owned(), nick: nick.to_owned() }
    }
}
