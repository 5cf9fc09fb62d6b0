//! What people are told about events: that none can come, that they tell of too little, that they will not last.

use recording_archiver::archive::events;
use recording_archiver::domain::forecast::month_end;
use recording_archiver::simulator::Meeting;

use super::{Told, notifier};
use crate::world::{World, at, hours, meeting, minutes};

/// A world with these meetings and a connection for events.
async fn connected(meetings: impl IntoIterator<Item = Meeting>) -> World {
    let mut world = World::with(meetings).listing().config(|config| config.events.stream = true).start().await;
    world.listen().await;
    world
}

#[tokio::test]
async fn a_connection_that_is_down_for_an_hour_is_told_until_it_is_open_again() {
    let mut world = connected([]).await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.hang_up();
    world.archive.stream_closed("no answer from the proxy", world.now()).await.unwrap();
    world.pass(minutes(59)).await;
    telling.round(world.now()).await.unwrap();
    assert_eq!(told.said(), [""; 0], "it is short");
    world.archive.stream_closed("no answer from the proxy", world.now()).await.unwrap();
    world.pass(minutes(2)).await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    assert_eq!(message["notices"][0]["kind"], "disconnected");
    let text = message["text"].as_str().unwrap();
    for words in ["disconnected since 2026-06-01T", "no answer from the proxy", "recording-archiver doctor"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    world.listen().await;
    telling.round(world.now() + minutes(1)).await.unwrap();
    assert_eq!(told.said(), ["over: disconnected events"]);
}

#[tokio::test]
async fn events_that_tell_of_few_meetings_are_told_until_they_tell_of_nearly_all() {
    let world = connected((0..12).map(|n| meeting(&format!("m{n}")))).await;
    world.simulator.stream().cover(50);
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.until(at(9, 30)).await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    assert_eq!(message["notices"][0]["kind"], "coverage_low");
    let announced = world.number("SELECT count(*) FROM sightings WHERE announced_at IS NOT NULL").await;
    let text = message["text"].as_str().unwrap();
    let words = format!("events told of {announced} of the last 12 meetings");
    assert!(text.contains("events missing since 2026-06-01T") && text.contains(&words), "{words}: {text}");
    assert!(text.contains("meeting_status_change is ticked"), "{text}");

    world.meddle("UPDATE sightings SET announced_at = shown_at WHERE conference_id NOT IN ('m0', 'm1')").await;
    world.meddle("UPDATE sightings SET announced_at = NULL WHERE conference_id IN ('m0', 'm1')").await;
    telling.round(world.now() + minutes(1)).await.unwrap();
    assert_eq!(told.said(), [""; 0], "ten of twelve are more, but they are not nearly all");
    world.meddle("UPDATE sightings SET announced_at = shown_at").await;
    telling.round(world.now() + minutes(2)).await.unwrap();
    assert_eq!(told.said(), ["over: coverage_low events"]);
}

#[tokio::test]
async fn pushes_that_will_not_last_are_told_until_they_clearly_do() {
    let mut world = connected([]).await;
    let told = Told::start().await;
    world.meddle("INSERT INTO pushes VALUES ('2026-06-01', 'meeting_status_change', 'taken', 1000)").await;
    let report = events::report(&world.catalog, world.archive.settings(), world.now()).await.unwrap().unwrap();
    let expected = report.push_forecast.by(month_end(world.now()));
    for (percent, said) in
        [(105.0, None), (95.0, Some("pushes_low 2026-06")), (105.0, None), (115.0, Some("over: pushes_low 2026-06"))]
    {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
        let share = (expected * percent / 100.0) as u64;
        world.reconfigure(|config| config.quota.pushes_per_month = share).await;
        notifier(&world, &told).round(world.now()).await.unwrap();
        let said: Vec<&str> = said.into_iter().collect();
        assert_eq!(told.said(), said, "a share of {percent} % of what is expected");
    }
}

#[tokio::test]
async fn pushes_that_are_spent_are_told_until_the_month_is_over() {
    let mut world = connected([]).await;
    world.reconfigure(|config| config.quota.pushes_per_month = 100).await;
    let told = Told::start().await;
    let mut telling = notifier(&world, &told);
    world.meddle("INSERT INTO pushes VALUES ('2026-06-01', 'meeting_status_change', 'taken', 100)").await;
    telling.round(world.now()).await.unwrap();
    let message = told.messages().remove(0);
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("pushes run low since") && text.contains("100 of 100 pushes have come in 2026-06"), "{text}");
    telling.round(world.now() + hours(24 * 30)).await.unwrap();
    assert!(told.said().contains(&"over: pushes_low 2026-06".to_owned()));
}

#[tokio::test]
async fn where_no_events_are_wanted_nothing_is_told_about_them() {
    let mut world = connected([]).await;
    let told = Told::start().await;
    world.meddle("INSERT INTO pushes VALUES ('2026-06-01', 'meeting_status_change', 'taken', 4000)").await;
    notifier(&world, &told).round(world.now()).await.unwrap();
    assert_eq!(told.said(), ["pushes_low 2026-06"]);
    world.hang_up();
    world.reconfigure(|config| config.events.stream = false).await;
    notifier(&world, &told).round(world.now() + hours(2)).await.unwrap();
    assert_eq!(told.said(), ["over: pushes_low 2026-06"]);
}
