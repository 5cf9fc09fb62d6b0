//! What must hold whatever happened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::{Meeting, Phase, Recording};
use serde_json::Value;

use super::evidence::{Evidence, List, Video, named, videos};
use super::plan::Plan;
use super::run::Run;
use crate::world::{hours, minutes};

/// How much longer than `collect.give_up_after` an open conference may not have been asked about: the times between looks
/// are stretched when calls are scarce, over a weekend to its end.
const STRETCH: Duration = hours(96);
/// How far ahead a conference may be planned to be asked about: until a booked meeting starts.
const LONGEST_LEAD: Duration = hours(80);
/// Pauses that stand for good reason when all is over, if calls were scarce.
const SPENT: &str =
    "SELECT count(*) FROM pauses WHERE code IN ('shareSpent', 'Forbidden.AccessDenied.ApiCountLimitForOrg')";
/// What stood in the catalog when it was last looked at.
#[derive(Default)]
pub(crate) struct Snapshot {
    recordings: HashSet<Video>,
    states: HashMap<String, String>,
    /// The `awake` of the evidence when a conference was first found open.
    open_since: HashMap<String, Duration>,
    /// The conferences that a person ever had tried again.
    retried: HashSet<String>,
}

/// A row of `conferences`.
struct Conference {
    id: String,
    state: String,
    next_attempt_at: Option<Timestamp>,
}

/// A row of `recordings`, or what one said before.
struct Row {
    video: Video,
    raw: Value,
    is_missing: bool,
}

impl Conference {
    fn is_open(&self) -> bool {
        is_open(&self.state)
    }
}

impl Snapshot {
    /// A person has had these tried again: they may change their state.
    pub(crate) fn retried(&mut self, conference_ids: &[String]) {
        for id in conference_ids {
            self.states.remove(id);
            self.retried.insert(id.clone());
        }
    }

    /// The recordings that the catalog then had.
    pub(crate) fn recordings(&self) -> &HashSet<Video> {
        &self.recordings
    }

    /// At any time, and above all when a process has just ended.
    pub(crate) async fn still_holds(&mut self, run: &Run) {
        let rows = rows(run).await;
        let conferences = conferences(run).await;
        let revisions = revisions(run).await;
        {
            let mut shared = run.shared.lock().unwrap();
            let evidence = &mut shared.evidence;
            recordings_say_what_was_listed(evidence, &rows, &revisions);
            assert!(evidence.broken_pauses.is_empty(), "a pause was forgotten: {:?}", evidence.broken_pauses);
            for conference in &conferences {
                self.changed_state_rightly(conference, evidence);
                self.has_the_state_that_was_told(conference, evidence);
                self.is_closed_or_has_a_reason(conference, evidence, run);
            }
            evidence.told_since_snapshot.clear();
            evidence.hinted_since_snapshot.clear();
        }
        let recorded: HashSet<&str> = rows.iter().map(|row| row.video.0.as_str()).collect();
        for conference in conferences.iter().filter(|conference| conference.state == "archived") {
            assert!(recorded.contains(conference.id.as_str()), "{} is archived without a recording", conference.id);
        }
        let found: HashSet<Video> = rows.into_iter().map(|row| row.video).collect();
        answers_are_kept_complete(&run.shared.lock().unwrap().evidence, &found);
        let lost: Vec<&Video> = self.recordings.difference(&found).collect();
        assert!(lost.is_empty(), "recordings were lost: {lost:?}");
        self.recordings = found;
        self.states = conferences.into_iter().map(|conference| (conference.id, conference.state)).collect();
        ledger_is_not_below_the_truth(run).await;
        assert_eq!(run.admin.verify().await.unwrap(), []);
    }

    /// No conference was closed by a fault: what closes it is an answer about it. And none was opened again but by an
    /// answer that it is in progress, or an event; or, if it had failed, by any status that was told.
    fn changed_state_rightly(&self, conference: &Conference, evidence: &Evidence) {
        let Conference { id, state, .. } = conference;
        let before = self.states.get(id).filter(|before| !is_open(before));
        if let Some(before) = before {
            let told = evidence.told_since_snapshot.get(id);
            let may_open = told.is_some_and(|in_progress| *in_progress || before == "failed")
                || evidence.hinted_since_snapshot.contains(id);
            assert!(before == state || may_open, "{id} was closed as {before} and is {state}");
        }
        if before == Some(state) {
            return;
        }
        match state.as_str() {
            "archived" => assert!(evidence.listed.keys().any(|(of, _)| of == id), "{id}: nothing was ever listed"),
            "unrecorded" => assert!(evidence.nothing_listed.contains(id), "{id}: DingTalk never said so"),
            "failed" => assert!(evidence.refused.contains(id), "{id} failed, and no call about it ever did"),
            _ => {}
        }
    }

