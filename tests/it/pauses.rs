//! Errors that concern more than one conference: who is left alone, for how long, and what is asked all the same.

use std::time::Duration;

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

/// The end of June 2026, UTC+8.
const JULY: u64 = 30 * 24;

fn recorded(id: &str) -> Meeting {
    meeting(id).recorded(minutes(1))
}

/// How long the pause with this code lasts from its beginning, in milliseconds.
async fn paused_for_ms(world: &World) -> i64 {
    world.number("SELECT paused_until - since FROM pauses").await
}

#[tokio::test]
async fn when_the_organisations_calls_are_spent_all_calls_wait_for_the_next_month() {
    // While they are polled, and when five lists are due at once.
    for moment in [at(9, 58), at(10, 5)] {
        let mut world = World::with((0..5).map(|n| recorded(&format!("c{n}")))).start().await;
        world.until(moment).await;
        world.simulator.set_quota(Some(world.simulator.metered_calls()));
        world.until(at(48, 0)).await;
        world.restart().await;
        for day in 2..30 {
            world.until(at(24 * day + 23, 59)).await;
            let probes = world.metered_since(at(24 * day, 0));
            assert!(probes <= 1, "{probes} probes on day {day}");
            if day % 5 == 0 {
                world.restart().await;
            }
        }
        assert_eq!(world.number("SELECT count(*) FROM conferences WHERE closed_at IS NULL").await, 5);
        world.until(at(JULY + 2, 0)).await;
        assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 5);
        assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    }
}

