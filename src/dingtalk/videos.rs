//! `GET …/{conferenceId}/cloudRecords/getVideos?unionId=`: the list of a conference's recordings.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use super::wire::Object;
use crate::domain::endpoint::Endpoint;
use crate::domain::recording::{Recording, RecordingList};

impl Client {
    /// The recordings of a conference, asked for as `union_id`.
    pub async fn videos(&self, conference_id: &str, union_id: &str) -> Result<RecordingList, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", "getVideos"];
        let query = vec![("unionId", union_id.to_owned())];
        self.call(Call::get(Endpoint::Videos, path, query), decode).await
    }
}

/// Of a `mediaId` that occurs twice, the last entry counts.
pub fn decode(status: u16, body: &str) -> Result<RecordingList, Error> {
    let answer = decode::answer(Endpoint::Videos, status, body)?;
    let mut list = RecordingList::default();
    let mut places = HashMap::new();
    for raw in answer.list("videoList")? {
        let Some(recording) = recording(raw.get()) else {
            list.without_media_id += 1;
            continue;
        };
        match places.entry(recording.media_id.clone()) {
            Entry::Occupied(place) => list.recordings[*place.get()] = recording,
            Entry::Vacant(place) => {
                place.insert(list.recordings.len());
                list.recordings.push(recording);
            }
        }
    }
    Ok(list)
}

/// `None` without a `mediaId`.
fn recording(raw: &str) -> Option<Recording> {
    let video = Object::parse(raw).ok()?;
    Some(Recording {
        media_id: video.text("mediaId")?,
        record_id: video.text("recordId"),
        recorder_union_id: video.text("unionId"),
        record_type: video.number("recordType"),
        started_at: video.instant("startTime"),
        ended_at: video.instant("endTime"),
        duration_ms: video.number("duration"),
        file_size: video.number("fileSize"),
        region_id: video.text("regionId"),
        raw: raw.to_owned(),
    })
}