    /// The state is the one that the status demands which was told last: a conference in progress is `active`, one that has
    /// not started is `waiting`, one that has ended is neither. An error about it, an event or a person may have changed that.
    fn has_the_state_that_was_told(&self, conference: &Conference, evidence: &Evidence) {
        let Conference { id, state, .. } = conference;
        let has_changed = evidence.refused_since_told.contains(id) || evidence.hinted_since_told.contains(id);
        if has_changed || self.retried.contains(id) {
            return;
        }
        let is_right = match evidence.told.get(id) {
            None => true,
            Some(Phase::NotStarted) => state == "waiting",
            Some(Phase::InProgress) => state == "active",
            Some(Phase::Ended) => !matches!(state.as_str(), "waiting" | "active"),
        };
        assert!(is_right, "{id} was told last as {:?}, and is {state}", evidence.told[id]);
    }

    /// A conference that is not closed was asked about within `collect.give_up_after`, or will be: only time in which the
    /// archiver lived and no pause stood counts.
    fn is_closed_or_has_a_reason(&mut self, conference: &Conference, evidence: &Evidence, run: &Run) {
        let id = &conference.id;
        if !conference.is_open() {
            self.open_since.remove(id);
            return;
        }
        let give_up_after = run.config.collect.give_up_after;
        let now = run.archiver_now();
        if let Some(planned) = conference.next_attempt_at.filter(|planned| *planned > now) {
            assert!(planned.since(now) <= give_up_after.max(LONGEST_LEAD), "{id} is not asked about before {planned}");
            return;
        }
        let since = *self.open_since.entry(id.clone()).or_insert(evidence.awake);
        let since = evidence.asked.get(id).map_or(since, |asked| since.max(*asked));
        let unasked = evidence.awake.saturating_sub(since);
        assert!(
            unasked <= give_up_after + STRETCH,
            "{id} is {} and was not asked about for {unasked:?}",
            conference.state
        );
    }
}

/// Every form of a recording was listed like that, and no two that follow each other say the same.
fn recordings_say_what_was_listed(evidence: &Evidence, rows: &[Row], revisions: &[Row]) {
    let mut last: HashMap<&Video, &Row> = HashMap::new();
    for row in revisions.iter().chain(rows) {
        let forms = evidence.listed.get(&row.video);
        assert!(forms.is_some_and(|forms| forms.contains(&row.raw)), "never listed like this: {}", row.raw);
        if let Some(before) = last.insert(&row.video, row) {
            let is_news = (&before.raw, before.is_missing) != (&row.raw, row.is_missing);
            assert!(is_news, "a revision that changes nothing: {}", row.raw);
        }
    }
}

/// Of an answer that its process did not outlive, the catalog has everything or nothing.
fn answers_are_kept_complete(evidence: &Evidence, found: &HashSet<Video>) {
    for (id, list) in &evidence.unwritten {
        let news = videos(id, list).filter(|video| !evidence.heard.contains(video));
        let (kept, lost): (Vec<Video>, Vec<Video>) = news.partition(|video| found.contains(video));
        assert!(kept.is_empty() || lost.is_empty(), "of one answer, {kept:?} was kept and {lost:?} lost");
    }
}

/// When all is over: every conference is closed, unless the calls are spent; and every recording is there.
pub(crate) async fn hold_in_the_end(run: &Run, plan: &Plan) {
    let conferences = conferences(run).await;
    let open: Vec<_> = conferences.iter().filter(|c| c.is_open()).map(|c| (&c.id, &c.state)).collect();
    let pauses = run.words("SELECT scope || ' ' || code FROM pauses").await;
    assert!(open.is_empty() || run.number(SPENT).await > 0, "still open: {open:?}; pauses: {pauses:?}");

    let rows = rows(run).await;
    let mut catalog: HashMap<&str, List> = HashMap::new();
    for row in rows.iter().filter(|row| !row.is_missing) {
        let (id, media_id) = &row.video;
        catalog.entry(id).or_default().insert(media_id.clone(), row.raw.clone());
    }
    let known: BTreeMap<&str, &str> = conferences.iter().map(|c| (c.id.as_str(), c.state.as_str())).collect();
    let owed = owed(run, plan);
    let shared = run.shared.lock().unwrap();
    let evidence = &shared.evidence;
    let catalogued: HashSet<&Video> = rows.iter().map(|row| &row.video).collect();
    for video in &evidence.heard {
        assert!(catalogued.contains(video), "listed and not catalogued: {video:?}");
    }
    // A change of a field that no page names need not be written.
    for (id, list) in &evidence.last_list {
        let in_catalog = catalog.get(id.as_str()).map(named).unwrap_or_default();
        assert_eq!(in_catalog, named(list), "{id}: not what was listed last");
    }
    for id in &evidence.shown {
        assert!(known.contains_key(id.as_str()), "{id} was shown in a listing and is not known");
    }
    let is_owed = |(id, _): &&Video| {
        let state = known.get(id.as_str());
        state.is_some_and(|state| plan.is_calm || matches!(*state, "archived" | "unrecorded"))
    };
    let missed: Vec<&Video> = owed.iter().filter(is_owed).filter(|video| !catalogued.contains(video)).collect();
    assert!(missed.is_empty(), "listed and not catalogued: {missed:?}");
    assert_eq!(evidence.too_fast, 0, "calls came too fast");
    let share = plan.config.quota.calls_per_month;
    for month in [crate::world::MIDNIGHT, run.now()] {
        let metered = run.simulator.metered_calls_in_month(month);
        assert!(share == 0 || metered <= share, "{metered} calls of {share}");
    }
}

