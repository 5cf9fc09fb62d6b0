//! What a seed draws: an organisation and its month, what DingTalk is like, what goes wrong, and when the archiver's
//! process ends.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use recording_archiver::config::Config;
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{
    AcceptedUnionIds, Behaviour, EmptyField, Endpoint, Fault, KeyOrder, ListingOrder, Meeting, Organisation,
    Plan as Meetings, Random, UnknownField,
};

use super::countdown::{CrashPoint, Occurrence};
use super::events::{Stream, StreamEvent};
use super::faults;
use super::unusual::{BadId, Counts, go_on_again};
use crate::world::{MIDNIGHT, hours, minutes};

/// The streams of random numbers that are drawn from here, apart from the organisation's own.
const STREAM: u64 = 77;
const PAIR_STREAM: u64 = 78;

/// Something that happens to the archiver, or in its world, at a time.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// An integration notes a meeting's id.
    Register(String),
    /// The archiver's clock is set wrong by so many milliseconds; 0: right.
    ClockOffBy(i64),
    /// What is true of a meeting's recording changes.
    Grow(String, usize),
    /// DingTalk forgets every token.
    ExpireTokens,
    /// The organisation has so many calls a month, for all its apps.
    Quota(Option<u64>),
    /// A person looks at what has failed, and has it tried again.
    Retry,
    /// Something happens to the connection for events.
    Stream(StreamEvent),
    /// The process is killed while it waits for something to be due, and starts again at once.
    Kill,
}

/// The end of a process, and how long until the next one starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) point: CrashPoint,
    pub(crate) down_for: Duration,
}

