//! What must hold whatever happened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Meeting, Recording};

use super::evidence::{Evidence, Video, videos};
use super::life::Life;
use super::plan::Plan;

/// Calls put aside at a time: what a crash may leave in the ledger above the truth.
const RESERVE: u64 = 8;

/// What stood in the catalog when it was last looked at.
#[derive(Default)]
pub(crate) struct Memory {
    recordings: HashSet<Video>,
    closed: HashMap<String, String>,
}

/// A row of `recordings`.
struct Row {
    video: Video,
    raw: String,
    is_missing: bool,
}

impl Memory {
    /// A person has had these tried again: they may change their state.
    pub(crate) fn retried(&mut self, conference_ids: &[String]) {
        for id in conference_ids {
            self.closed.remove(id);
        }
    }

    /// The recordings that the catalog then had.
    pub(crate) fn recordings(&self) -> &HashSet<Video> {
        &self.recordings
    }

    /// At any time, and above all when a process has just ended.
    pub(crate) async fn still_holds(&mut self, life: &Life) {
        let rows = rows(life).await;
        let conferences: HashMap<String, String> = states(life).await.into_iter().collect();
        let revisions =
            life.words("SELECT conference_id || ' ' || media_id || ' ' || raw FROM recording_revisions").await;
        {
            let watch = life.watch.lock().unwrap();
            let evidence = &watch.evidence;
            assert!(evidence.broken_pauses.is_empty(), "a pause was forgotten: {:?}", evidence.broken_pauses);
            for row in &rows {
                let forms = evidence.listed.get(&row.video);
                assert!(forms.is_some_and(|forms| forms.contains(&row.raw)), "never listed like this: {}", row.raw);
            }
            let forms = || {
                evidence
                    .listed
                    .iter()
                    .flat_map(|((id, media), raws)| raws.iter().map(move |raw| format!("{id} {media} {raw}")))
            };
            let forms: HashSet<String> = if revisions.is_empty() { HashSet::new() } else { forms().collect() };
            for revision in &revisions {
                assert!(forms.contains(revision), "never listed like this: {revision}");
            }
            for (id, state) in &conferences {
                self.closes_rightly(id, state, evidence);
            }
        }
        let recorded: HashSet<&str> = rows.iter().map(|row| row.video.0.as_str()).collect();
        for (id, _) in conferences.iter().filter(|(_, state)| *state == "archived") {
            assert!(recorded.contains(id.as_str()), "{id} is archived without a recording");
        }
        let found: HashSet<Video> = rows.into_iter().map(|row| row.video).collect();
        answers_are_kept_whole(&life.watch.lock().unwrap().evidence, &found);
        let lost: Vec<&Video> = self.recordings.difference(&found).collect();
        assert!(lost.is_empty(), "recordings were lost: {lost:?}");
        self.recordings = found;
        for (id, state) in &self.closed {
            assert_eq!(conferences.get(id), Some(state), "{id} was {state} and closed");
        }
        let is_closed = |state: &String| matches!(state.as_str(), "archived" | "unrecorded" | "failed");
        self.closed = conferences.into_iter().filter(|(_, state)| is_closed(state)).collect();
        ledger_is_not_below_the_truth(life).await;
        assert_eq!(life.admin.verify().await.unwrap(), []);
    }

    /// No conference was closed by a fault: what closes it is an answer about it.
    fn closes_rightly(&self, id: &str, state: &str, evidence: &Evidence) {
        if self.closed.contains_key(id) {
            return;
        }
        let refused = evidence.refusals.get(id);
        match state {
            "archived" => assert!(evidence.listed.keys().any(|(of, _)| of == id), "{id}: nothing was ever listed"),
            "unrecorded" => assert!(evidence.nothing_listed.contains(id), "{id}: DingTalk never said so"),
            "failed" => assert!(refused.is_some(), "{id} failed, and DingTalk never refused it"),
            _ => {}
        }
    }
}

/// Of an answer that its process did not outlive, the catalog has everything or nothing.
fn answers_are_kept_whole(evidence: &Evidence, found: &HashSet<Video>) {
    for (id, list) in &evidence.in_hand {
        let news = videos(id, list).filter(|video| !evidence.heard.contains(video));
        let (kept, lost): (Vec<Video>, Vec<Video>) = news.partition(|video| found.contains(video));
        assert!(kept.is_empty() || lost.is_empty(), "of one answer, {kept:?} was kept and {lost:?} lost");
    }
}

