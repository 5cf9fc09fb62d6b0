//! What the daemon makes of each error at each endpoint: every row of the table is lived through in a world of its own.

use futures_util::{StreamExt, stream};
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::simulator::Call;

use super::scene::{Scene, word};
use super::table::{On, Row, Says, Times, rows};
use crate::world::{hours, minutes};

/// Worlds at a time.
const SIDE_BY_SIDE: usize = 4;

/// A single fault costs no more than this beside what the hour costs anyhow: a token, the same call with it, and one for
/// what was not answered.
const CALLS_FOR_ONE_FAULT: usize = 3;

#[tokio::test]
async fn at_the_batch_query_every_row_holds() {
    hold(On::Query).await;
}

#[tokio::test]
async fn at_conference_info_every_row_holds() {
    hold(On::Get).await;
}

#[tokio::test]
async fn at_the_list_of_recordings_every_row_holds() {
    hold(On::Videos).await;
}

#[tokio::test]
async fn at_the_organisations_list_every_row_holds() {
    hold(On::Organization).await;
}

#[tokio::test]
async fn at_a_users_list_every_row_holds() {
    hold(On::User).await;
}

#[tokio::test]
async fn at_the_token_that_a_poll_needs_every_row_holds() {
    hold(On::TokenToPoll).await;
}

#[tokio::test]
async fn at_the_token_that_a_reading_of_recordings_needs_every_row_holds() {
    hold(On::TokenToCollect).await;
}

#[tokio::test]
async fn at_everything_at_once_every_row_holds() {
    hold(On::Everything).await;
}

async fn hold(on: On) {
    let calm = calm(on).await;
    let lived: Vec<_> = stream::iter(rows(on)).map(|row| live(row, calm)).buffered(SIDE_BY_SIDE).collect().await;
    let broken: Vec<String> = lived.into_iter().flatten().collect();
    assert!(broken.is_empty(), "at {on:?}, {} rows do not hold:\n{}", broken.len(), broken.join("\n"));
}

/// The calls of the hour if nothing goes wrong.
async fn calm(on: On) -> usize {
    let scene = Scene::before(on).await;
    let since = scene.world.now();
    scene.world.until(since + hours(1) + minutes(5)).await;
    scene.tried_since(since).await
}

/// One row's life, and in what it was not as the table says.
struct Trial {
    row: Row,
    scene: Scene,
    complaints: Vec<String>,
}

/// Lives through one row: what goes wrong, a look at what follows, the mending, and the end. Answers in what the row does
/// not hold, if in anything.
async fn live(row: Row, calm: usize) -> Option<String> {
    let scene = Scene::before(row.on).await;
    let earlier = scene.calls().len();
    let mut trial = Trial { row, scene, complaints: Vec::new() };
    trial.scene.spoil(&trial.row).await;
    let began = trial.scene.strike().await;
    if trial.row.times != Times::Once {
        trial.scene.world.until(began + hours(1)).await;
    }
    let (looked_at, last) = (trial.scene.world.now(), trial.scene.last_struck().await);
    trial.look(last).await;
    let pauses = trial.scene.pauses().await;
    trial.scene.mend().await;
    trial.scene.world.until(began + hours(1)).await;
    let (tried, most) = (trial.scene.tried_since(began).await, trial.row.calls().unwrap_or(calm + CALLS_FOR_ONE_FAULT));
    trial.expect(tried <= most, || format!("{tried} calls in the hour, not {most} at most"));
    trial.close(began + hours(60)).await;
    let calls = trial.scene.calls().split_off(earlier);
    trial.check_next(&calls, last);
    trial.check_rest(&calls, looked_at, &pauses);
    trial.check_end().await;
    let Trial { row, complaints, .. } = trial;
    (!complaints.is_empty()).then(|| format!("{}\n  at {}: {}", row.line, row.on.as_str(), complaints.join("\n  ")))
}

impl Trial {
    fn expect(&mut self, holds: bool, complaint: impl FnOnce() -> String) {
        if !holds {
            self.complaints.push(complaint());
        }
    }

    /// What there is to see now: the state, the pause, what `status` says, what was counted, and what is planned.
    async fn look(&mut self, last: Timestamp) {
        let state = self.scene.world.state("a").await;
        let expected = self.row.state().unwrap_or(self.scene.state_before).to_owned();
        self.expect(state == expected, || format!("it is {state}, not {expected}"));

        let pauses = self.scene.pauses().await;
        let seen: Vec<_> = pauses.iter().map(|(scope, until)| (scope.as_str(), until.since(last))).collect();
        let holds = match (self.row.pause(), seen.as_slice()) {
            (None, []) => true,
            (Some((scope, lasts)), [(of, seen)]) => scope == *of && lasts.abs_diff(*seen).as_millis() < 600,
            _ => false,
        };
        let expected = self.row.pause();
        self.expect(holds, || format!("the pauses are {seen:?}, not {expected:?}"));

        let status = self.scene.world.status().await;
        let holds = self.row.is_said(&status, &pauses);
        self.expect(holds, || format!("status says\n    {}", status.join("\n    ")));

        let struck = self.scene.struck();
        let metered: Vec<bool> = struck.iter().map(|call| call.metered).collect();
        let expected = self.row.is_metered();
        let holds = metered.iter().all(|metered| Some(*metered) == expected) && expected.is_some() != struck.is_empty();
        self.expect(holds, || format!("metered: {metered:?}, not {expected:?}"));

        let sql = "SELECT outcome || ' ' || sum(calls) FROM api_calls WHERE outcome <> 'ok' GROUP BY outcome";
        let entered = self.scene.world.words(sql).await;
        let calls = match struck.iter().filter(|call| !call.endpoint.is_token()).count() {
            0 => self.scene.unreached().await,
            calls => calls,
        };
        let expected: Vec<String> =
            self.row.outcome().map(|outcome| format!("{outcome} {calls}")).into_iter().collect();
        self.expect(entered == expected, || format!("the ledger has {entered:?}, not {expected:?}"));

        let now = self.scene.world.now();
        let due = self.scene.world.archive.next_due(now).await.unwrap();
        self.expect(due.is_some_and(|due| due > now), || format!("due again at {due:?}, and it is {now}"));
        let planned = self.scene.world.conference("a").await.next_attempt_at.map(Timestamp::from_millis);
        let is_held = self.row.pause().is_some() || self.row.on == On::TokenToCollect;
        let holds = is_held || planned.is_none_or(|planned| planned > now);
        self.expect(holds, || format!("planned for {planned:?}, and it is {now}"));
    }

