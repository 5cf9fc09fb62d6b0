//! Where plausible meetings come from: an office's habits, drawn from a seed.
//!
//! The shares of what happens to recordings are those a daemon must survive, not measured ones: the pages give none.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::clock::{Timestamp, millis};

use super::calendar::working_days;
use super::meeting::{Meeting, Recording, User};
use super::random::Random;

const PEOPLE: usize = 60;
/// The stream the people are drawn from, so that every cycle and every plan of a seed has the same ones.
const PEOPLE_STREAM: u64 = u64::MAX;

const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const REGIONS: [(u64, &str); 4] =
    [(60, "cn-shenzhen"), (25, "cn-hangzhou"), (10, "ap-southeast-1"), (5, "eu-central-1")];
const TITLES: [&str; 24] = [
    "Weekly sync",
    "Daily stand-up",
    "Design review",
    "Sprint planning",
    "Retrospective",
    "Customer call",
    "Interview, second round",
    "Budget review",
    "Release go/no-go",
    "Incident review",
    "Onboarding: first week",
    "Quarterly planning",
    "Sales pipeline",
    "Supplier negotiation",
    "Security training",
    "All hands",
    "One-to-one",
    "Product demo",
    "Roadmap workshop",
    "Board preparation",
    "Support hand-over",
    "Marketing ideas",
    "Data protection briefing",
    "Translation check, \"final\" version",
];

/// When meetings start: how many of a hundred, and the minute after midnight at which each hour and a half begins. A
/// morning, a lunch, an afternoon, a few evenings.
const STARTS: [(u64, u64); 8] =
    [(16, 510), (22, 600), (9, 690), (10, 780), (20, 840), (14, 930), (6, 1_020), (3, 1_140)];

/// What is to be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The same seed gives the same organisation, on every machine.
    pub seed: u64,
    /// How many meetings there are in all.
    pub meetings: usize,
    /// Over how many working days they are spread.
    pub days: usize,
    /// Midnight (UTC+8) of the first day; Saturdays and Sundays from there on are skipped.
    pub first_day: Timestamp,
}

/// What becomes of a meeting's recordings.
#[derive(Clone, Copy)]
enum Kind {
    Unrecorded,
    Once,
    Thrice,
    ComposedOnly,
    ThenComposed,
}

/// Draws meetings, all of them `pace` times shorter than people's.
pub(super) struct Draw {
    random: Random,
    people: Vec<User>,
    pace: f64,
}

/// The meetings of a plan: working hours, Monday to Friday.
pub(super) fn meetings_of(plan: &Plan) -> Vec<Meeting> {
    let mut draw = Draw::new(plan.seed, 0, 1.0);
    let days = working_days(plan.first_day, plan.days.max(1));
    let meetings = (0..plan.meetings).map(|_| {
        let day = *draw.random.pick(&days);
        let start = day + draw.time_of_day();
        draw.meeting(start)
    });
    let mut meetings: Vec<Meeting> = meetings.collect();
    draw.register(&mut meetings);
    share_room_codes(&mut meetings);
    meetings
}

/// What one person books under one title recurs: its meetings share a room code.
fn share_room_codes(meetings: &mut [Meeting]) {
    let mut codes: HashMap<(String, String), String> = HashMap::new();
    for meeting in meetings.iter_mut().filter(|meeting| meeting.schedule_conference_id.is_some()) {
        let series = (meeting.creator_union_id.clone(), meeting.title.clone());
        meeting.room_code.clone_from(codes.entry(series).or_insert_with(|| meeting.room_code.clone()));
    }
}

impl Draw {
    /// `pace` must be above zero.
    pub(super) fn new(seed: u64, stream: u64, pace: f64) -> Self {
        let mut random = Random::new(seed, PEOPLE_STREAM);
        let people = (1..=PEOPLE).map(|n| person(&mut random, n)).collect();
        Self { random: Random::new(seed, stream), people, pace }
    }

