//! What is told of meetings that are over: by room code, by booking, and of all.

use super::*;
use crate::simulator::Histories;

/// From six to seven, and from eight on, in one room; the second is booked.
fn series() -> Vec<Meeting> {
    let hours = Duration::from_hours;
    let earlier = Meeting::sample("earlier", NINE - hours(3), NINE - hours(2));
    let later = Meeting::sample("later", NINE - hours(1), TEN).booked(NINE - hours(9));
    let elsewhere = Meeting { room_code: "1".to_owned(), ..ended("elsewhere") };
    vec![earlier, later, elsewhere, ended("foreign").foreign()]
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["conferenceId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_room_code_shows_its_meetings_page_by_page_the_last_first_those_that_are_over_too() {
    let world = World::new(series(), Behaviour::default()).await;
    let infos = "/v1.0/conference/roomCodes/100200300/infos";
    let first = world.get(&format!("{infos}?maxResults=1")).await.body;
    assert_eq!((ids(&first["conferenceList"]), &first["hasMore"]), (vec!["later"], &json!(true)));
    assert!(first["conferenceList"][0].get("endTime").is_none(), "it goes on");
    let second = world.get(&format!("{infos}?maxResults=1&nextToken={}", first["nextToken"].as_str().unwrap())).await;
    let entry = &second.body["conferenceList"][0];
    assert_eq!((&entry["conferenceId"], &entry["status"]), (&json!("earlier"), &json!(1)));
    assert_eq!(entry["endTime"], json!((NINE - Duration::from_hours(2)).as_millis()));
    assert!(second.body.get("nextToken").is_none());
    world.get("/v1.0/conference/roomCodes/9/infos").await.is_error(400, "invalidRoomCode");
    world.get("/v1.0/conference/roomCodes/%20/infos").await.is_error(400, "missingRoomCode");
    world.get(&format!("{infos}?maxResults=0")).await.is_error(400, "paramError");
    let shallow = World::new(series(), Behaviour { room_code_depth: 1, ..Behaviour::default() }).await;
    assert_eq!(ids(&shallow.get(infos).await.body["conferenceList"]), ["later"]);
}

#[tokio::test]
async fn a_booking_has_a_plan_and_a_last_meeting() {
    let world = World::new(series(), Behaviour::default()).await;
    let plan = "/v1.0/conference/scheduleConferences/schedule-later/infos";
    let planned = world.get(&format!("{plan}?requestUnionId={HOST}")).await.body;
    assert_eq!((&planned["roomCode"], &planned["title"]), (&json!("100200300"), &json!("Sample meeting")));
    world.get(plan).await.is_error(400, "paramsError");
    let last = "/v1.0/conference/videoConferences/scheduleConferences";
    assert_eq!(ids(&world.get(&format!("{last}/schedule-later")).await.body["conferenceList"]), ["later"]);
    world.get(&format!("{last}/nothing")).await.is_error(400, "invalidScheduleConferenceId");
}

#[tokio::test]
async fn all_past_meetings_are_listed_to_an_app_that_may_and_to_no_other() {
    let (from, to) = ((NINE - Duration::from_hours(2)).as_millis(), TEN.as_millis());
    let list = format!("/v1.0/conference/videoConferences/histories/dataLists?startTime={from}&endTime={to}");
    let closed = World::new(series(), Behaviour::default()).await;
    closed.get(&list).await.is_error(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied");
    let open = Behaviour { histories: Histories::Open, empty_field: EmptyField::Absent, ..Behaviour::default() };
    let open = World::new(series(), open).await;
    assert_eq!(ids(&open.get(&list).await.body["list"]), ["elsewhere", "earlier"]);
    let none = open.get(&list.replace(&to.to_string(), &from.saturating_sub(1).to_string())).await.body;
    assert_eq!((none.get("list"), &none["totalCount"]), (None, &json!(0)));
    open.get("/v1.0/conference/videoConferences/histories/dataLists").await.is_error(400, "paramError");
}