/// Everything that one seed draws.
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) organisation: Organisation,
    pub(crate) behaviour: Behaviour,
    pub(crate) config: Config,
    pub(crate) faults: Vec<Fault>,
    pub(crate) crashes: Vec<Crash>,
    pub(crate) events: Vec<(Timestamp, Event)>,
    pub(crate) until: Timestamp,
    /// Nothing goes wrong but the process, which starts again at once; and calls are not scarce.
    pub(crate) is_calm: bool,
    /// What is unusual about it.
    pub(crate) counts: Counts,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed, STREAM);
        let is_calm = seed.is_multiple_of(10);
        let meetings = usize::try_from(random.between(6, 40)).unwrap();
        let mut meetings = generated(seed, meetings, 20);
        let mut counts = Counts::new();
        go_on_again(&mut random, &mut meetings, is_calm, &mut counts);
        let bad_ids = if is_calm { 0 } else { usize::try_from(random.between(0, 3)).unwrap() };
        let bad_ids: Vec<BadId> = (0..bad_ids).map(|n| BadId::draw(&mut random, &meetings, n)).collect();
        let mut config = config(seed, &mut random, &meetings);
        let mut behaviour = Behaviour::drawn(seed);
        if random.chance(30) {
            behaviour.listing_order = ListingOrder::Shifting;
            behaviour.page_size = 2;
        }
        if config.discover.organization && random.chance(50) {
            behaviour.accepted_union_ids = AcceptedUnionIds::OwnerAndCreator;
        }
        let organisation = organisation(&meetings, &bad_ids);
        let last_end = organisation.meetings().map(last_end_of).max().unwrap();
        let troubled_until = last_end + hours(24);
        let spent = !is_calm && random.chance(8);
        let mut events = events(&mut random, &meetings, last_end);
        events.extend(bad_ids.iter().map(|bad| (bad.registered_at, Event::Register(bad.conference_id.clone()))));
        if !is_calm {
            register_early(&mut random, &mut events, &mut counts);
        }
        if spent {
            events.push((MIDNIGHT + hours(24 * 12), Event::Quota(Some(random.between(50, 150)))));
        }
        let mut faults: Vec<Fault> =
            (0..random.between(0, 9)).map(|_| faults::draw(&mut random, &meetings, MIDNIGHT, troubled_until)).collect();
        // While nobody may be asked, all but a few calls are due to those who forget that.
        for fault in &faults {
            let begins = fault.from.unwrap_or(MIDNIGHT);
            let lasts = fault.until.map_or(minutes(20), |until| until.since(begins));
            if random.chance(50) {
                events.push((begins + random.time(Duration::ZERO, lasts), Event::Kill));
            }
        }
        if !is_calm && random.chance(15) {
            faults.extend(faults::at_a_rate(&mut random, troubled_until));
            *counts.entry("month in which calls fail at a rate".to_owned()).or_default() += 1;
        }
        let over = faults.iter().filter_map(|fault| fault.until).max().unwrap_or(last_end).max(troubled_until);
        // The organisation's month ends with June; what it could not be asked until then, it is asked in July.
        let over = if spent { over.max(MIDNIGHT + hours(24 * 30)) } else { over } + hours(24);
        for week in 1..6 {
            events.push(((MIDNIGHT + hours(24 * 7 * week)).min(over), Event::Retry));
        }
        let until = over + config.collect.give_up_after + hours(48);
        events.sort_by_key(|(at, _)| *at);
        let mut crashes: Vec<Crash> = (0..random.between(0, 25)).map(|_| crash(&mut random)).collect();
        // They come last: a fault that everybody meets may keep an id from being asked about at all.
        for bad in bad_ids {
            *counts.entry(bad.kind.to_owned()).or_default() += 1;
            faults.extend(bad.faults);
        }
        if let Some(mut stream) = Stream::draw(seed, &meetings, last_end, is_calm, &mut config) {
            for crash in &mut crashes {
                stream.draw_crash(&mut crash.point);
            }
            events.extend(stream.happenings.into_iter().map(|(at, event)| (at, Event::Stream(event))));
            events.sort_by_key(|(at, _)| *at);
            faults.extend(stream.faults);
            behaviour.stream = stream.behaviour;
            *counts.entry("month with events".to_owned()).or_default() += 1;
        }
        count_behaviour(&behaviour, &config, &mut counts);
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
        Self { seed, organisation, behaviour, config, faults, crashes, events, until, is_calm, counts }
    }

    /// A week of `seed` in which nothing goes wrong but that `bad_ids` are registered too, and these.
    ///
    /// Each meeting's recordings come within half an hour and stay as they are, so that when a meeting is closed rests on
    /// when it was asked about and on nothing else.
    pub(crate) fn of_pair(seed: u64, with_bad_ids: bool) -> (Self, Vec<BadId>) {
        let mut random = Random::new(seed, PAIR_STREAM);
        let mut meetings = generated(seed, usize::try_from(random.between(6, 30)).unwrap(), 5);
        for meeting in &mut meetings {
            meeting.recordings.retain(|recording| recording.record_type == 0);
            meeting.recordings.iter_mut().for_each(|recording| recording.listed_until = None);
            meeting.registered = true;
        }
        let mut bad_ids: Vec<BadId> = (0..3).map(|number| BadId::draw(&mut random, &meetings, number)).collect();
        bad_ids.truncate(usize::try_from(random.between(1, 3)).unwrap());
        let mut config = config(seed, &mut random, &meetings);
        config.quota.calls_per_month = 0;
        config.discover.organization = false;
        config.discover.users = Vec::new();
        config.poll.interval = Some(minutes(15));
        let registered = |id: &str, at| (at, Event::Register(id.to_owned()));
        let mut events: Vec<(Timestamp, Event)> =
            meetings.iter().map(|meeting| registered(&meeting.conference_id, meeting.registered_at)).collect();
        let present = if with_bad_ids { bad_ids.as_slice() } else { &[] };
        events.extend(present.iter().map(|bad| registered(&bad.conference_id, bad.registered_at)));
        events.sort_by_key(|(at, _)| *at);
        let last_end = meetings.iter().map(|meeting| meeting.ends_at).max().unwrap();
        let plan = Self {
            seed,
            organisation: organisation(&meetings, present),
            behaviour: Behaviour::drawn(seed),
            faults: present.iter().flat_map(|bad| bad.faults.clone()).collect(),
            crashes: Vec::new(),
            events,
            until: last_end + config.collect.give_up_after + hours(48),
            is_calm: false,
            counts: Counts::new(),
            config,
        };
        (plan, bad_ids)
    }
}

fn generated(seed: u64, meetings: usize, days: usize) -> Vec<Meeting> {
    let plan = Meetings { seed, meetings, days, first_day: MIDNIGHT };
    Organisation::generate(&plan).meetings().cloned().collect()
}

fn organisation(meetings: &[Meeting], bad_ids: &[BadId]) -> Organisation {
    let mut organisation = Organisation::empty();
    let bad = bad_ids.iter().filter_map(|bad| bad.meeting.as_ref());
    meetings.iter().chain(bad).for_each(|meeting| organisation.add(meeting.clone()));
    organisation
}

fn last_end_of(meeting: &Meeting) -> Timestamp {
    meeting.later_sessions.last().map_or(meeting.ends_at, |session| session.ends_at)
}

/// Has some ids noted before there is a meeting under them.
fn register_early(random: &mut Random, events: &mut [(Timestamp, Event)], counts: &mut Counts) {
    for (at, event) in events {
        if matches!(event, Event::Register(_)) && random.chance(10) {
            *at = (*at - random.time(hours(1), hours(30))).max(MIDNIGHT);
            *counts.entry("id that is noted before its meeting exists".to_owned()).or_default() += 1;
        }
    }
}

