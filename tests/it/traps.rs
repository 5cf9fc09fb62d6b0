//! What the pages leave open or get wrong, one trap a test: the catalog must come out right on either side of it.

use std::collections::HashSet;

use recording_archiver::simulator::{
    AcceptedUnionIds, Answer, Behaviour, EmptyList, Endpoint, Envelope, ErrorCodes, Fault, Meeting, Numbers,
    OutsideBatch, PlannedStart, RecordStatus,
};

use crate::world::{World, at, hours, meeting, minutes};

/// Recorded, an hour long from nine on, and listed a minute after.
fn recorded(id: &str) -> Meeting {
    meeting(id).recorded(minutes(1))
}

/// Recorded, and still going on when [`recorded`] meetings are over.
fn long(id: &str) -> Meeting {
    Meeting::sample(id, at(9, 0), at(12, 0)).recorded(minutes(1))
}

#[tokio::test]
async fn whatever_an_ended_conference_does_to_the_batch_the_others_are_seen() {
    for outside_batch in
        [OutsideBatch::Missing, OutsideBatch::StatusEnded, OutsideBatch::ResourceClose, OutsideBatch::ParamsError]
    {
        let behaviour = Behaviour { outside_batch, ..Behaviour::default() };
        let meetings = (0..9).map(|n| long(&format!("long-{n}"))).chain([recorded("first"), recorded("second")]);
        let world = World::with(meetings).watching("nonsense", None).behaviour(behaviour).start().await;
        world.until(at(9, 6)).await;
        assert_eq!(world.state("nonsense").await, "failed", "{outside_batch:?}");
        assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 11);

        world.until(at(10, 6)).await;
        assert_eq!([world.state("first").await, world.state("second").await], ["ended", "ended"], "{outside_batch:?}");
        assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 9);
        let confirmed: HashSet<_> = world
            .calls(Endpoint::ConferenceInfo)
            .into_iter()
            .filter(|call| call.at >= at(9, 1))
            .flat_map(|call| call.conference_ids)
            .collect();
        assert!(confirmed.contains("first") && confirmed.contains("second"), "{outside_batch:?}");
        assert!(confirmed.len() <= 6, "{outside_batch:?}: two culprits, and who stood beside them: {confirmed:?}");

        world.until(at(14, 0)).await;
        let archived =
            "SELECT count(*) FROM conferences c JOIN recordings r USING (conference_id) WHERE state = 'archived'";
        assert_eq!(world.number(archived).await, 11, "{outside_batch:?}");
    }
}

#[tokio::test]
async fn a_batch_that_takes_fewer_ids_than_configured_is_split() {
    let behaviour = Behaviour { most_ids: Some(7), ..Behaviour::default() };
    let world = World::with((0..50).map(|n| recorded(&format!("c{n:02}")))).behaviour(behaviour).start().await;
    world.until(at(9, 10)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 50);
    assert!(world.calls(Endpoint::ConferenceInfo).iter().all(|call| call.at < at(9, 0)), "none is suspected");
    world.until(at(13, 0)).await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'archived'").await, 50);
}

#[tokio::test]
async fn a_listing_that_refuses_long_pages_is_read_in_shorter_ones() {
    let behaviour = Behaviour { most_results: Some(20), page_size: 20, ..Behaviour::default() };
    let meetings = (0..45).map(|n| recorded(&format!("c{n:02}")).unregistered());
    let world = World::with(meetings).listing().behaviour(behaviour).starting(at(9, 1)).start().await;
    world.tick().await;
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 45);
    let calls = world.calls(Endpoint::OrgConferences);
    let refused = calls.iter().filter(|call| call.code.as_deref() == Some("paramError")).count();
    assert_eq!((refused, calls.len()), (3, 3 + 4), "100, 50 and 25 are refused, 12 is not");
    world.pass(minutes(16)).await;
    let again = world.calls(Endpoint::OrgConferences).split_off(calls.len());
    assert!(!again.is_empty() && again.iter().all(|call| call.code.is_none()), "what was accepted is remembered");
}

