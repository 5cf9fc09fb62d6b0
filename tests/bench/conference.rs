//! One conference: what follows from an observation, and how that is written.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use recording_archiver::catalog::apply::Decision;
use recording_archiver::catalog::journal::{Call, Event};
use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::conference::{Conference, ConferenceInfo, DiscoveredBy, State, Status};
use recording_archiver::domain::lifecycle::{Observation, Rules, Transition, observe};
use recording_archiver::domain::recording::{Recording, RecordingList};

use crate::old::{NOW, RUNTIME, old, sizes};

const UNION_ID: &str = "WFBkgJvtxxxxtSaA1jK4sgiEiE";

/// So many conferences are written in one transaction when lists are read.
const AT_A_TIME: u32 = 8;

fn list(conference_id: &str) -> RecordingList {
    let recording = |record_type: i64| Recording {
        media_id: format!("{conference_id}{record_type:08}"),
        record_id: Some("290882268xxx1172033231".to_owned()),
        recorder_union_id: Some(UNION_ID.to_owned()),
        record_type: Some(record_type),
        started_at: Some(Timestamp::from_millis(1_631_172_094_000)),
        ended_at: Some(Timestamp::from_millis(1_631_172_094_000)),
        duration_ms: Some(59_886),
        file_size: Some(1_127_942),
        region_id: Some("cn-shenzhen".to_owned()),
        raw: r#"{"recordId":"290882268xxx1172033231","mediaId":"faa1566c5bc24f21821ae2394f82db2e"}"#.to_owned(),
    };
    RecordingList { recordings: vec![recording(0), recording(1)], without_media_id: 0 }
}

fn read(conference: &Conference, list: &RecordingList) -> Transition {
    observe(conference, Observation::List { list, known: &[], union_id: UNION_ID }, NOW, &Rules::default())
}

#[divan::bench]
fn observe_an_end(bencher: Bencher<'_, '_>) {
    let conference = Conference {
        state: Some(State::Active),
        ..Conference::unknown("607452e0xxx", DiscoveredBy::Organization, NOW)
    };
    let info = ConferenceInfo { status: Status::Ended, ended_at: Some(NOW), ..ConferenceInfo::default() };
    bencher.bench_local(|| observe(black_box(&conference), Observation::Info(&info), NOW, &Rules::default()));
}

#[divan::bench]
fn observe_a_list(bencher: Bencher<'_, '_>) {
    let conference = Conference {
        state: Some(State::Ended),
        ended_at: Some(NOW),
        ..Conference::unknown("607452e0xxx", DiscoveredBy::Organization, NOW)
    };
    let list = list("607452e0xxx");
    bencher.bench_local(|| read(black_box(&conference), &list));
}

/// The lists of eight conferences, with two recordings each.
#[divan::bench(args = sizes(), sample_size = 1)]
fn apply(bencher: Bencher<'_, '_>, closed: u32) {
    let old = old(closed);
    let decision = |conference: Conference| Decision {
        transition: read(&conference, &list(&conference.conference_id)),
        calls: vec![Call { endpoint: "getVideos", outcome: "ok".to_owned(), answer: "2 recordings".to_owned() }],
        event: Event::Decided,
        conference,
    };
    let decisions = || {
        old.have_due(AT_A_TIME);
        old.due().into_iter().map(decision).collect::<Vec<_>>()
    };
    bencher.counter(ItemsCount::new(AT_A_TIME)).with_inputs(decisions).bench_local_values(|decisions| {
        let applied = RUNTIME.block_on(old.catalog.apply(&decisions, NOW)).unwrap();
        assert_eq!(applied, [true; AT_A_TIME as usize]);
    });
    old.have_due(0);
}
