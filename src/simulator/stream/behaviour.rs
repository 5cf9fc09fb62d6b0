//! What the pages leave open about pushed events, settled one way or the other; and what goes wrong with them.
//!
//! What becomes of an event follows from the seed and the event alone. So it is the same again whoever is connected,
//! and whatever else is asked meanwhile; and nothing else that is drawn from the same seed changes.

use std::time::Duration;

use siphasher::sip::SipHasher13;

use crate::simulator::random::Random;

/// How long a ticket is good.
const TICKET_LIFE: Duration = Duration::from_secs(90);
/// A standard organisation's pushes of one month.
const PUSHES_PER_MONTH: u64 = 3_000;
/// The stream of random numbers that the variants of a seed are drawn from.
const STREAM: u64 = 22;

/// How events come. The default is the plainest, with the samples' oddities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamBehaviour {
    /// What happens to each event is drawn from this.
    pub seed: u64,
    /// Whether opening a connection is metered as a call.
    pub open_is_metered: bool,
    /// Whether an event that is pushed again counts again.
    pub repeats_are_metered: bool,
    /// How many pushes a calendar month (UTC+8) has; none: without end.
    pub pushes_per_month: Option<u64>,
    /// How many of a hundred meetings are announced at all.
    pub covered_percent: u8,
    /// How many of a hundred events never come. They cost no push.
    pub lost_percent: u8,
    /// How many of a hundred events come up to half an hour late, so that others overtake them.
    pub late_percent: u8,
    /// How many of a hundred acknowledged events come once more, within two minutes.
    pub doubled_percent: u8,
    /// The `status` of a meeting that has just been created.
    pub created_status: CreatedStatus,
    /// The `topic` of an event.
    pub topic: EventTopic,
    /// What the frames of the system lack.
    pub system_frames: SystemFrames,
    /// Which events come that nobody needs.
    pub noise: Noise,
    /// After how long a connection is told to leave; none: never.
    pub connection_life: Option<Duration>,
    /// How long a ticket is good; zero: it has expired when it arrives.
    pub ticket_life: Duration,
}

/// What `status` a `conference_created` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreatedStatus {
    /// 1, as if it had ended: the page's sample.
    Ended,
    /// 2: the truth.
    InProgress,
}

/// The `topic` in an event's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTopic {
    /// `*`.
    Star,
    /// `dingTalk`.
    DingTalk,
}

/// What `ping` and `disconnect` lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemFrames {
    /// `specVersion`; a `disconnect` also `messageId` and `time`.
    AsSampled,
    /// Nothing.
    Complete,
}

/// Which events come beside the start, the end and the videos of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noise {
    /// None.
    Silent,
    /// With each video, the minutes' `summary_generated`.
    Minutes,
    /// That, and whoever joins or leaves.
    MinutesAndMembers,
}

impl Default for StreamBehaviour {
    fn default() -> Self {
        Self {
            seed: 0,
            open_is_metered: true,
            repeats_are_metered: true,
            pushes_per_month: Some(PUSHES_PER_MONTH),
            covered_percent: 100,
            lost_percent: 0,
            late_percent: 0,
            doubled_percent: 0,
            created_status: CreatedStatus::Ended,
            topic: EventTopic::Star,
            system_frames: SystemFrames::AsSampled,
            noise: Noise::Silent,
            connection_life: None,
            ticket_life: TICKET_LIFE,
        }
    }
}

impl StreamBehaviour {
    /// A random one of all that are possible, from `seed`. Nothing goes wrong in any of them: a test that wants that
    /// says so.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed, STREAM);
        Self {
            seed,
            open_is_metered: random.chance(50),
            repeats_are_metered: random.chance(50),
            created_status: *random.pick(&[CreatedStatus::Ended, CreatedStatus::InProgress]),
            topic: *random.pick(&[EventTopic::Star, EventTopic::DingTalk]),
            system_frames: *random.pick(&[SystemFrames::AsSampled, SystemFrames::Complete]),
            noise: *random.pick(&[Noise::Silent, Noise::Minutes, Noise::MinutesAndMembers]),
            ..Self::default()
        }
    }

    /// The random numbers of `key`, of which there is one for each thing that is drawn.
    pub(super) fn random(&self, key: &str) -> Random {
        Random::new(self.seed, SipHasher13::new().hash(key.as_bytes()))
    }

    /// Whether the events of a meeting are announced.
    pub(super) fn covers(&self, conference_id: &str) -> bool {
        self.random(&format!("covered {conference_id}")).chance(self.covered_percent.into())
    }

    /// Whether an event never comes.
    pub(super) fn loses(&self, event_id: &str) -> bool {
        self.random(&format!("lost {event_id}")).chance(self.lost_percent.into())
    }

    /// How late an event comes.
    pub(super) fn delay(&self, event_id: &str) -> Duration {
        let mut random = self.random(&format!("late {event_id}"));
        let late = random.chance(self.late_percent.into());
        if late { random.time(Duration::from_secs(1), LATEST) } else { Duration::ZERO }
    }

    /// How long after it was acknowledged an event comes once more.
    pub(super) fn doubling(&self, event_id: &str) -> Option<Duration> {
        let mut random = self.random(&format!("doubled {event_id}"));
        let doubled = random.chance(self.doubled_percent.into());
        doubled.then(|| random.time(Duration::from_secs(1), Duration::from_mins(2)))
    }
}

/// No event comes later than this.
pub(super) const LATEST: Duration = Duration::from_mins(30);