fn count_behaviour(behaviour: &Behaviour, config: &Config, counts: &mut Counts) {
    let batch_size = config.poll.batch_size.get();
    for (name, is_so) in [
        ("month in which batches are too long", behaviour.most_ids.is_some_and(|most| most < batch_size)),
        ("month in which keys change their order", behaviour.key_order == KeyOrder::Shuffled),
        ("month in which an unknown field changes", behaviour.unknown_field == UnknownField::Changing),
        ("month in which an empty list is left out", behaviour.empty_field == EmptyField::Absent),
        ("month in which an empty list is null", behaviour.empty_field == EmptyField::Null),
    ] {
        if is_so {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
}

fn config(seed: u64, random: &mut Random, meetings: &[Meeting]) -> Config {
    let mut config = Config::default();
    // Calls side by side may be sent one by one and arrive together: with so many a second, even then they are not too many.
    let (in_flight, a_second) = if seed % 10 == 9 { (8, 10) } else { (1, 15) };
    config.dingtalk.max_in_flight = NonZeroUsize::new(in_flight).unwrap();
    config.dingtalk.requests_per_second = NonZeroU32::new(a_second).unwrap();
    config.dingtalk.request_timeout = Duration::from_secs(3);
    config.quota.calls_per_month = *random.pick(&[0, 300, 500, 900]);
    let metered = config.quota.calls_per_month > 0;
    config.discover.organization = random.chance(70);
    if random.chance(30) {
        let mut hosts =
            [random.pick(meetings), random.pick(meetings)].map(|host| host.creator_union_id.clone()).to_vec();
        hosts.dedup();
        config.discover.users = hosts;
    }
    let look = *random.pick(&[15, 60, 180]);
    config.discover.interval = Some(minutes(if metered { look } else { look.max(120) }));
    config.poll.interval = Some(minutes(if metered { 5 } else { 90 }));
    config.poll.batch_size = *random.pick(&[1, 5, 50].map(|ids| NonZeroUsize::new(ids).unwrap()));
    config.collect.first_delay = *random.pick(&[Duration::ZERO, minutes(2), minutes(20)]);
    config.collect.retry_max = *random.pick(&[hours(2), hours(6)]);
    config.collect.settle = *random.pick(&[Duration::ZERO, Duration::ZERO, minutes(30), hours(2)]);
    // Longer than the latest recording takes, and not so long that time which must not count would go unnoticed.
    config.collect.give_up_after = *random.pick(&[hours(40), hours(48), hours(72)]);
    config
}

fn events(random: &mut Random, meetings: &[Meeting], last_end: Timestamp) -> Vec<(Timestamp, Event)> {
    let mut events = Vec::new();
    for meeting in meetings {
        let id = || meeting.conference_id.clone();
        if meeting.registered {
            events.push((meeting.registered_at, Event::Register(id())));
        }
        for (index, recording) in meeting.recordings.iter().enumerate() {
            if random.chance(25) {
                let at = recording.listed_from + random.time(Duration::ZERO, hours(20));
                events.push((at, Event::Grow(id(), index)));
            }
        }
    }
    for _ in 0..random.between(0, 3) {
        events.push((MIDNIGHT + random.time(Duration::ZERO, last_end.since(MIDNIGHT)), Event::ExpireTokens));
    }
    // Not near the month's end: a daemon that takes July for June cannot know whose calls it spends.
    let mut at = MIDNIGHT + hours(48);
    for _ in 0..random.between(0, 3) {
        at = at + random.time(hours(1), hours(120));
        let hour_ms = 3_600_000;
        events.push((at, Event::ClockOffBy(*random.pick(&[-hour_ms, hour_ms, 24 * hour_ms]))));
        at = at + random.time(minutes(5), hours(30));
        events.push((at, Event::ClockOffBy(0)));
    }
    events
}

fn crash(random: &mut Random) -> Crash {
    let point = match random.between(0, 9) {
        // While it starts, or soon after.
        0 | 1 => CrashPoint { times: 0, at: Occurrence::AnyCall, steps: steps(random, 3_000) },
        // Around the calls that lead to a change of state, and around what is written for them.
        2..=6 => point(random, Occurrence::Call(Endpoint::GetVideos), 6),
        7 => point(random, Occurrence::Call(Endpoint::ConferenceInfo), 12),
        // Anywhere.
        _ => point(random, Occurrence::AnyCall, 60),
    };
    let down_for = match random.between(0, 9) {
        0..=4 => Duration::ZERO,
        5..=7 => random.time(Duration::ZERO, minutes(30)),
        8 => random.time(Duration::ZERO, hours(8)),
        _ => random.time(Duration::ZERO, hours(48)),
    };
    Crash { point, down_for }
}

fn point(random: &mut Random, at: Occurrence, most_times: u64) -> CrashPoint {
    let most_steps = *random.pick(&[4, 60, 60, 400]);
    CrashPoint { times: u32::try_from(random.between(1, most_times)).unwrap(), at, steps: steps(random, most_steps) }
}

fn steps(random: &mut Random, most: u64) -> u32 {
    u32::try_from(random.between(0, most)).unwrap()
}