    /// An instant within `period` of people's time, as it passes here.
    pub(super) fn moment_within(&mut self, period: Duration) -> Duration {
        self.time(Duration::ZERO, period.saturating_sub(Duration::from_millis(1)))
    }

    /// Has an integration note exactly two thirds of the meetings: which, the seed says.
    pub(super) fn register(&mut self, meetings: &mut [Meeting]) {
        let mut order: Vec<(u64, usize)> = (0..meetings.len()).map(|i| (self.random.number(), i)).collect();
        order.sort_unstable();
        let registered = (meetings.len() * 2).div_ceil(3);
        for (_, i) in order.into_iter().take(registered) {
            meetings[i].registered = true;
        }
    }

    /// A meeting that starts at `starts_at`, not noted by anybody yet.
    pub(super) fn meeting(&mut self, starts_at: Timestamp) -> Meeting {
        let ends_at = starts_at + self.length();
        let booked = self.random.chance(40);
        let lead = if booked {
            self.time(Duration::from_hours(1), Duration::from_hours(48))
        } else {
            self.time(Duration::ZERO, Duration::from_mins(2))
        };
        let registered_at = starts_at - lead;
        let users = self.users();
        let host = users[0].clone();
        let mut meeting = Meeting {
            conference_id: self.object_id(registered_at),
            title: (*self.random.pick(&TITLES)).to_owned(),
            room_code: self.random.digits(9),
            schedule_conference_id: booked.then(|| self.object_id(registered_at)),
            biz_type: if booked { "3" } else { "0" }.to_owned(),
            creator_union_id: host.union_id,
            creator_nick: host.nick,
            registered_at,
            starts_at,
            ends_at,
            record_owner_union_id: None,
            refused_union_ids: Vec::new(),
            users,
            recordings: Vec::new(),
            registered: false,
            later_sessions: Vec::new(),
            forgotten_between_sessions: false,
            is_foreign: false,
        };
        self.record(&mut meeting);
        meeting
    }

    fn record(&mut self, meeting: &mut Meeting) {
        let kind = self.random.weighted(&[
            (55, Kind::Unrecorded),
            (30, Kind::Once),
            (6, Kind::Thrice),
            (5, Kind::ComposedOnly),
            (4, Kind::ThenComposed),
        ]);
        if matches!(kind, Kind::Unrecorded) {
            return;
        }
        self.own(meeting);
        match kind {
            Kind::Unrecorded => {}
            Kind::Once => self.standard(meeting, 1),
            Kind::Thrice => self.standard(meeting, 3),
            Kind::ComposedOnly => {
                let delay = self.time(Duration::from_hours(2), Duration::from_hours(30));
                self.composed(meeting, delay);
            }
            Kind::ThenComposed => {
                let parts = self.random.between(1, 2);
                self.standard(meeting, parts);
                let delay = self.time(Duration::from_hours(6), Duration::from_hours(30));
                if self.random.chance(50) {
                    *meeting = meeting.clone().unlisted(delay);
                }
                self.composed(meeting, delay);
            }
        }
    }

    /// Says whose the recording is: mostly the host's, and now and then of somebody who may not see it.
    fn own(&mut self, meeting: &mut Meeting) {
        let refused = self.random.chance(4);
        let owner = match meeting.users.get(1) {
            Some(other) if refused || self.random.chance(12) => other.union_id.clone(),
            _ => meeting.creator_union_id.clone(),
        };
        if refused {
            meeting.refused_union_ids.push(owner.clone());
        }
        meeting.record_owner_union_id = Some(owner);
    }

