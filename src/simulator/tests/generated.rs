//! What a plan generates.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::simulator::{Organisation, Plan};

const DAY: Duration = Duration::from_hours(24);
/// Monday, 1 June 2026, midnight UTC+8.
const MONDAY: Timestamp = Timestamp::from_millis(1_780_243_200_000);

fn plan(seed: u64, meetings: usize) -> Plan {
    Plan { seed, meetings, days: 5, first_day: MONDAY }
}

fn percent(part: usize, whole: usize) -> usize {
    part * 100 / whole
}

#[test]
fn the_same_plan_gives_the_same_organisation() {
    let (one, other) = (Organisation::generate(&plan(7, 300)), Organisation::generate(&plan(7, 300)));
    assert!(one.meetings().eq(other.meetings()));
    assert!(!one.meetings().eq(Organisation::generate(&plan(8, 300)).meetings()));
    assert_eq!(one.len(), 300);
}

#[test]
fn a_seed_means_the_same_on_every_machine() {
    let organisation = Organisation::generate(&plan(1, 3));
    let ids: Vec<&str> = organisation.meetings().map(|meeting| meeting.conference_id.as_str()).collect();
    assert_eq!(ids, ["6a1f81415760028411fb19bb", "6a1fd36bcfd9886dd6085f52", "6a20e08b55494ea3954f8f44"]);
}

#[test]
fn meetings_keep_working_hours_from_monday_to_friday() {
    // From a Saturday on: the plan skips to Monday.
    let saturday = MONDAY - DAY * 2;
    let organisation = Organisation::generate(&Plan { seed: 3, meetings: 2_000, days: 10, first_day: saturday });
    let mut lunch = 0;
    for meeting in organisation.meetings() {
        let since_monday = meeting.starts_at.since(MONDAY);
        let day = since_monday.as_secs() / DAY.as_secs();
        let minute = since_monday.as_secs() % DAY.as_secs() / 60;
        assert!(meeting.starts_at >= MONDAY && day < 12 && day % 7 < 5, "{}", meeting.starts_at);
        assert!((510..1_235).contains(&minute), "{}", meeting.starts_at);
        lunch += usize::from((720..810).contains(&minute));
    }
    assert!(percent(lunch, 2_000) < 12);
}

#[test]
fn meetings_last_about_forty_minutes_and_seldom_less_than_fifteen() {
    let organisation = Organisation::generate(&plan(4, 5_000));
    let lengths: Vec<u64> =
        organisation.meetings().map(|meeting| meeting.ends_at.since(meeting.starts_at).as_secs() / 60).collect();
    let mean = lengths.iter().sum::<u64>() / 5_000;
    assert!((37..=45).contains(&mean), "{mean}");
    let short = lengths.iter().filter(|minutes| **minutes < 15).count();
    assert!((5..=9).contains(&percent(short, 5_000)), "{short}");
}

#[test]
fn what_becomes_of_recordings_has_its_shares() {
    let organisation = Organisation::generate(&plan(5, 10_000));
    let (mut none, mut once, mut thrice, mut composed_only, mut then_composed, mut replaced) = (0, 0, 0, 0, 0, 0);
    let mut refusing = 0;
    for meeting in organisation.meetings() {
        let types: Vec<i64> = meeting.recordings.iter().map(|recording| recording.record_type).collect();
        match types.as_slice() {
            [] => none += 1,
            [0] => once += 1,
            [0, 0, 0] => thrice += 1,
            [1] => composed_only += 1,
            [0, 1] | [0, 0, 1] => then_composed += 1,
            other => panic!("{other:?}"),
        }
        replaced += usize::from(meeting.recordings.iter().any(|recording| recording.listed_until.is_some()));
        refusing += usize::from(!meeting.refused_union_ids.is_empty());
    }
    assert!((53..=57).contains(&percent(none, 10_000)), "{none}");
    assert!((28..=32).contains(&percent(once, 10_000)), "{once}");
    assert!((5..=7).contains(&percent(thrice, 10_000)), "{thrice}");
    assert!((4..=6).contains(&percent(composed_only, 10_000)), "{composed_only}");
    assert!((3..=5).contains(&percent(then_composed, 10_000)), "{then_composed}");
    assert!((40..=60).contains(&percent(replaced, then_composed)), "{replaced}");
    assert!((3..=5).contains(&percent(refusing, 10_000 - none)), "{refusing}");
    assert_eq!(organisation.registered().count(), 6_667);
}

#[test]
fn every_meeting_hangs_together() {
    for meeting in Organisation::generate(&plan(6, 3_000)).meetings() {
        assert!(meeting.registered_at <= meeting.starts_at && meeting.starts_at < meeting.ends_at);
        assert_eq!(meeting.biz_type == "3", meeting.schedule_conference_id.is_some());
        assert_eq!(meeting.recordings.is_empty(), meeting.record_owner_union_id.is_none());
        assert!(!meeting.refused_union_ids.contains(&meeting.creator_union_id));
        assert!(meeting.is_attended_by(&meeting.creator_union_id));
        for recording in &meeting.recordings {
            assert_eq!(recording.record_id, meeting.recordings[0].record_id);
            assert!(recording.listed_from >= meeting.ends_at + Duration::from_mins(3));
            assert!(recording.duration_ms > 0 && recording.starts_at <= recording.ends_at);
        }
    }
}
