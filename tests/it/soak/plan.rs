//! What a seed draws: an organisation and its month, what DingTalk is like, what goes wrong, and when the archiver dies.

use std::num::NonZeroUsize;
use std::time::Duration;

use recording_archiver::config::Config;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{
    AcceptedUnionIds, Behaviour, Dice, Endpoint, Fault, ListingOrder, Meeting, Organisation, Plan as Meetings,
};

use super::faults;
use super::tripwire::Fuse;
use crate::world::{MIDNIGHT, hours, minutes};

/// The stream of the dice that draws what is drawn here, apart from the organisation's own.
const STREAM: u64 = 77;

/// Something that happens to the archiver, or in its world, at a time.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// An integration notes a meeting's id.
    Register(String),
    /// The clock on the archiver's wall is set wrong by so many milliseconds; 0: right.
    ClockOffBy(i64),
    /// What is true of a meeting's recording changes.
    Grow(String, usize),
    /// DingTalk forgets every token.
    ExpireTokens,
    /// The organisation has so many calls a month, for all its apps.
    Quota(Option<u64>),
    /// A person looks at what has failed, and has it tried again.
    Retry,
    /// The process is killed while it waits for something to be due, and starts again at once.
    Kill,
}

/// The end of a life, and how long until the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) fuse: Fuse,
    pub(crate) down_for: Duration,
}

/// Everything that one seed draws.
pub(crate) struct Plan {
    pub(crate) organisation: Organisation,
    pub(crate) behaviour: Behaviour,
    pub(crate) config: Config,
    pub(crate) faults: Vec<Fault>,
    pub(crate) crashes: Vec<Crash>,
    pub(crate) events: Vec<(Timestamp, Event)>,
    pub(crate) until: Timestamp,
    /// Nothing goes wrong but the process, which starts again at once; and calls are not scarce.
    pub(crate) is_calm: bool,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, STREAM);
        let is_calm = seed.is_multiple_of(10);
        let meetings = usize::try_from(dice.between(6, 40)).unwrap();
        let organisation = Organisation::generate(&Meetings { seed, meetings, days: 20, first_day: MIDNIGHT });
        let meetings: Vec<Meeting> = organisation.meetings().cloned().collect();
        let mut config = config(seed, &mut dice, &meetings);
        let mut behaviour = Behaviour::drawn(seed);
        if dice.chance(30) {
            behaviour.listing_order = ListingOrder::Shifting;
            behaviour.page_size = 2;
        }
        if config.discover.organization && dice.chance(50) {
            behaviour.accepted_union_ids = AcceptedUnionIds::OwnerAndCreator;
        }
        let last_end = meetings.iter().map(|meeting| meeting.ends_at).max().unwrap();
        let troubled_until = last_end + hours(24);
        let spent = !is_calm && dice.chance(8);
        let mut events = events(&mut dice, &meetings, last_end);
        if spent {
            events.push((MIDNIGHT + hours(24 * 12), Event::Quota(Some(dice.between(50, 150)))));
        }
        let faults: Vec<Fault> =
            (0..dice.between(0, 9)).map(|_| faults::draw(&mut dice, &meetings, MIDNIGHT, troubled_until)).collect();
        // While nobody may be asked, all but a few calls are due to those who forget that.
        for fault in &faults {
            let begins = fault.from.unwrap_or(MIDNIGHT);
            let lasts = fault.until.map_or(minutes(20), |until| until.since(begins));
            if dice.chance(50) {
                events.push((begins + dice.time(Duration::ZERO, lasts), Event::Kill));
            }
        }
        let over = faults.iter().filter_map(|fault| fault.until).max().unwrap_or(last_end).max(troubled_until);
        // The organisation's month ends with June; what it could not be asked until then, it is asked in July.
        let over = if spent { over.max(MIDNIGHT + hours(24 * 30)) } else { over } + hours(24);
        for week in 1..6 {
            events.push(((MIDNIGHT + hours(24 * 7 * week)).min(over), Event::Retry));
        }
        let until = over + config.collect.give_up_after + hours(48);
        events.sort_by_key(|(at, _)| *at);
        let mut crashes: Vec<Crash> = (0..dice.between(0, 25)).map(|_| crash(&mut dice)).collect();
        let mut faults = faults;
        if is_calm {
            faults.clear();
            events.retain(|(_, event)| !matches!(event, Event::ClockOffBy(_)));
            for crash in &mut crashes {
                crash.down_for = Duration::ZERO;
            }
            config.quota.calls_per_month = 0;
            config.poll.interval = Some(minutes(30));
            // An operator for whom the first list is enough may miss what is replaced before the last look.
            config.collect.settle = config.collect.settle.max(minutes(30));
        }
        Self { organisation, behaviour, config, faults, crashes, events, until, is_calm }
    }
}

