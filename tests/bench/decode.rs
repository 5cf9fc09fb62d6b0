//! Decoding: a list of recordings as DingTalk sends it.

use divan::Bencher;
use divan::counter::ItemsCount;
use recording_archiver::dingtalk::videos;
use serde_json::json;

const VIDEOS: usize = 1_000;

#[divan::bench]
fn a_thousand_videos(bencher: Bencher<'_, '_>) {
    let video = |n: usize| {
        json!({
            "recordId": "290882268xxx1172033231",
            "unionId": "WFBkgJvtxxxxtSaA1jK4sgiEiE",
            "startTime": 1_631_172_094_000_u64,
            "recordType": 1,
            "duration": 59_886,
            "fileSize": 1_127_942,
            "endTime": 1_631_172_094_000_u64,
            "mediaId": format!("faa1566c5bc24f21821ae239{n:08x}"),
            "regionId": "cn-shenzhen",
        })
    };
    let body = json!({ "videoList": (0..VIDEOS).map(video).collect::<Vec<_>>() }).to_string();
    assert_eq!(videos::decode(200, &body).unwrap().recordings.len(), VIDEOS);
    bencher.counter(ItemsCount::new(VIDEOS)).bench_local(|| videos::decode(200, divan::black_box(&body)));
}
