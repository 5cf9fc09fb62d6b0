//! What `record start` and `record stop` make of each error: they ask once, say what went wrong and what to do, count the
//! call, and pause nobody, for their settings may not be the daemon's.

use futures_util::{StreamExt, stream};
use recording_archiver::cli::wiring;
use recording_archiver::simulator::{Endpoint, Meeting};

use super::scene::Scene;
use super::table::{On, Row, rows};
use crate::world::{World, at, hours, minutes};

#[tokio::test]
async fn at_the_start_of_a_recording_every_row_holds() {
    hold(On::Start).await;
}

#[tokio::test]
async fn at_the_end_of_a_recording_every_row_holds() {
    hold(On::Stop).await;
}

#[tokio::test]
async fn at_the_token_that_a_command_needs_every_row_holds() {
    hold(On::TokenToStart).await;
}

async fn hold(on: On) {
    let lived: Vec<_> = stream::iter(rows(on)).map(ask).buffered(4).collect().await;
    let broken: Vec<String> = lived.into_iter().flatten().collect();
    assert!(broken.is_empty(), "at {on:?}, {} rows do not hold:\n{}", broken.len(), broken.join("\n"));
}

/// A meeting that goes on and is watched; for `record stop`, one that is being recorded.
fn going_on(on: On) -> Meeting {
    let meeting = Meeting::sample("a", at(9, 0), at(10, 0)).creator("host");
    if on == On::Stop { meeting.recorded(minutes(1)) } else { meeting }
}

/// Runs one row's command beside a daemon; answers in what the row does not hold, if in anything.
async fn ask(row: Row) -> Option<String> {
    let mut scene = Scene::of(World::with([going_on(row.on)]).starting(at(9, 1)), row.on).await;
    scene.world.until(at(9, 29)).await;
    let daemons = scene.world.ledger().await;
    scene.spoil(&row).await;
    let mut config = scene.world.config();
    if let Some(address) = scene.unplugged() {
        config.dingtalk.base_url = format!("http://{address}").parse().unwrap();
    }
    let said = wiring::ask(&config, async |dingtalk| match row.on {
        On::Stop => dingtalk.record_stop("a", "host").await,
        _ => dingtalk.record_start("a", "host", None, None).await,
    })
    .await;

    let mut complaints = Vec::new();
    let mut expect = |holds: bool, complaint: String| {
        if !holds {
            complaints.push(complaint);
        }
    };
    let holds = match (&said, row.refusal()) {
        (Ok(()), None) => true,
        (Err(error), Some(words)) => {
            let said = error.to_string();
            said.starts_with(row.on.as_str()) && said.contains(&row.code) && said.contains(words)
        }
        _ => false,
    };
    expect(holds, format!("it said {said:?}"));
    let asked: Vec<_> = scene.calls().into_iter().filter(|call| call.at >= at(9, 29)).collect();
    let at_it = asked.iter().filter(|call| Some(call.endpoint) == row.on.endpoint()).count();
    let expected = usize::from(row.is_metered().is_some()) + usize::from(row.refusal().is_none());
    expect(at_it == expected, format!("it asked {at_it} times, not {expected}"));
    let struck: Vec<bool> = scene.struck().iter().map(|call| call.metered).collect();
    expect(struck.iter().all(|metered| Some(*metered) == row.is_metered()), format!("metered: {struck:?}"));
    let sql = "SELECT endpoint || ' ' || outcome || ' ' || calls FROM api_calls
               WHERE endpoint IN ('start', 'stop', '*') ORDER BY outcome = 'ok'";
    let entered = scene.world.words(sql).await;
    let mut expected: Vec<String> =
        row.outcome().map(|outcome| format!("{} {outcome} 1", row.on.as_str())).into_iter().collect();
    if row.refusal().is_none() {
        expected.push(format!("{} ok 1", row.on.as_str()));
    }
    expect(entered == expected, format!("the ledger has {entered:?}, not {expected:?}"));
    let metered = asked.iter().filter(|call| call.metered).count() as u64;
    let counted = scene.world.ledger().await - daemons;
    expect(counted >= metered, format!("{counted} calls are counted, DingTalk counted {metered}"));
    let pauses = scene.world.words("SELECT scope || ' ' || code FROM pauses").await;
    expect(pauses.is_empty(), format!("it paused {pauses:?}"));

    // The daemon beside it goes on as if nothing had been.
    scene.mend().await;
    scene.world.until(at(9, 29) + hours(2)).await;
    let goes_on = scene.world.calls(Endpoint::ConferenceInfo).iter().any(|call| call.metered);
    expect(goes_on, "the daemon did not go on".to_owned());
    (!complaints.is_empty()).then(|| format!("{}\n  at {}: {}", row.line, row.on.as_str(), complaints.join("\n  ")))
}