    /// Standard recordings, one after the other, listed within minutes of the end: together or minutes apart.
    fn standard(&mut self, meeting: &mut Meeting, parts: u64) {
        let whole = meeting.ends_at.since(meeting.starts_at);
        let part = whole / u32::try_from(parts).unwrap_or(1);
        let mut listed_from = meeting.ends_at + self.time(Duration::from_mins(3), Duration::from_mins(25));
        let mut begin = meeting.starts_at;
        for _ in 0..parts {
            let late = self.random.time(Duration::ZERO, part / 5);
            let early = self.random.time(Duration::ZERO, part / 10);
            let (starts_at, ends_at) = (begin + late, begin + part - early);
            let shorter = self.random.time(Duration::ZERO, (part / 100).min(Duration::from_millis(900)));
            let length = ends_at.since(starts_at).saturating_sub(shorter);
            self.push(meeting, 0, (starts_at, ends_at), length, listed_from);
            if self.random.chance(40) {
                listed_from = listed_from + self.time(Duration::from_mins(2), Duration::from_mins(15));
            }
            begin = begin + part;
        }
    }

    /// A composed file, listed `delay` after the end. Every other one ends when it starts, as on the page.
    fn composed(&mut self, meeting: &mut Meeting, delay: Duration) {
        let length = meeting.ends_at.since(meeting.starts_at);
        let ends_at = if self.random.chance(50) { meeting.starts_at } else { meeting.ends_at };
        self.push(meeting, 1, (meeting.starts_at, ends_at), length, meeting.ends_at + delay);
    }

    fn push(
        &mut self,
        meeting: &mut Meeting,
        record_type: i64,
        (starts_at, ends_at): (Timestamp, Timestamp),
        length: Duration,
        listed_from: Timestamp,
    ) {
        let record_id = match meeting.recordings.first() {
            Some(recording) => recording.record_id.clone(),
            None => self.random.digits(19),
        };
        let bytes_per_ms = i64::try_from(self.random.between(12, 60)).unwrap_or(12);
        meeting.recordings.push(Recording {
            record_id,
            media_id: self.random.hex(32),
            union_id: meeting.record_owner_union_id.clone().unwrap_or_default(),
            record_type,
            starts_at,
            ends_at,
            duration_ms: millis(length),
            file_size: millis(length) * bytes_per_ms + i64::try_from(self.random.between(0, 4_095)).unwrap_or(0),
            region_id: self.random.weighted(&REGIONS).to_owned(),
            listed_from,
            listed_until: None,
        });
    }

    /// How long people meet: forty minutes on average, seldom under fifteen.
    fn length(&mut self) -> Duration {
        let minutes = self.random.weighted(&[(7, 10), (14, 15), (35, 30), (18, 45), (17, 60), (6, 90), (3, 120)]);
        let (early, late) = match minutes {
            10 => (2, 4),
            15 => (0, 4),
            _ => (3, 6),
        };
        self.time(Duration::from_mins(minutes - early), Duration::from_mins(minutes + late))
    }

    /// When in the day a meeting starts: about a full five minutes.
    fn time_of_day(&mut self) -> Duration {
        let minutes = self.random.weighted(&STARTS) + 5 * self.random.between(0, 17);
        Duration::from_mins(minutes) + self.time(Duration::ZERO, Duration::from_secs(90))
    }

    /// Two to twelve people, the host first, nobody twice.
    fn users(&mut self) -> Vec<User> {
        let mut users: Vec<User> = Vec::new();
        for _ in 0..self.random.between(3, 12) {
            let user = self.random.pick(&self.people);
            if !users.contains(user) {
                users.push(user.clone());
            }
        }
        users
    }

    /// An id as the pages show them: the second of its making, then chance.
    fn object_id(&mut self, made_at: Timestamp) -> String {
        let second = u32::try_from(made_at.as_millis() / 1_000).unwrap_or(0);
        format!("{second:08x}{}", self.random.hex(16))
    }

    fn time(&mut self, low: Duration, high: Duration) -> Duration {
        self.random.time(low, high).div_f64(self.pace)
    }
}

fn person(random: &mut Random, n: usize) -> User {
    User {
        user_id: random.text(ALPHANUMERIC, 24) + "iEiE",
        union_id: format!("WFBkg{}iEiE", random.text(ALPHANUMERIC, 17)),
        nick: format!("Colleague {n}"),
    }
}