/// When all is over: every conference is closed, or open for a reason that stands; and every recording is there.
pub(crate) async fn hold_in_the_end(life: &Life, plan: &Plan) {
    let pauses = life.words("SELECT scope || ' ' || code FROM pauses").await;
    let conferences = states(life).await;
    let open: Vec<_> =
        conferences.iter().filter(|(_, state)| matches!(state.as_str(), "waiting" | "active" | "ended")).collect();
    assert!(open.is_empty() || !pauses.is_empty(), "open for no reason: {open:?}");

    let listed = still_listed(life);
    let rows = rows(life).await;
    let mut catalog: HashMap<&str, BTreeMap<&str, &str>> = HashMap::new();
    for row in rows.iter().filter(|row| !row.is_missing) {
        let (id, media_id) = &row.video;
        catalog.entry(id).or_default().insert(media_id, &row.raw);
    }
    let watch = life.watch.lock().unwrap();
    let evidence = &watch.evidence;
    let catalogued: HashSet<&Video> = rows.iter().map(|row| &row.video).collect();
    for video in &evidence.heard {
        assert!(catalogued.contains(video), "listed and not catalogued: {video:?}");
    }
    for (id, list) in &evidence.last_list {
        let list: BTreeMap<&str, &str> = list.iter().map(|(id, raw)| (id.as_str(), raw.as_str())).collect();
        assert_eq!(catalog.get(id.as_str()).cloned().unwrap_or_default(), list, "{id}: not what was listed last");
    }
    let known: BTreeMap<&str, &str> = conferences.iter().map(|(id, state)| (id.as_str(), state.as_str())).collect();
    for id in &evidence.shown {
        assert!(known.contains_key(id.as_str()), "{id} was shown in a listing and is not known");
    }
    for video in &listed {
        let state = known.get(video.0.as_str());
        let is_owed = state.is_some_and(|state| matches!(*state, "archived" | "unrecorded"));
        assert!(!is_owed || catalogued.contains(video), "{video:?} is listed and not catalogued: {state:?}");
    }
    if plan.is_calm {
        let missed: Vec<Video> = ever_listed(life)
            .filter(|(id, _)| known.contains_key(id.as_str()))
            .filter(|video| !catalogued.contains(video))
            .collect();
        assert!(missed.is_empty(), "nothing went wrong, and these were missed: {missed:?}");
    }
    assert_eq!(evidence.too_fast, 0, "calls came too fast");
    let share = plan.config.quota.calls_per_month;
    for month in [crate::world::MIDNIGHT, life.now()] {
        let metered = life.simulator.metered_calls_in_month(month);
        assert!(share == 0 || metered <= share, "{metered} calls of {share}");
    }
}

async fn ledger_is_not_below_the_truth(life: &Life) {
    let sql = "SELECT coalesce(sum(calls), 0) FROM api_calls WHERE outcome NOT IN ('unreached', 'throttled')";
    let ledger = life.number(sql).await;
    let watch = life.watch.lock().unwrap();
    let (metered, calls) = (watch.evidence.metered, watch.evidence.calls);
    assert!(ledger >= metered, "the ledger says {ledger} calls, DingTalk counted {metered}");
    let most = calls + RESERVE * (life.crashes + life.kills + 1);
    assert!(ledger <= most, "the ledger says {ledger} calls, there were {calls} and {} crashes", life.crashes);
}

/// The recordings that DingTalk lists today.
fn still_listed(life: &Life) -> BTreeSet<Video> {
    let now: Timestamp = life.now();
    life.simulator.with_organisation(|organisation| {
        let listed = organisation.meetings().flat_map(|meeting| {
            meeting.listed_recordings(now).map(|recording| (meeting.conference_id.clone(), recording.media_id.clone()))
        });
        listed.collect()
    })
}

/// Every recording that DingTalk lists at any time.
fn ever_listed(life: &Life) -> impl Iterator<Item = Video> {
    let listed = life.simulator.with_organisation(|organisation| {
        let video =
            |(meeting, recording): (&Meeting, &Recording)| (meeting.conference_id.clone(), recording.media_id.clone());
        organisation.ever_listed().map(video).collect::<Vec<_>>()
    });
    listed.into_iter()
}

async fn states(life: &Life) -> Vec<(String, String)> {
    sqlx::query_as("SELECT conference_id, state FROM conferences").fetch_all(&life.sqlite).await.unwrap()
}

async fn rows(life: &Life) -> Vec<Row> {
    let sql = "SELECT conference_id, media_id, raw, missing_since IS NOT NULL FROM recordings";
    let rows: Vec<(String, String, String, bool)> = sqlx::query_as(sql).fetch_all(&life.sqlite).await.unwrap();
    rows.into_iter()
        .map(|(conference_id, media_id, raw, is_missing)| Row { video: (conference_id, media_id), raw, is_missing })
        .collect()
}
