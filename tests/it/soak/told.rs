//! What must hold of events, whatever happened to them and to their connection.

use std::collections::HashSet;

use recording_archiver::archive::events;
use recording_archiver::cli::wiring;
use recording_archiver::simulator::PushAnswer;

use super::listener::AT_A_TIME;
use super::plan::Plan;
use super::run::Run;
use crate::world::minutes;

/// At any time: what was acknowledged is in the catalog, each push is counted once, and no conference counts as told of
/// that no event told of. And where no event can come, looking has its normal pace.
pub(crate) async fn still_holds(run: &Run) {
    let known = ids(run, "SELECT conference_id FROM conferences").await;
    let announced = ids(run, "SELECT conference_id FROM sightings WHERE announced_at IS NOT NULL").await;
    let counted = run.number("SELECT coalesce(sum(pushes), 0) FROM pushes").await;
    let pushed = run.simulator.stream().events();
    let shared = run.shared.lock().unwrap();
    let evidence = &shared.evidence;
    for event in pushed {
        let is_acknowledged = event
            .pushes
            .iter()
            .any(|push| push.answer == Some(PushAnswer::Acknowledged) && !run.line.rivals.contains(&push.connection));
        let is_owed = is_acknowledged && evidence.telling.contains(&event.event_id);
        let is_known = event.conference_id.as_ref().is_some_and(|id| known.contains(id));
        assert!(is_known || !is_owed, "acknowledged, and its conference is not known: {event:?}");
    }
    assert!(counted >= evidence.pushes, "{} pushes were written, {counted} are counted", evidence.pushes);
    let at_a_time = if run.max_in_flight > 1 { AT_A_TIME } else { 1 };
    let most = evidence.pushes + run.crashes * u64::try_from(at_a_time).unwrap();
    assert!(counted <= most, "{counted} pushes are counted, {most} came at the most");
    let untold: Vec<&String> = announced.difference(&evidence.told_of).collect();
    assert!(untold.is_empty(), "no event told of {untold:?}");
}

/// Looks at the lists come at the configured interval wherever no event can come: then calls are not scarce.
pub(crate) fn looking_has_its_normal_pace(run: &Run) {
    let discover = &run.config.discover;
    let looks = discover.organization || !discover.users.is_empty();
    if run.config.quota.calls_per_month > 0 || !looks {
        return;
    }
    let blind = run.shared.lock().unwrap().evidence.blind;
    let interval = discover.interval.unwrap();
    assert!(blind <= interval + minutes(1), "no list was asked for in {blind:?}, and no event could come");
}

/// When all is over: where an event told of each meeting, that is known.
pub(crate) async fn holds_in_the_end(run: &Run, plan: &Plan) {
    if !plan.is_calm || !plan.config.events.stream {
        return;
    }
    let (catalog, settings) = (&run.admin, wiring::settings(&run.config));
    let report = events::report(catalog, &settings, run.archiver_now()).await.unwrap().unwrap();
    assert!(report.coverage.percent().is_none_or(|percent| percent >= 95), "{:?}", report.coverage);
}

async fn ids(run: &Run, sql: &'static str) -> HashSet<String> {
    run.words(sql).await.into_iter().collect()
}
