//! `GET …/{conferenceId}/cloudRecords/getVideos?unionId=`: the list of a conference's recordings.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::client::{Call, Client};
use super::endpoint::Endpoint;
use super::error::Error;
use super::wire;
use crate::domain::clock::Timestamp;
use crate::domain::recording::{Recording, RecordingList};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    #[serde(deserialize_with = "wire::list")]
    video_list: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    #[serde(default, deserialize_with = "wire::text")]
    record_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    union_id: Option<String>,
    #[serde(default, deserialize_with = "wire::instant")]
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::number")]
    record_type: Option<i64>,
    #[serde(default, deserialize_with = "wire::number")]
    duration: Option<i64>,
    #[serde(default, deserialize_with = "wire::number")]
    file_size: Option<i64>,
    #[serde(default, deserialize_with = "wire::instant")]
    end_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::text")]
    media_id: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    region_id: Option<String>,
}

impl Client {
    /// The recordings of a conference, asked for as `union_id`. A list that names a `mediaId` twice means its last entry.
    pub async fn videos(&self, conference_id: &str, union_id: &str) -> Result<RecordingList, Error> {
        let path = vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", "getVideos"];
        let query = vec![("unionId", union_id.to_owned())];
        let answer: Answer = self.call(Call::get(Endpoint::Videos, path, query)).await?;
        Ok(answer.into())
    }
}

impl From<Answer> for RecordingList {
    fn from(answer: Answer) -> Self {
        let mut list = Self::default();
        for raw in answer.video_list {
            // A video that cannot be read at all is one that bears no mediaId.
            let video: Video = serde_json::from_str(raw.get()).unwrap_or_default();
            let Some(media_id) = video.media_id else {
                list.without_media_id += 1;
                continue;
            };
            list.recordings.retain(|recording| recording.media_id != media_id);
            list.recordings.push(Recording {
                media_id,
                record_id: video.record_id,
                recorder_union_id: video.union_id,
                record_type: video.record_type,
                started_at: video.start_time,
                ended_at: video.end_time,
                duration_ms: video.duration,
                file_size: video.file_size,
                region_id: video.region_id,
                raw: raw.get().to_owned(),
            });
        }
        list
    }
}