#[tokio::test]
async fn a_listing_that_fails_half_way_proves_no_absence() {
    let behaviour = Behaviour { page_size: 2, ..Behaviour::default() };
    let meetings = (0..6).map(|n| long(&format!("c{n}")).unregistered());
    let world = World::with(meetings).listing().behaviour(behaviour).starting(at(9, 1)).start().await;
    world.tick().await;
    let confirmed = world.calls(Endpoint::ConferenceInfo).len();
    world.until(at(9, 15)).await;
    // The first page is read, the second is not.
    let first = Answer::Raw { status: 200, body: first_page("c0", at(9, 0).as_millis()) };
    world.fault(Fault::new(first).on(Endpoint::OrgConferences).from(at(9, 16)).times(1));
    world.fault(Fault::new(Answer::error("systemError")).on(Endpoint::OrgConferences).from(at(9, 16)).times(1));
    world.until(at(9, 18)).await;
    assert!(world.simulator.faults().pending().is_empty(), "the listing failed half-way");
    assert_eq!(world.number("SELECT count(*) FROM conferences WHERE state = 'active'").await, 6);
    assert_eq!(world.calls(Endpoint::ConferenceInfo).len(), confirmed, "nobody is suspected for a page never read");
}

fn first_page(id: &str, start: i64) -> String {
    format!(
        r#"{{"onGoingConfList":[{{"conferenceId":"{id}","status":2,"startTime":{start}}}],"hasMore":true,"nextToken":"t"}}"#
    )
}

#[tokio::test]
async fn a_meeting_that_a_whole_listing_does_not_show_any_more_is_confirmed_without_the_batch() {
    let world = World::with([recorded("a").unregistered()]).listing().starting(at(9, 1)).start().await;
    world.until(at(10, 30)).await;
    assert_eq!(world.state("a").await, "ended");
    assert_eq!(world.asked(Endpoint::ConferenceInfo, "a").len(), 1);
}

#[tokio::test]
async fn the_one_whom_dingtalk_accepted_is_asked_as_first_from_then_on() {
    let refusing = recorded("a").owner("owner").creator("creator").refuses("owner");
    let world = World::with([refusing]).start().await;
    world.until(at(12, 0)).await;
    assert_eq!(world.state("a").await, "archived");
    let asked: Vec<_> = world.asked(Endpoint::GetVideos, "a").into_iter().filter_map(|call| call.union_id).collect();
    assert_eq!(asked, ["owner", "creator", "creator"]);
}

#[tokio::test]
async fn a_duration_is_kept_as_sent_though_the_video_ends_when_it_starts() {
    let world = World::with([recorded("a")]).start().await;
    world.change("a", |meeting| {
        let start = meeting.recordings[0].starts_at;
        meeting.recordings[0].ends_at = start;
        meeting.recordings[0].duration_ms = 59_886;
    });
    world.until(at(12, 0)).await;
    let row = world.recordings("a").await.remove(0);
    assert_eq!((row.started_at, row.ended_at), (Some(at(9, 0).as_millis()), Some(at(9, 0).as_millis())));
    assert_eq!(row.duration_ms, Some(59_886));
    assert_eq!(world.words("SELECT duration FROM recording_catalog").await, ["00:00:59"]);
}