/// A call is in the ledger before it is sent: a crash leaves at most those above the truth that were under way.
async fn ledger_is_not_below_the_truth(run: &Run) {
    let sql = "SELECT coalesce(sum(calls), 0) FROM api_calls WHERE outcome NOT IN ('unreached', 'throttled')";
    let ledger = run.number(sql).await;
    let shared = run.shared.lock().unwrap();
    let (metered, calls) = (shared.evidence.metered, shared.evidence.calls);
    assert!(ledger >= metered, "the ledger says {ledger} calls, DingTalk counted {metered}");
    let most = calls + run.max_in_flight * run.crashes;
    assert!(ledger <= most, "the ledger says {ledger} calls, there were {calls} and {} crashes", run.crashes);
}

/// The recordings that must be in the catalog of a conference that is known and did not fail: those that DingTalk lists
/// today, and if nothing went wrong, those that it ever did. Of a later session, only if the archiver was told that it went
/// on, and only if a settled list cannot be one from before it.
fn owed(run: &Run, plan: &Plan) -> BTreeSet<Video> {
    let now: Timestamp = run.now();
    let shared = run.shared.lock().unwrap();
    let is_known = |meeting: &Meeting, recording: &Recording| {
        recording.starts_at < meeting.ends_at
            || (plan.config.collect.settle >= minutes(30)
                && shared
                    .evidence
                    .in_progress_at
                    .get(&meeting.conference_id)
                    .is_some_and(|told| meeting.session(recording.starts_at).starts_at <= *told))
    };
    run.simulator.with_organisation(|organisation| {
        let ever = organisation
            .ever_listed()
            .filter(|(meeting, recording)| (plan.is_calm || recording.is_listed(now)) && is_known(meeting, recording));
        ever.map(|(meeting, recording)| (meeting.conference_id.clone(), recording.media_id.clone())).collect()
    })
}

fn is_open(state: &str) -> bool {
    matches!(state, "waiting" | "active" | "ended")
}

async fn conferences(run: &Run) -> Vec<Conference> {
    let sql = "SELECT conference_id, state, next_attempt_at FROM conferences";
    let rows: Vec<(String, String, Option<i64>)> = sqlx::query_as(sql).fetch_all(&run.sqlite).await.unwrap();
    let conference = |(id, state, next): (_, _, Option<i64>)| Conference {
        id,
        state,
        next_attempt_at: next.map(Timestamp::from_millis),
    };
    rows.into_iter().map(conference).collect()
}

async fn rows(run: &Run) -> Vec<Row> {
    read(run, "SELECT conference_id, media_id, raw, missing_since IS NOT NULL FROM recordings").await
}

/// What the recordings said before, the oldest first.
async fn revisions(run: &Run) -> Vec<Row> {
    let sql =
        "SELECT conference_id, media_id, raw, missing_since IS NOT NULL FROM recording_revisions ORDER BY revision_id";
    read(run, sql).await
}

async fn read(run: &Run, sql: &'static str) -> Vec<Row> {
    let rows: Vec<(String, String, String, bool)> = sqlx::query_as(sql).fetch_all(&run.sqlite).await.unwrap();
    let row = |(conference_id, media_id, raw, is_missing): (_, _, String, _)| Row {
        video: (conference_id, media_id),
        raw: serde_json::from_str(&raw).unwrap(),
        is_missing,
    };
    rows.into_iter().map(row).collect()
}