#[tokio::test]
async fn when_somebody_buys_more_calls_the_next_probe_finds_out() {
    let world = World::with([recorded("a")]).start().await;
    world.until(at(9, 30)).await;
    world.simulator.set_quota(Some(0));
    world.until(at(24, 0)).await;
    assert_eq!(world.state("a").await, "active");
    world.simulator.set_quota(None);
    world.until(at(24 + 12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn too_many_calls_a_second_hold_up_one_api_for_a_second() {
    let world = World::with([recorded("a")]).starting(at(9, 1)).start().await;
    world.fault(Fault::new(Answer::too_fast()).on(Endpoint::Query).times(1));
    world.tick().await;
    assert_eq!(world.words("SELECT scope FROM pauses").await, ["query"]);
    assert_eq!(paused_for_ms(&world).await, 1_000);
    assert_eq!(world.words("SELECT outcome FROM api_calls").await, ["throttled"]);
    world.pass(minutes(2)).await;
    assert_eq!(world.state("a").await, "active");
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
}

#[tokio::test]
async fn too_many_calls_a_minute_hold_up_one_api_for_a_minute() {
    let world = World::with([recorded("a")]).starting(at(9, 1)).start().await;
    let qpm = Answer::error("Forbidden.AccessDenied.QpmLimitForAppkeyAndApi");
    world.fault(Fault::new(qpm).on(Endpoint::Query).times(1));
    world.tick().await;
    assert_eq!(paused_for_ms(&world).await, 60_000);
}

#[tokio::test]
async fn a_retry_after_is_honoured() {
    let world = World::with([recorded("a")]).listing().starting(at(9, 1)).start().await;
    world.fault(Fault::new(Answer::error("systemError").with_retry_after(600)).times(1).on(Endpoint::OrgConferences));
    world.tick().await;
    world.until(at(9, 10)).await;
    assert_eq!(world.calls(Endpoint::OrgConferences).len(), 1);
    world.until(at(9, 13)).await;
    assert_eq!(world.state("a").await, "active");
}

#[tokio::test]
async fn a_ban_lasts_as_many_minutes_as_it_says_for_every_api() {
    for ban in [Answer::banned(7), Answer::banned_in_html(7)] {
        let world = World::with([Meeting::sample("done", at(8, 0), at(8, 30)).recorded(minutes(1)), recorded("a")])
            .listing()
            .watching("done", None)
            .starting(at(9, 1))
            .start()
            .await;
        world.fault(Fault::new(ban).on(Endpoint::OrgConferences).times(1));
        world.tick().await;
        assert_eq!(world.words("SELECT scope || code FROM pauses").await, ["*1111"]);
        assert_eq!(paused_for_ms(&world).await, 7 * 60_000);
        world.until(at(9, 7) + Duration::from_secs(59)).await;
        assert_eq!(world.simulator.metered_calls(), 1, "nobody is asked anything while it lasts");
        world.until(at(9, 10)).await;
        assert!(world.simulator.metered_calls() > 1);
        assert_eq!(world.state("a").await, "active");
    }
}

#[tokio::test]
async fn a_scope_that_the_listing_lacks_keeps_nothing_else_from_going_on() {
    let world = World::with([recorded("a")]).listing().watching("a", None).start().await;
    world.fault(Fault::new(Answer::scope_missing(&["VideoConference.Conference.Read"])).on(Endpoint::OrgConferences));
    world.until(at(12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    let pause = world.words("SELECT scope || ' ' || code || ' ' || message FROM pauses").await;
    assert_eq!(pause.len(), 1);
    assert!(pause[0].starts_with("orgConferences Forbidden.AccessDenied.AccessTokenPermissionDenied"));
    assert!(pause[0].contains("VideoConference.Conference.Read"), "the operator is told which: {}", pause[0]);
    let from = world.calls(Endpoint::OrgConferences).len();
    world.pass(hours(24)).await;
    assert!(world.calls(Endpoint::OrgConferences).len() - from <= 9, "tried ever more rarely");

    world.simulator.faults().clear();
    world.pass(hours(4)).await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
}

/// From ten past ten on, for two days.
fn outage(answer: Answer) -> Fault {
    Fault::new(answer).from(at(10, 10)).until(at(58, 10))
}

#[tokio::test]
async fn an_outage_closes_no_conference_and_its_time_does_not_count() {
    for answer in
        [Answer::error("systemError"), Answer::Reset, Answer::Html, Answer::Raw { status: 503, body: String::new() }]
    {
        // Listed thirty hours after the end, in an outage: by the clock the wait of a day is over when it ends.
        let meetings =
            [meeting("late").composed(hours(30)), Meeting::sample("long", at(9, 0), at(30, 0)), meeting("never")];
        let mut world = World::with(meetings).config(|config| config.collect.give_up_after = hours(24)).start().await;
        world.fault(outage(answer.clone()));
        world.until(at(30, 0)).await;
        world.restart().await;
        world.until(at(58, 9)).await;
        assert_eq!(
            world.words("SELECT state FROM conferences ORDER BY conference_id").await,
            ["ended", "active", "ended"]
        );
        let tried = world.simulator.calls().iter().filter(|call| call.at >= at(10, 10)).count();
        assert!((10..=210).contains(&tried), "{tried} calls in two days of {answer:?}");
        assert!(world.ledger().await >= world.simulator.metered_calls());

        world.until(at(58 + 20, 0)).await;
        assert_eq!(
            world.words("SELECT state FROM conferences ORDER BY conference_id").await,
            ["archived", "ended", "ended"]
        );
        world.until(at(58 + 36, 0)).await;
        assert_eq!(world.words("SELECT state FROM conferences WHERE conference_id <> 'late'").await, ["unrecorded"; 2]);
        assert_eq!(world.recordings("late").await.len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_went_bad_in_an_outage_does_not_prolong_it() {
    let meetings = (0..6).map(|n| Meeting::sample(&format!("c{n}"), at(9, 0), at(30, 0)));
    let world = World::with(meetings)
        .config(|config| config.poll.batch_size = 1.try_into().unwrap())
        .starting(at(9, 1))
        .start()
        .await;
    world.until(at(9, 29)).await;
    world.fault(Fault::new(Answer::error("systemError")).from(at(9, 30)).until(at(10, 25)));
    world.until(at(10, 25)).await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 1);
    world.simulator.expire_tokens();
    world.until(at(10, 41)).await;
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    let asked = world.calls(Endpoint::ConferenceInfo).into_iter();
    let codes: Vec<_> = asked.filter(|call| call.at >= at(10, 25)).collect();
    assert!(codes[1].at.since(codes[0].at) < Duration::from_secs(1), "the probe is repeated at once with a new token");
    assert_eq!((codes[0].code.as_deref(), codes[1].code.as_deref()), (Some("InvalidAuthentication"), None));
}

#[tokio::test]
async fn one_conference_that_dingtalk_chokes_on_pauses_nobody_else() {
    let world = World::with((0..6).map(|n| recorded(&format!("c{n}")))).start().await;
    world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::GetVideos).conference("c3"));
    world.until(at(13, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 5);
    let row = world.conference("c3").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("ended", Some("systemError")));
    world.simulator.faults().clear();
    world.until(at(24, 0)).await;
    assert_eq!(world.state("c3").await, "archived");
}

#[tokio::test]
async fn a_conference_of_a_restricted_organisation_holds_up_the_others_ever_more_rarely() {
    let world = World::with((0..6).map(|n| meeting(&format!("c{n}")).composed(hours(5)))).start().await;
    world.fault(Fault::new(Answer::error("orgAccessForbidden")).on(Endpoint::GetVideos).conference("c3"));
    world.until(at(24, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 5);
    let row = world.conference("c3").await;
    assert_eq!((row.state.as_str(), row.last_error_code.as_deref()), ("ended", Some("orgAccessForbidden")));
    let asked = world.asked(Endpoint::GetVideos, "c3").len();
    assert!(asked <= 10, "{asked} calls in fourteen hours");
    world.simulator.faults().clear();
    world.until(at(40, 0)).await;
    assert_eq!(world.state("c3").await, "archived");
}

#[tokio::test]
async fn whoever_asks_for_years_of_silence_gets_a_day() {
    let world = World::with([meeting("a")]).listing().starting(at(9, 1)).start().await;
    let fault = Fault::new(Answer::error("systemError").with_retry_after(u32::MAX));
    world.fault(fault.on(Endpoint::OrgConferences).times(1));
    world.tick().await;
    assert_eq!(paused_for_ms(&world).await, 24 * 3_600_000);
}
