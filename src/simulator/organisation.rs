//! The truth: every meeting of the simulated organisation, and what can be asked of it.
//!
//! Tests compare the catalog with this, so it says what *is*, whatever the wire makes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::clock::{Timestamp, millis};

use super::endless::Endless;
use super::generate::{Plan, meetings_of};
use super::meeting::{Meeting, Phase, Recording};

/// How long after the end of its meeting a recording that was started over the wire is listed.
const STARTED_RECORDING_DELAY: Duration = Duration::from_mins(5);

/// An organisation and its meetings.
#[derive(Clone, Debug, Default)]
pub struct Organisation {
    meetings: BTreeMap<String, Meeting>,
    endless: Option<Endless>,
    /// Counts what may have changed the meetings.
    revision: u64,
}

impl Organisation {
    /// An organisation in which nobody ever meets.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The organisation of a plan: working hours, Monday to Friday.
    #[must_use]
    pub fn generate(plan: &Plan) -> Self {
        let mut organisation = Self::empty();
        for meeting in meetings_of(plan) {
            organisation.add(meeting);
        }
        organisation
    }

    /// An organisation that never stops meeting, `pace` times faster than people do, `meetings_per_week` in each of
    /// its fifty-hour weeks. It has no meetings until [`extend_to`](Self::extend_to) says what time it is.
    #[must_use]
    pub fn endless(seed: u64, meetings_per_week: usize, pace: f64) -> Self {
        let endless = Some(Endless::new(seed, meetings_per_week, pace));
        Self { endless, ..Self::default() }
    }

    /// Adds a meeting; one of the same id is replaced.
    pub fn add(&mut self, meeting: Meeting) {
        self.revision += 1;
        self.meetings.insert(meeting.conference_id.clone(), meeting);
    }

    /// Makes sure that an endless organisation has every meeting that matters around `now`, and no others.
    ///
    /// Does nothing to any other organisation.
    pub fn extend_to(&mut self, now: Timestamp) {
        if let Some(endless) = &mut self.endless {
            let has_changed = endless.extend_to(now, &mut self.meetings);
            self.revision += u64::from(has_changed);
        }
    }

    /// Another number whenever its meetings may have changed.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// How many meetings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.meetings.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.meetings.is_empty()
    }

    /// Every meeting, by id.
    pub fn meetings(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings.values()
    }

    /// One meeting.
    #[must_use]
    pub fn meeting(&self, conference_id: &str) -> Option<&Meeting> {
        self.meetings.get(conference_id)
    }

    /// One meeting, to change what is true of it. Its id must stay.
    pub fn meeting_mut(&mut self, conference_id: &str) -> Option<&mut Meeting> {
        self.revision += 1;
        self.meetings.get_mut(conference_id)
    }

    /// One meeting, if it is known at `now`: it has been created, and is not forgotten between two sessions.
    #[must_use]
    pub fn known(&self, conference_id: &str, now: Timestamp) -> Option<&Meeting> {
        self.meeting(conference_id).filter(|meeting| meeting.registered_at <= now && !meeting.is_forgotten(now))
    }

    /// The meetings whose ids an integration notes.
    pub fn registered(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings().filter(|meeting| meeting.registered)
    }

    /// The meetings that go on at `now`, by start and id.
    #[must_use]
    pub fn in_progress(&self, now: Timestamp) -> Vec<&Meeting> {
        let mut ongoing: Vec<&Meeting> =
            self.meetings().filter(|meeting| meeting.phase(now) == Phase::InProgress).collect();
        let key = |meeting: &Meeting| (meeting.session(now).starts_at, meeting.conference_id.clone());
        ongoing.sort_by_cached_key(|meeting| key(meeting));
        ongoing
    }

    /// The recordings of one meeting as they are listed at `now`.
    #[must_use]
    pub fn listed_recordings(&self, conference_id: &str, now: Timestamp) -> Vec<&Recording> {
        self.meeting(conference_id).map(|meeting| meeting.listed_recordings(now).collect()).unwrap_or_default()
    }

    /// Every recording that is listed at some time, with its meeting, whether or not it is taken off the list again.
    pub fn ever_listed(&self) -> impl Iterator<Item = (&Meeting, &Recording)> {
        self.meetings()
            .flat_map(|meeting| meeting.recordings.iter().map(move |recording| (meeting, recording)))
            .filter(|(_, recording)| recording.listed_until.is_none_or(|until| recording.listed_from < until))
    }

    /// Starts recording a meeting that goes on: a standard recording to its end, listed some minutes after.
    ///
    /// False if it does not go on, or is being recorded already.
    pub(super) fn start_recording(&mut self, conference_id: &str, union_id: &str, now: Timestamp) -> bool {
        let delay = self.endless.as_ref().map_or(STARTED_RECORDING_DELAY, |e| e.paced(STARTED_RECORDING_DELAY));
        let Some(meeting) = self.meeting_mut(conference_id) else {
            return false;
        };
        if meeting.phase(now) != Phase::InProgress || meeting.cloud_record_status(now) == 1 {
            return false;
        }
        let session = meeting.session(now);
        let length = millis(session.ends_at.since(now));
        meeting.record_owner_union_id.get_or_insert_with(|| union_id.to_owned());
        meeting.recordings.push(Recording {
            record_id: meeting.record_id(),
            media_id: format!("started-{conference_id}-{}", meeting.recordings.len()),
            union_id: union_id.to_owned(),
            record_type: 0,
            starts_at: now,
            ends_at: session.ends_at,
            duration_ms: length,
            file_size: length * 19,
            region_id: "cn-shenzhen".to_owned(),
            listed_from: session.ends_at + delay,
            listed_until: None,
        });
        true
    }

    /// Stops whatever recording runs at `now`, and leaves the meeting going on. False if none runs.
    pub(super) fn stop_recording(&mut self, conference_id: &str, now: Timestamp) -> bool {
        let Some(meeting) = self.meeting_mut(conference_id) else {
            return false;
        };
        let mut stopped = false;
        for recording in meeting.recordings.iter_mut().filter(|recording| recording.is_running(now)) {
            recording.ends_at = now;
            recording.duration_ms = millis(now.since(recording.starts_at));
            recording.file_size = recording.duration_ms * 19;
            stopped = true;
        }
        stopped
    }
}
