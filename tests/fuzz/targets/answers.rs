//! One body, read by every decoder: none panics, and what one of them makes of it holds what the archiver rests on.

#![no_main]

use libfuzzer_sys::fuzz_target;
use recording_archiver::dingtalk::{Class, Decoded, Error, decode_as_each};

fuzz_target!(|input: (u8, &[u8])| {
    let (status, body) = input;
    let status = [200, 200, 400, 401, 403, 404, 429, 500, 302][usize::from(status) % 9];
    let Decoded { query, conference, videos, org_conferences, user_conferences, access_token } =
        decode_as_each(status, body);

    if let Ok(list) = &videos {
        let mut media_ids: Vec<&str> = list.recordings.iter().map(|recording| recording.media_id.as_str()).collect();
        assert!(media_ids.iter().all(|media_id| !media_id.is_empty()));
        for recording in &list.recordings {
            // What is kept of a video is JSON, and the mediaId stands in it.
            let raw: Box<serde_json::value::RawValue> = serde_json::from_str(&recording.raw).unwrap();
            assert!(raw.get().starts_with('{'), "{raw}");
        }
        media_ids.sort_unstable();
        assert!(media_ids.windows(2).all(|pair| pair[0] != pair[1]), "a mediaId is there twice");
    }
    let errors: [Option<&Error>; 6] = [
        query.as_ref().err(),
        conference.as_ref().err(),
        videos.as_ref().err(),
        org_conferences.as_ref().err(),
        user_conferences.as_ref().err(),
        access_token.as_ref().err(),
    ];
    if !(200..300).contains(&status) {
        assert!(errors.iter().all(Option::is_some), "HTTP {status} is no answer");
    }
    // An error of DingTalk's is the same error whatever was asked; a ban is one for all.
    for class in [Class::Banned, Class::QuotaSpent, Class::TokenInvalid, Class::NothingRecorded] {
        let same = errors.iter().filter(|error| error.is_some_and(|error| error.class == class)).count();
        assert!(same == 0 || same == errors.len(), "{class:?} for {same} of {}", errors.len());
    }
});
