//! Tokens: one for many calls, replaced when it goes bad, and never a conference call with wrong credentials.

use recording_archiver::simulator::{Answer, Endpoint, Fault, Meeting};

use crate::world::{World, at, hours, meeting, minutes};

fn tokens(world: &World) -> usize {
    world.calls(Endpoint::AccessToken).len()
}

#[tokio::test]
async fn one_token_serves_its_whole_life() {
    let world = World::with([Meeting::sample("a", at(9, 0), at(19, 0))]).starting(at(9, 1)).start().await;
    world.until(at(10, 50)).await;
    assert_eq!(tokens(&world), 1);
    world.until(at(18, 59)).await;
    assert!((5..=6).contains(&tokens(&world)), "one every two hours: {}", tokens(&world));
    assert!(world.simulator.calls().iter().all(|call| call.code.is_none()), "each replaced before its end");
}

#[tokio::test]
async fn calls_side_by_side_fetch_one_token() {
    let meetings = (0..20).map(|n| Meeting::sample(&format!("c{n}"), at(9, 0), at(10, 0)));
    let world =
        World::with(meetings).starting(at(11, 0)).config(|config| config.poll.batch_size = 1.try_into().unwrap());
    let world = world.start().await;
    world.tick().await;
    assert_eq!((tokens(&world), world.calls(Endpoint::Query).len()), (1, 20));
}

#[tokio::test]
async fn a_token_that_goes_bad_is_replaced_once_and_the_call_is_repeated() {
    let world = World::with([meeting("a").recorded(minutes(1))]).starting(at(9, 1)).start().await;
    world.until(at(9, 4)).await;
    let before = world.simulator.metered_calls();
    world.simulator.expire_tokens();
    world.until(at(9, 7)).await;
    assert_eq!(tokens(&world), 2);
    let queries = world.calls(Endpoint::Query).split_off(1);
    let codes: Vec<_> = queries.iter().map(|call| call.code.as_deref()).collect();
    assert_eq!(codes, [Some("InvalidAuthentication"), None]);
    assert_eq!(world.simulator.metered_calls(), before + 2, "two metered calls at most");
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
    assert_eq!(world.state("a").await, "active");
}

#[tokio::test]
async fn a_token_that_goes_bad_under_many_calls_is_replaced_once() {
    let meetings = (0..20).map(|n| Meeting::sample(&format!("c{n}"), at(9, 0), at(9, 30)).recorded(minutes(1)));
    let world =
        World::with(meetings).starting(at(9, 1)).config(|config| config.poll.batch_size = 1.try_into().unwrap());
    let world = world.start().await;
    world.until(at(9, 29)).await;
    world.simulator.expire_tokens();
    world.until(at(11, 0)).await;
    let refused = world.simulator.calls().iter().filter(|call| call.code.is_some()).count();
    assert!((2..=8).contains(&refused), "as many as were in flight: {refused}");
    assert_eq!(tokens(&world), 2);
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 20);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_pauses_whoever_refuses_it() {
    let world = World::with([meeting("a"), meeting("b")]).starting(at(9, 1)).start().await;
    world.fault(Fault::new(Answer::error("InvalidAuthentication")).on(Endpoint::Query));
    world.tick().await;
    assert_eq!(world.calls(Endpoint::Query).len(), 2, "once more with a new token, and no more");
    assert_eq!(world.words("SELECT scope FROM pauses").await, [""; 0], "it may have been by chance");
    world.until(at(9, 10)).await;
    assert_eq!(world.words("SELECT scope FROM pauses").await, ["query"]);
    world.pass(hours(24)).await;
    assert!(world.simulator.metered_calls() <= 50, "tried ever more rarely: {}", world.simulator.metered_calls());
    assert_eq!(world.words("SELECT state FROM conferences").await, ["waiting", "waiting"]);
}

#[tokio::test]
async fn tokens_that_are_not_fetched_pause_everything_once_five_in_a_row_are_lost() {
    for (lost, pauses) in [(4, &[][..]), (5, &["*"][..])] {
        let world = World::with([meeting("a"), meeting("b")]).starting(at(9, 1)).start().await;
        world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::AccessToken).times(lost));
        let mut scopes = Vec::new();
        for _ in 0..lost {
            world.tick().await;
            scopes = world.words("SELECT scope FROM pauses").await;
            world.clock.advance_to(world.now() + minutes(5));
        }
        assert_eq!(scopes, pauses, "{lost} lost");
        world.until(at(9, 59)).await;
        assert_eq!(world.words("SELECT state FROM conferences").await, ["active", "active"], "{lost} lost");
    }
}

#[tokio::test]
async fn with_wrong_credentials_no_conference_call_is_sent_and_nothing_is_spent() {
    let mut world = World::with([meeting("a").recorded(minutes(1))])
        .listing()
        .watching("a", None)
        .config(|config| config.dingtalk.app_secret = Some("wrong".into()))
        .start()
        .await;
    world.until(at(10, 0)).await;
    assert_eq!(world.simulator.calls().len(), tokens(&world));
    assert!((2..=20).contains(&tokens(&world)), "asked for now and then: {}", tokens(&world));
    assert_eq!((world.simulator.metered_calls(), world.ledger().await), (0, 0));
    assert_eq!(world.words("SELECT scope || code FROM pauses").await, ["*invalidClientIdOrSecret"]);
    assert_eq!(world.state("a").await, "waiting");

    let secret = world.simulator.app_secret();
    world.reconfigure(|config| config.dingtalk.app_secret = Some(secret.into())).await;
    world.until(at(13, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    assert_eq!(world.number("SELECT count(*) FROM pauses").await, 0);
}

#[tokio::test]
async fn what_the_token_is_refused_for_is_no_word_about_any_conference() {
    for code in ["paramError", "noPermission", "systemError", "something.new"] {
        let mut world = World::with([meeting("a").recorded(minutes(1))]).start().await;
        world.until(at(9, 58)).await;
        // A restart forgets the token; the list that is due meanwhile must be read with a new one.
        world.restart().await;
        world.fault(Fault::new(Answer::error(code)).on(Endpoint::AccessToken).from(at(9, 59)).until(at(11, 0)));
        world.until(at(11, 0)).await;
        assert_ne!(world.state("a").await, "failed", "{code}");
        world.until(at(16, 0)).await;
        assert_eq!(world.state("a").await, "archived", "{code}");
    }
}

#[tokio::test]
async fn a_third_party_app_fetches_its_token_from_the_address_of_the_organisation() {
    let world = World::with([meeting("a").recorded(minutes(1))])
        .config(|config| config.dingtalk.corp_id = Some("dingcorp".to_owned()))
        .start()
        .await;
    world.until(at(12, 0)).await;
    assert!(world.calls(Endpoint::AccessToken).is_empty() && !world.calls(Endpoint::CorpToken).is_empty());
    assert_eq!(world.state("a").await, "archived");
}
