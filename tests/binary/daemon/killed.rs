//! SIGKILL at any instant, again and again, while there is much to do: whatever was in the file is in the file, and what
//! was not is made up for.

use std::collections::HashSet;
use std::env;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use recording_archiver::catalog::Catalog;
use recording_archiver::catalog::register::Registration;
use recording_archiver::domain::clock::{Clock, SystemClock};
use recording_archiver::domain::conference::DiscoveredBy;
use recording_archiver::simulator::{CallEvent, Endpoint, Meeting, Observer, Random};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};

use super::{EAGER, HOUR};
use crate::harness::{CREDENTIALS, Daemon, Far, PATIENCE, Place, block_on, column, eventually, now, number, says, sql};

/// Meetings that await each life, a third of them with a composed file besides.
const MEETINGS: usize = 12;

/// Calls that a life needs for them: one or two queries, and two calls a meeting.
const CALLS: u64 = 26;

/// When a life is to end.
#[derive(Clone, Copy)]
struct End {
    /// At this call of it.
    call: u64,
    /// While that call is under way: its answer never comes.
    in_flight: bool,
}

/// What DingTalk told the daemon, and when it is to be killed.
#[derive(Default)]
struct Told {
    calls: u64,
    end: Option<End>,
    /// Every video as it was listed: its meeting, its mediaId, its JSON.
    videos: HashSet<Vec<String>>,
}

struct World {
    far: Far,
    place: Place,
    told: Arc<Mutex<Told>>,
    now: Receiver<()>,
    meetings: usize,
    /// What stood in the catalog, of conferences that were archived.
    archived: HashSet<Vec<String>>,
}

impl World {
    fn new() -> Self {
        let far = Far::with([]);
        far.simulator.set_calls_per_second(None);
        let fast = "[dingtalk]\nrequests_per_second = 1000\n";
        let configuration = far.configuration(EAGER).replacen("[dingtalk]\n", fast, 1);
        let place = Place::with(&configuration);
        let told = Arc::new(Mutex::new(Told::default()));
        let (tell, now) = channel();
        far.simulator.set_observer(Observer::new({
            let told = Arc::clone(&told);
            move |event| told.lock().unwrap().take(event, &tell)
        }));
        Self { far, place, told, now, meetings: 0, archived: HashSet::new() }
    }

    /// Meetings that have been over for an hour, and whose ids were noted.
    fn await_more(&mut self) {
        let ids: Vec<String> = (0..MEETINGS).map(|n| format!("conf-{}", self.meetings + n)).collect();
        self.far.simulator.with_organisation(|organisation| {
            for (n, id) in ids.iter().enumerate() {
                let meeting = Meeting::sample(id, now() - 2 * HOUR, now() - HOUR).recorded(Duration::ZERO);
                organisation.add(if n % 3 == 0 { meeting.composed(Duration::ZERO) } else { meeting });
            }
        });
        self.meetings += MEETINGS;
        let registrations: Vec<Registration> =
            ids.into_iter().map(|conference_id| Registration { conference_id, union_id: None }).collect();
        block_on(async {
            let catalog = Catalog::open(&self.place.catalog()).await.unwrap();
            catalog.register(&registrations, DiscoveredBy::Cli, now()).await.unwrap();
        });
    }

    /// One life, from the start of the process to the instant of its end.
    fn live_until(&mut self, end: End, then: Duration) {
        {
            let told = &mut *self.told.lock().unwrap();
            told.calls = 0;
            told.end = Some(end);
        }
        let daemon = Daemon::spawn(&self.place, self.place.std_command(&["run"]));
        self.now.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{}", daemon.said()));
        spin(then);
        daemon.kill();
        self.told.lock().unwrap().end = None;
        self.holds();
    }

    /// Asserts what must hold when a process has just been killed.
    fn holds(&mut self) {
        let catalog = &self.place.catalog();
        assert_eq!(column(catalog, "PRAGMA integrity_check"), ["ok"]);
        assert!(sql(catalog, "PRAGMA foreign_key_check").is_empty());
        let spent = number(catalog, "SELECT coalesce(sum(calls), 0) FROM api_calls");
        let metered = self.far.simulator.metered_calls();
        assert!(u64::try_from(spent).unwrap() >= metered, "the ledger says {spent}, DingTalk counted {metered}");

        let told = self.told.lock().unwrap();
        let videos = sql(catalog, "SELECT conference_id, media_id, raw FROM recordings");
        for video in &videos {
            assert!(told.videos.contains(video), "never listed: {video:?}");
        }
        let closed = "SELECT conference_id, state FROM conferences WHERE closed_at IS NOT NULL AND state <> 'archived'";
        assert!(sql(catalog, closed).is_empty(), "{:?}", sql(catalog, closed));
        let bare = "SELECT conference_id FROM conferences c WHERE state = 'archived'
                    AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.conference_id = c.conference_id)";
        assert!(sql(catalog, bare).is_empty(), "{:?}", sql(catalog, bare));
        let archived = "SELECT r.*, c.state, c.closed_at FROM recordings r JOIN conferences c USING (conference_id)
                        WHERE c.state = 'archived'";
        let archived: HashSet<Vec<String>> = sql(catalog, archived).into_iter().collect();
        let lost: Vec<_> = self.archived.difference(&archived).collect();
        assert!(lost.is_empty(), "changed or lost: {lost:?}");
        self.archived = archived;
    }
}

