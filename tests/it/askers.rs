//! One unionId for which DingTalk fails oddly does not hide those that are tried after it.

use recording_archiver::simulator::{Answer, Endpoint, Fault};

use crate::world::{World, at, meeting, minutes};

#[tokio::test]
async fn whatever_is_answered_to_one_union_id_the_next_is_tried() {
    for answer in [
        Answer::error("somethingNew"),
        Answer::error("systemError"),
        Answer::Raw { status: 502, body: "<html>bad gateway</html>".to_owned() },
        Answer::error("orgAccessForbidden"),
    ] {
        for spoilt in [&["hint"][..], &["hint", "owner"]] {
            let recorded = meeting("a").owner("owner").creator("creator").recorded(minutes(1));
            let world = World::with([recorded]).watching("a", Some("hint")).start().await;
            for union_id in spoilt {
                world.fault(Fault::new(answer.clone()).on(Endpoint::GetVideos).union_id(union_id));
            }
            world.until(at(12, 0)).await;
            assert_eq!(world.state("a").await, "archived", "{answer:?} to {spoilt:?}");
            assert_eq!(world.recordings("a").await.len(), 1);
        }
    }
}