#[tokio::test]
async fn however_numbers_codes_and_envelopes_are_written_the_catalog_says_the_same() {
    let mut catalogs = Vec::new();
    for (numbers, error_codes, envelope) in [
        (Numbers::Plain, ErrorCodes::Bare, Envelope::LowerCase),
        (Numbers::Strings, ErrorCodes::Bare, Envelope::LowerCase),
        (Numbers::Plain, ErrorCodes::Suffixed, Envelope::LowerCase),
        (Numbers::Strings, ErrorCodes::Suffixed, Envelope::Capitalised),
    ] {
        let behaviour = Behaviour {
            numbers,
            error_codes,
            envelope,
            outside_batch: OutsideBatch::ResourceClose,
            accepted_union_ids: AcceptedUnionIds::OwnerAndCreator,
            ..Behaviour::default()
        };
        let refused = recorded("c").owner("owner").creator("owner").refuses("owner");
        let world = World::with([recorded("a"), meeting("b").composed(hours(30)), refused, meeting("d")])
            .watching("nonsense", None)
            .behaviour(behaviour)
            .start()
            .await;
        world.until(at(10 + 80, 0)).await;
        let mut said = world.words(CONFERENCES).await;
        said.extend(world.words(RECORDINGS).await);
        catalogs.push(said);
    }
    assert_eq!(catalogs[0].len(), 7);
    assert!(catalogs.iter().all(|catalog| *catalog == catalogs[0]), "{catalogs:#?}");
}

const CONFERENCES: &str =
    "SELECT concat_ws('|', conference_id, title, room_code, biz_type, creator_union_id, started_at,
    ended_at, duration_ms, state, record_status, record_owner_union_id, last_error_code) FROM conferences ORDER BY 1";
const RECORDINGS: &str = "SELECT concat_ws('|', conference_id, media_id, record_id, recorder_union_id, record_type,
    started_at, ended_at, duration_ms, file_size, region_id, missing_since) FROM recordings ORDER BY 1";

#[tokio::test]
async fn an_empty_list_means_not_yet_as_the_code_for_it_does() {
    for empty_list in [EmptyList::Empty, EmptyList::CloudRecordNotFound] {
        let behaviour = Behaviour { empty_list, ..Behaviour::default() };
        let late = meeting("late").composed(hours(20));
        let world = World::with([late, meeting("never")]).behaviour(behaviour).start().await;
        world.until(at(10 + 19, 0)).await;
        assert_eq!([world.state("late").await, world.state("never").await], ["ended", "ended"], "{empty_list:?}");
        world.until(at(10 + 73, 0)).await;
        let states = [world.state("late").await, world.state("never").await];
        assert_eq!(states, ["archived", "unrecorded"], "{empty_list:?}");
    }
}

#[tokio::test]
async fn a_record_status_that_is_absent_or_always_none_hides_no_recording() {
    for record_status in [RecordStatus::Absent, RecordStatus::AlwaysNone] {
        let behaviour = Behaviour { record_status, ..Behaviour::default() };
        let world =
            World::with([recorded("soon"), meeting("late").composed(hours(40))]).behaviour(behaviour).start().await;
        world.until(at(10 + 73, 0)).await;
        for id in ["soon", "late"] {
            assert_eq!(world.state(id).await, "archived", "{record_status:?} {id}");
            assert_eq!(world.recordings(id).await.len(), 1, "{record_status:?} {id}");
        }
    }
}

#[tokio::test]
async fn a_conference_whose_planned_start_is_not_told_is_asked_about_ever_more_rarely() {
    let behaviour = Behaviour { planned_start: PlannedStart::Absent, ..Behaviour::default() };
    let booked = Meeting::sample("a", at(24 + 9, 0), at(24 + 10, 0)).booked(at(8, 0)).recorded(minutes(1));
    let world = World::with([booked]).behaviour(behaviour).start().await;
    world.until(at(24 + 8, 59)).await;
    assert_eq!(world.state("a").await, "waiting");
    assert!(world.simulator.metered_calls() <= 24, "{} calls in a day", world.simulator.metered_calls());
    world.until(at(24 * 5, 0)).await;
    assert_eq!(world.state("a").await, "archived");
}

#[tokio::test]
async fn active_conferences_that_stay_active_are_not_written_to() {
    for world in [
        World::with([long("a"), long("b")]),
        World::with([long("a").unregistered(), long("b").unregistered()]).listing(),
    ] {
        let world = world.starting(at(9, 1)).start().await;
        world.tick().await;
        world.count_writes().await;
        world.until(at(11, 59)).await;
        assert!(world.simulator.metered_calls() > 10);
        assert_eq!(world.writes().await, [""; 0]);
    }
}