    /// Until every conference is closed.
    async fn close(&mut self, deadline: Timestamp) {
        let world = &self.scene.world;
        while world.now() < deadline
            && world.number("SELECT count(*) FROM conferences WHERE closed_at IS NULL").await > 0
        {
            world.pass(hours(1)).await;
        }
    }

    /// When the endpoint was called again without anything going wrong.
    fn check_next(&mut self, calls: &[Call], since: Timestamp) {
        let on = self.row.on;
        let struck = self.scene.struck();
        let from = struck.last().and_then(|last| calls.iter().rposition(|call| call == last)).map_or(0, |at| at + 1);
        let again = calls[from..].iter().find(|call| {
            on.endpoint().is_none_or(|endpoint| call.endpoint == endpoint)
                && (!matches!(on, On::Get | On::Videos) || call.conference_ids.iter().any(|id| id == "a"))
        });
        let (again, expected) = (again.map(|again| again.at.since(since)), self.row.next());
        let holds = match (again, expected) {
            (Some(again), Some((low, high))) => (low..=high).contains(&again),
            (again, expected) => again.is_none() && expected.is_none(),
        };
        self.expect(holds, || format!("called again after {again:?}, not {expected:?}"));
    }

    /// While a pause held, nothing that it concerns was called; where it concerns one endpoint, the others went on.
    fn check_rest(&mut self, calls: &[Call], since: Timestamp, pauses: &[(String, Timestamp)]) {
        for (scope, until) in pauses {
            let is_held = |call: &&Call| scope == "*" || scope == word(call.endpoint);
            let broke = calls.iter().filter(is_held).find(|call| call.at > since && call.at < *until);
            self.expect(broke.is_none(), || format!("`{scope}` was paused until {until}, and there was {broke:?}"));
        }
        if self.row.pause().is_none_or(|(scope, _)| scope != "*") {
            let is_elsewhere = |call: &&Call| call.metered && Some(call.endpoint) != self.row.on.endpoint();
            let elsewhere = calls.iter().filter(is_elsewhere).count();
            self.expect(elsewhere > 0, || "nothing else went on".to_owned());
        }
    }

    /// When all is over: nobody was harmed, nothing is held up, and every call was counted once.
    async fn check_end(&mut self) {
        for id in ["a", "b", "c"] {
            let expected =
                if id == "a" && self.row.state() == Some("failed") { ("failed", 0) } else { ("archived", 1) };
            let (state, recordings) = (self.scene.world.state(id).await, self.scene.world.recordings(id).await.len());
            let holds = (state.as_str(), recordings) == expected;
            self.expect(holds, || format!("in the end {id} is {state} with {recordings} recordings"));
        }
        let pauses = self.scene.pauses().await;
        self.expect(pauses.is_empty(), || format!("in the end there is a pause: {pauses:?}"));
        let entered = self.scene.world.number("SELECT sum(calls) FROM api_calls WHERE outcome <> 'unreached'").await;
        let calls = self.scene.calls();
        let came = calls.iter().filter(|call| !call.endpoint.is_token()).count();
        let holds = usize::try_from(entered).unwrap() == came;
        self.expect(holds, || format!("{entered} calls are entered, and {came} came"));
        let metered = calls.iter().filter(|call| call.metered).count() as u64;
        let ledger = self.scene.world.ledger().await;
        self.expect(ledger >= metered, || format!("the ledger says {ledger}, DingTalk counted {metered}"));
    }
}

impl Row {
    /// Whether one line of `status` says what it ought to, and no line says what there is no reason to say.
    fn is_said(&self, status: &[String], pauses: &[(String, Timestamp)]) -> bool {
        let on = self.on.as_str();
        let has = |beginning: &str, words: &str| {
            let is_it = |line: &&String| line.starts_with(beginning) && line.contains(&self.code);
            status.iter().filter(is_it).any(|line| line.contains(words))
        };
        let is_calm = |line: &String| !line.contains(&self.code) && !line.starts_with("paused");
        match self.says() {
            Says::Nothing => status.iter().all(is_calm),
            Says::Paused(words) => pauses.iter().any(|(scope, until)| {
                let scope = if scope == "*" { "all calls" } else { scope };
                has(&format!("paused: {scope} until {until}: {on} "), words)
            }),
            Says::Outcome(words) => has(&format!("{}: {on} ", self.on.stage()), words),
            Says::Unanswered => has("unanswered: conference a at ", ""),
            Says::Failed => status.iter().any(|line| line.starts_with("conferences: ") && line.contains("1 failed")),
        }
    }
}
