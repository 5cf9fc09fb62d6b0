//! One body, read by every decoder: none panics, and what one of them makes of it holds what the archiver rests on.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use recording_archiver::dingtalk::{
    Error, booked_conferences, booking, conference, histories, org_conferences, play_infos, query, record,
    room_conferences, token, user_conferences, videos,
};
use recording_archiver::domain::endpoint::Endpoint;
use recording_archiver::domain::failure::Class;
use secrecy::ExposeSecret;
use serde_json::Value;
use serde_json::value::RawValue;

/// The statuses that bodies come with; the first byte of the input is their place, and digits are.
const STATUSES: [u16; 10] = [200, 200, 200, 400, 401, 403, 404, 429, 500, 302];

fuzz_target!(|input: &[u8]| {
    let Some((status, body)) = input.split_first() else { return };
    let status = STATUSES[usize::from(status.wrapping_sub(b'0')) % STATUSES.len()];
    let body = &String::from_utf8_lossy(body);
    let query = query::decode(status, body);
    let conference = conference::decode(status, body);
    let videos = videos::decode(status, body);
    let play_infos = play_infos::decode(status, body);
    let org_conferences = org_conferences::decode(status, body);
    let room_conferences = room_conferences::decode(status, body);
    let booked_conferences = booked_conferences::decode(status, body);
    let histories = histories::decode(status, body);
    let booking = booking::decode(status, body);
    let user_conferences = user_conferences::decode(status, body);
    let record = record::decode(Endpoint::RecordStart, status, body);
    let access_token = token::decode(status, body);

    if let Ok(list) = &videos {
        let mut media_ids = HashSet::new();
        for recording in &list.recordings {
            assert!(!recording.media_id.is_empty());
            assert!(media_ids.insert(&recording.media_id), "a mediaId is there twice");
            // What is kept of a video is JSON, however deep, just as it came.
            let raw: &RawValue = serde_json::from_str(&recording.raw).unwrap();
            assert!(raw.get().starts_with('{') && body.contains(raw.get()), "{raw}");
            // Another reader of JSON, where it is not too deep for one, finds the mediaId and the size in it.
            if let Ok(Value::Object(video)) = serde_json::from_str(&recording.raw) {
                match &video["mediaId"] {
                    Value::String(media_id) => assert_eq!(media_id, &recording.media_id),
                    other => assert!(other.is_number(), "{other}"),
                }
                if let Some(size) = video.get("fileSize").and_then(Value::as_i64) {
                    assert_eq!(recording.file_size, Some(size));
                }
            }
        }
    }
    let pages = [&org_conferences, &room_conferences, &booked_conferences, &histories].into_iter().flatten();
    for sighting in query.iter().flatten().chain(pages.flat_map(|page| &page.sightings)) {
        assert!(!sighting.conference_id.is_empty());
    }
    for conference_id in user_conferences.iter().flatten() {
        assert!(!conference_id.is_empty());
    }

    let errors: [Option<&Error>; 12] = [
        query.as_ref().err(),
        conference.as_ref().err(),
        videos.as_ref().err(),
        play_infos.as_ref().err(),
        org_conferences.as_ref().err(),
        room_conferences.as_ref().err(),
        booked_conferences.as_ref().err(),
        histories.as_ref().err(),
        booking.as_ref().err(),
        user_conferences.as_ref().err(),
        record.as_ref().err(),
        access_token.as_ref().err(),
    ];
    if !(200..300).contains(&status) {
        assert!(errors.iter().all(Option::is_some), "HTTP {status} is no answer");
    }
    for error in errors.iter().flatten() {
        assert!(error.message.chars().count() <= 400 && error.code.chars().count() <= 128, "{error:?}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    if let Ok((token, _)) = &access_token {
        let token = token.expose_secret();
        assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "no header can carry it");
    }
    // An error of DingTalk's is the same error whatever was asked; a ban is one for all.
    for class in [Class::Banned, Class::QuotaSpent, Class::TokenInvalid, Class::NothingRecorded] {
        let same = errors.iter().filter(|error| error.is_some_and(|error| error.class == class)).count();
        assert!(same == 0 || same == errors.len(), "{class:?} for {same} of {}", errors.len());
    }
});
