//! What is unusual about single meetings: ids that harm a batch or never answer, and meetings that go on again.

use std::collections::BTreeMap;
use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting, Random};

use crate::world::{MIDNIGHT, hours, minutes};

/// How many of each unusual thing there were, by its name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// An id that may harm others, or be harmed by what goes wrong with it alone.
#[derive(Clone, Debug)]
pub(crate) struct BadId {
    pub(crate) conference_id: String,
    /// What is bad about it.
    pub(crate) kind: &'static str,
    /// The meeting; none: nobody ever met under this id.
    pub(crate) meeting: Option<Meeting>,
    pub(crate) registered_at: Timestamp,
    pub(crate) faults: Vec<Fault>,
    /// Whether its recording can be catalogued all the same.
    pub(crate) is_archivable: bool,
}

impl BadId {
    /// Draws one, which goes on beside one of `meetings`.
    pub(crate) fn draw(random: &mut Random, meetings: &[Meeting], number: usize) -> Self {
        let kind = random.weighted(&[
            (4, "poisonous id"),
            (2, "foreign id"),
            (2, "unanswered asker"),
            (1, "unknown id"),
            (1, "id with errors only"),
        ]);
        let conference_id = format!("{}-{number}", kind.replace(' ', "-"));
        let beside = random.pick(meetings).starts_at;
        let starts_at = (beside - random.time(Duration::ZERO, minutes(30))).max(MIDNIGHT);
        let ends_at = beside + random.time(minutes(10), minutes(90));
        let meeting = Meeting::sample(&conference_id, starts_at, ends_at)
            .creator("bad-creator")
            .owner("bad-owner")
            .recorded(random.time(minutes(3), minutes(25)));
        let registered_at = meeting.registered_at;
        let is_archivable = matches!(kind, "poisonous id" | "unanswered asker");
        let meeting = Some(meeting);
        let usual = Self { conference_id, kind, meeting, registered_at, faults: Vec::new(), is_archivable };
        match kind {
            "poisonous id" => usual.poisonous(random),
            "foreign id" => usual.foreign(),
            "unanswered asker" => usual.with_unanswered_asker(random),
            "unknown id" => Self { meeting: None, ..usual },
            _ => usual.silent(random),
        }
    }

    /// Every batch that holds it fails. Conference info about it is right.
    fn poisonous(mut self, random: &mut Random) -> Self {
        let answers = [any_of(random), Answer::error("orgAccessForbidden"), Answer::Hang(minutes(1))];
        let answer = random.weighted(&[(8, 0), (2, 1), (1, 2)]);
        let mut fault = Fault::new(answers[answer].clone()).on(Endpoint::Query).conference(&self.conference_id);
        // A time-out takes real time, so there are few of them.
        if answer == 2 {
            fault = fault.times(4);
        } else if random.chance(40) {
            fault = fault.until(self.registered_at + random.time(minutes(20), hours(72)));
        }
        self.faults.push(fault);
        self
    }

    /// It is another organisation's.
    fn foreign(mut self) -> Self {
        self.meeting = self.meeting.map(Meeting::foreign);
        self
    }

    /// Its list of recordings is never answered as one of the two who may ask, and is as the other.
    fn with_unanswered_asker(mut self, random: &mut Random) -> Self {
        let fault = Fault::new(any_of(random)).on(Endpoint::GetVideos).conference(&self.conference_id);
        self.faults.push(fault.union_id("bad-owner"));
        self
    }

    /// No call about it is answered.
    fn silent(mut self, random: &mut Random) -> Self {
        self.faults.push(Fault::new(any_of(random)).conference(&self.conference_id));
        self
    }
}

/// An answer that says nothing about the conference: a code that no page explains, and errors of the server's.
fn any_of(random: &mut Random) -> Answer {
    let raw = |status, body: &str| Answer::Raw { status, body: body.to_owned() };
    let answers = [
        raw(400, r#"{"code":"somethingNew","message":"that no page explains"}"#),
        Answer::error("systemError"),
        raw(503, r#"{"message":"try later"}"#),
        raw(502, "<html>Bad Gateway</html>"),
        Answer::Html,
        Answer::Reset,
    ];
    random.pick(&answers).clone()
}

/// Has some of `meetings` go on again under their ids, most of them recorded. They are known in between if `is_calm`.
pub(crate) fn go_on_again(random: &mut Random, meetings: &mut [Meeting], is_calm: bool, counts: &mut Counts) {
    for _ in 0..random.between(0, 2) {
        let last = u64::try_from(meetings.len() - 1).unwrap();
        let meeting = &mut meetings[usize::try_from(random.between(0, last)).unwrap()];
        if !meeting.later_sessions.is_empty() {
            continue;
        }
        let starts_at = meeting.ends_at + random.time(minutes(20), hours(100));
        let mut again = meeting.clone().again(starts_at, starts_at + random.time(minutes(20), minutes(60)));
        if random.chance(70) {
            again = again.recorded(random.time(minutes(3), minutes(15)));
            if random.chance(30) {
                again.recordings.last_mut().unwrap().record_id = random.digits(19);
            }
        }
        if !is_calm && random.chance(30) {
            again = again.forgotten_between_sessions();
        }
        *meeting = again;
        *counts.entry("meeting that goes on again".to_owned()).or_default() += 1;
    }
}
