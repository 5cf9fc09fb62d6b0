//! `GET …/{conferenceId}/cloudRecords/videos/getPlayInfos?unionId=&mediaId=&regionId=`: where a recording can be watched.
//!
//! Whoever has the addresses can watch it, for as long as they live, which no page says. They are for one reader, and are
//! kept nowhere.

use secrecy::SecretString;

use super::client::{Call, Client};
use super::decode;
use super::error::Error;
use crate::domain::endpoint::Endpoint;

/// Where a recording can be watched. What DingTalk leaves out is not known.
#[derive(Debug)]
pub struct PlayInfo {
    /// For a player.
    pub play_url: Option<SecretString>,
    /// The file.
    pub mp4_file_url: Option<SecretString>,
    /// In bytes.
    pub file_size: Option<i64>,
    pub duration_ms: Option<i64>,
    /// A number that no page explains.
    pub status: Option<i64>,
}

impl Client {
    /// Where the recording `media_id` can be watched, asked for as `union_id`. The page wants a region, which the list of
    /// recordings gives.
    pub async fn play_infos(
        &self,
        conference_id: &str,
        media_id: &str,
        region_id: Option<&str>,
        union_id: &str,
    ) -> Result<PlayInfo, Error> {
        let path =
            vec!["v1.0", "conference", "videoConferences", conference_id, "cloudRecords", "videos", "getPlayInfos"];
        let mut query = vec![("unionId", union_id.to_owned()), ("mediaId", media_id.to_owned())];
        query.extend(region_id.map(|region_id| ("regionId", region_id.to_owned())));
        self.call(Call::get(Endpoint::PlayInfos, path, query), decode).await
    }
}

/// An answer without an address is one too, as long as it says something of the video: it may not be ready.
pub fn decode(status: u16, body: &str) -> Result<PlayInfo, Error> {
    let answer = decode::answer(Endpoint::PlayInfos, status, body)?;
    let fields = &answer.fields;
    let info = PlayInfo {
        play_url: fields.text("playUrl").map(SecretString::from),
        mp4_file_url: fields.text("mp4FileUrl").map(SecretString::from),
        // The page has the first; the other is seen beside it.
        file_size: fields.number("fileSize").or_else(|| fields.number("size")),
        duration_ms: fields.number("duration"),
        status: fields.number("status"),
    };
    let numbers = [info.file_size, info.duration_ms, info.status];
    let has_any = info.play_url.is_some() || info.mp4_file_url.is_some() || numbers.iter().any(Option::is_some);
    answer.required(has_any.then_some(info), "playUrl")
}