fn config(seed: u64, dice: &mut Dice, meetings: &[Meeting]) -> Config {
    let mut config = Config::default();
    config.dingtalk.max_in_flight = NonZeroUsize::new(if seed % 10 == 9 { 8 } else { 1 }).unwrap();
    config.dingtalk.request_timeout = Duration::from_secs(3);
    config.quota.calls_per_month = *dice.pick(&[0, 300, 500, 900]);
    let metered = config.quota.calls_per_month > 0;
    config.discover.organization = dice.chance(70);
    if dice.chance(30) {
        let mut hosts = [dice.pick(meetings), dice.pick(meetings)].map(|host| host.creator_union_id.clone()).to_vec();
        hosts.dedup();
        config.discover.users = hosts;
    }
    let look = *dice.pick(&[15, 60, 180]);
    config.discover.interval = Some(minutes(if metered { look } else { look.max(120) }));
    config.poll.interval = Some(minutes(if metered { 5 } else { 90 }));
    config.poll.batch_size = *dice.pick(&[1, 5, 50].map(|ids| NonZeroUsize::new(ids).unwrap()));
    config.collect.first_delay = *dice.pick(&[Duration::ZERO, minutes(2), minutes(20)]);
    config.collect.retry_max = *dice.pick(&[hours(2), hours(6)]);
    config.collect.settle = *dice.pick(&[Duration::ZERO, Duration::ZERO, minutes(30), hours(2)]);
    // Longer than the latest recording takes, and not so long that time which must not count would go unnoticed.
    config.collect.give_up_after = *dice.pick(&[hours(40), hours(48), hours(72)]);
    config
}

fn events(dice: &mut Dice, meetings: &[Meeting], last_end: Timestamp) -> Vec<(Timestamp, Event)> {
    let mut events = Vec::new();
    for meeting in meetings {
        let id = || meeting.conference_id.clone();
        if meeting.registered {
            events.push((meeting.registered_at, Event::Register(id())));
        }
        for (index, recording) in meeting.recordings.iter().enumerate() {
            if dice.chance(25) {
                let at = recording.listed_from + dice.time(Duration::ZERO, hours(20));
                events.push((at, Event::Grow(id(), index)));
            }
        }
    }
    for _ in 0..dice.between(0, 3) {
        events.push((MIDNIGHT + dice.time(Duration::ZERO, last_end.since(MIDNIGHT)), Event::ExpireTokens));
    }
    // Not near the month's end: a daemon that takes July for June cannot know whose calls it spends.
    let mut at = MIDNIGHT + hours(48);
    for _ in 0..dice.between(0, 3) {
        at = at + dice.time(hours(1), hours(120));
        let hour_ms = 3_600_000;
        events.push((at, Event::ClockOffBy(*dice.pick(&[-hour_ms, hour_ms, 24 * hour_ms]))));
        at = at + dice.time(minutes(5), hours(30));
        events.push((at, Event::ClockOffBy(0)));
    }
    events
}

fn crash(dice: &mut Dice) -> Crash {
    let fuse = match dice.between(0, 9) {
        // While it starts, or soon after.
        0 | 1 => Fuse { calls: 0, endpoint: None, steps: steps(dice, 3_000) },
        // Around the calls that lead to a change of state, and around what is written for them.
        2..=6 => fuse(dice, Some(Endpoint::GetVideos), 6),
        7 => fuse(dice, Some(Endpoint::ConferenceInfo), 12),
        // Anywhere.
        _ => fuse(dice, None, 60),
    };
    let down_for = match dice.between(0, 9) {
        0..=4 => Duration::ZERO,
        5..=7 => dice.time(Duration::ZERO, minutes(30)),
        8 => dice.time(Duration::ZERO, hours(8)),
        _ => dice.time(Duration::ZERO, hours(48)),
    };
    Crash { fuse, down_for }
}

fn fuse(dice: &mut Dice, endpoint: Option<Endpoint>, most_calls: u64) -> Fuse {
    let most_steps = *dice.pick(&[4, 60, 60, 400]);
    Fuse { calls: u32::try_from(dice.between(1, most_calls)).unwrap(), endpoint, steps: steps(dice, most_steps) }
}

fn steps(dice: &mut Dice, most: u64) -> u32 {
    u32::try_from(dice.between(0, most)).unwrap()
}
