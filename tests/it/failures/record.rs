//! What `record start`, `record stop` and `recordings link` make of each error: they ask once, say what to do, count the call, and pause
//! nobody, for their settings may not be the daemon's.

use futures_util::{StreamExt, stream};
use recording_archiver::cli::wiring;
use recording_archiver::domain::failure::{self, Class};
use recording_archiver::simulator::{Endpoint, Fault, Meeting};

use Endpoint::{AccessToken, GetPlayInfos, StartRecord, StopRecord};

use super::table::{Failure, failures, ours};
use super::{SIDE_BY_SIDE, TIMEOUT, pauses};
use crate::world::{World, at, minutes};

/// One of these commands, to which `on` answers with `failure`.
async fn command(failure: Failure, on: Endpoint) {
    let host = |from, to| Meeting::sample("a", from, to).creator("host");
    let meeting = match on {
        GetPlayInfos => host(at(8, 0), at(8, 30)).recorded(minutes(1)),
        StopRecord => host(at(9, 0), at(10, 0)).recorded(minutes(1)),
        _ => host(at(9, 0), at(10, 0)),
    };
    let builder = World::with([meeting]).config(|config| config.dingtalk.request_timeout = TIMEOUT);
    let world = builder.starting(at(9, 1)).start().await;
    world.until(at(9, 29)).await;
    world.fault(Fault::new(failure.answer.clone()).on(on).times(1));
    let said = wiring::ask(&world.config(), async |dingtalk| match on {
        GetPlayInfos => dingtalk.play_infos("a", "media-a-0", Some("cn-shenzhen"), "host").await.map(drop),
        StopRecord => dingtalk.record_stop("a", "host").await,
        _ => dingtalk.record_start("a", "host", None, None).await,
    })
    .await;
    let what = format!("{:?} at {on:?}: {said:?}", failure.answer);
    let mut entered = failure.ledger(on);
    // A bad token is replaced, and the call made again.
    let is_repeated = failure.class == Class::TokenInvalid;
    entered.extend(is_repeated.then(|| "ok 1".to_owned()));
    match said {
        Ok(()) => assert!(is_repeated, "{what}"),
        Err(error) => {
            let (error, remedy) = (error.to_string(), failure::remedy(failure.class, ours(on)));
            assert!(error.starts_with(ours(on).as_str()) && error.contains(&failure.code.to_string()), "{what}");
            assert!(error.ends_with(remedy), "{what}: not `{remedy}`");
        }
    }
    assert_eq!(world.calls(on).len() - usize::from(on == AccessToken), 1 + usize::from(is_repeated), "{what}");
    let sql = "SELECT outcome || ' ' || calls FROM api_calls WHERE endpoint IN ('start', 'stop', 'getPlayInfos')
               ORDER BY outcome = 'ok'";
    assert_eq!(world.words(sql).await, entered, "{what}");
    assert_eq!(pauses(&world).await, [], "{what}");
}

#[tokio::test]
async fn a_command_says_what_to_do_asks_once_and_pauses_nobody() {
    let asked = failures().into_iter().flat_map(|failure| {
        let on = [StartRecord, StopRecord, GetPlayInfos, AccessToken].into_iter().filter(|on| failure.on.contains(on));
        on.map(|on| command(failure.clone(), on)).collect::<Vec<_>>()
    });
    let asked: Vec<()> = stream::iter(asked).buffered(SIDE_BY_SIDE).collect().await;
    assert!(asked.len() > 80);
}