impl Told {
    /// Notes one event of a call; false drops the connection.
    fn take(&mut self, event: CallEvent<'_>, tell: &Sender<()>) -> bool {
        match event {
            CallEvent::Arrived(endpoint) => {
                self.calls += u64::from(!endpoint.is_token());
                let is_end = self.end.is_some_and(|end| !endpoint.is_token() && end.call == self.calls);
                if is_end {
                    tell.send(()).unwrap();
                }
                !is_end || self.end.is_some_and(|end| !end.in_flight)
            }
            CallEvent::Answered { call, answer: Some(list), .. } if call.endpoint == Endpoint::GetVideos => {
                for video in list["videoList"].as_array().into_iter().flatten() {
                    let media_id = video["mediaId"].as_str().unwrap().to_owned();
                    self.videos.insert(vec![call.conference_ids[0].clone(), media_id, video.to_string()]);
                }
                true
            }
            CallEvent::Answered { .. } => true,
        }
    }
}

/// Lets so much time pass, to the microsecond.
fn spin(time: Duration) {
    let clock = SystemClock::new();
    while clock.elapsed() < time {
        std::hint::spin_loop();
    }
}

fn survives(seed: u64, kills: usize) {
    let mut random = Random::new(seed, 0);
    let mut world = World::new();
    let mut in_flight = 0;
    for _ in 0..kills {
        world.await_more();
        let end = End { call: random.between(1, CALLS), in_flight: random.chance(40) };
        in_flight += usize::from(end.in_flight);
        world.live_until(end, random.time(Duration::ZERO, Duration::from_millis(12)));
    }
    let daemon = Daemon::start(&world.place);
    let meetings = world.meetings;
    eventually("all is archived", || {
        let archived = "SELECT count(*) FROM conferences WHERE state = 'archived'";
        (usize::try_from(number(&world.place.catalog(), archived)).unwrap() == meetings).then_some(())
    });
    daemon.stop();
    world.holds();
    let recordings = number(&world.place.catalog(), "SELECT count(*) FROM recordings");
    let truth = world.far.simulator.with_organisation(|organisation| organisation.ever_listed().count());
    assert_eq!(usize::try_from(recordings).unwrap(), truth);
    println!("\nsurvived: {kills} kills, {in_flight} of them in a call; {meetings} meetings, {recordings} recordings");
}

#[test]
fn a_write_that_a_crash_cut_short_is_undone_by_whoever_may_write_next() {
    let place = Place::with(CREDENTIALS);
    place.run(&["watch", "add", "607452e0xxx"]).done();
    let copy = |from: &str, to: &str| std::fs::copy(place.path(from), place.path(to)).unwrap();
    block_on(async {
        let options = SqliteConnectOptions::new().filename(place.catalog());
        let mut connection = options.journal_mode(SqliteJournalMode::Delete).connect().await.unwrap();
        // A cache of one page: the transaction is written to the file while it is under way.
        let half = "PRAGMA cache_size = 1; BEGIN; UPDATE conferences SET title = printf('%9000s', 'half');
                    CREATE TABLE half (a); INSERT INTO half SELECT randomblob(9000) FROM pragma_function_list";
        sqlx::raw_sql(half).execute(&mut connection).await.unwrap();
        copy("catalog.db", "copy.db");
        copy("catalog.db-journal", "copy.db-journal");
        connection.close().await.unwrap();
    });
    copy("copy.db", "catalog.db");
    copy("copy.db-journal", "catalog.db-journal");

    says(&place.run(&["status"]).refused(1), &["a write that a crash cut short", "starting the daemon"]);
    place.run(&["watch", "add", "607452e0yyy"]).done();
    says(&place.run(&["verify"]).done(), &["2 conferences"]);
    assert_eq!(number(&place.catalog(), "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    assert_eq!(number(&place.catalog(), "SELECT count(title) FROM conferences"), 0);
}

#[test]
fn twenty_kills_at_any_instant_lose_nothing() {
    survives(1, 20);
}

#[test]
#[ignore = "soak: two hundred kills"]
fn soak_two_hundred_kills_at_any_instant_lose_nothing() {
    let seed = env::var("SOAK_SEED").map_or(2, |seed| seed.parse().expect("SOAK_SEED"));
    survives(seed, 200);
}
