//! The least that the work can cost: raw reqwest, raw SQLite, and no care.
//!
//!     cargo run --release --example lower_bound -- http://127.0.0.1:8099 catalog.db
//!
//! It makes the calls that the archiver makes about conferences that are over, eight side by side, and writes what they
//! bring into the same tables, eight conferences in one transaction that is as durable. It counts no call, keeps no
//! journal, waits for nothing, and gives up at the first error.

use std::error::Error;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use recording_archiver::domain::clock::{Clock, SystemClock};
use reqwest::Client;
use rusqlite::{Connection, Transaction, params};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;

const IDS_IN_BATCH: usize = 50;
const SIDE_BY_SIDE: usize = 8;
const IN_ONE_TRANSACTION: usize = 8;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What DingTalk says of a conference, and its recordings as it sent them.
type Answer = (Conference, Vec<Box<RawValue>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Sightings {
    infos: Vec<Sighting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sighting {
    conference_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    conf_info: Conference,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conference {
    title: String,
    room_code: String,
    schedule_conference_id: String,
    biz_type: String,
    creator_id: String,
    creator_nick: String,
    start_time: i64,
    end_time: i64,
    conf_duration: i64,
    cloud_record_status: i64,
    cloud_record_owner_union_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Videos {
    video_list: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    record_id: String,
    media_id: String,
    union_id: String,
    record_type: i64,
    start_time: i64,
    end_time: i64,
    duration: i64,
    file_size: i64,
    region_id: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base_url), Some(path)) = (arguments.next(), arguments.next()) else {
        return Err("usage: lower_bound BASE_URL CATALOG".into());
    };
    let mut connection = open(Path::new(&path))?;
    let ids: Vec<String> = connection
        .prepare("SELECT conference_id FROM conferences WHERE state = 'waiting' ORDER BY rowid")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let dingtalk = &DingTalk::new(base_url).await?;
    let mut over = Vec::new();
    for ids in ids.chunks(IDS_IN_BATCH) {
        let in_progress = dingtalk.in_progress(ids).await?;
        over.extend(ids.iter().filter(|id| !in_progress.iter().any(|shown| shown.conference_id == **id)));
    }
    let mut answers = stream::iter(over)
        .map(|id| async move { dingtalk.conference(id).await.map(|answer| (id, answer)) })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_chunks(IN_ONE_TRANSACTION)
        .map_err(|error| error.1);
    while let Some(answers) = answers.try_next().await? {
        let transaction = connection.transaction()?;
        for (id, (conference, videos)) in answers {
            write(&transaction, id, &conference, &videos)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

struct DingTalk {
    http: Client,
    base_url: String,
    token: String,
}

impl DingTalk {
    async fn new(base_url: String) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().build()?;
        let credentials = json!({ "appKey": "dingbench", "appSecret": "secret" });
        let request = http.post(format!("{base_url}/v1.0/oauth2/accessToken")).json(&credentials);
        let token = request.send().await?.json::<Token>().await?.access_token;
        Ok(Self { http, base_url, token })
    }

    async fn in_progress(&self, ids: &[String]) -> Result<Vec<Sighting>> {
        let url = format!("{}/v1.0/conference/videoConferences/query", self.base_url);
        let request = self.http.post(url).json(&json!({ "conferenceIdList": ids }));
        Ok(self.answer::<Sightings>(request).await?.infos)
    }

    async fn conference(&self, id: &str) -> Result<Answer> {
        let url = format!("{}/v1.0/conference/videoConferences/{id}", self.base_url);
        let conference = self.answer::<Info>(self.http.get(&url)).await?.conf_info;
        let url = format!("{url}/cloudRecords/getVideos?unionId={}", conference.cloud_record_owner_union_id);
        let videos = self.answer::<Videos>(self.http.get(url)).await?.video_list;
        Ok((conference, videos))
    }

    async fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T> {
        let response = request.header("x-acs-dingtalk-access-token", &self.token).send().await?;
        Ok(response.error_for_status()?.json().await?)
    }
}

fn write(transaction: &Transaction<'_>, id: &str, conference: &Conference, videos: &[Box<RawValue>]) -> Result<()> {
    let now = SystemClock::new().now().as_millis();
    let mut update = transaction.prepare_cached(
        "UPDATE conferences
         SET state = 'archived', title = ?2, room_code = ?3, schedule_conference_id = ?4, biz_type = ?5,
             creator_union_id = ?6, creator_nick = ?7, started_at = ?8, ended_at = ?9, duration_ms = ?10,
             record_status = ?11, record_owner_union_id = ?12, closed_at = ?13
         WHERE conference_id = ?1",
    )?;
    update.execute(params![
        id,
        conference.title,
        conference.room_code,
        conference.schedule_conference_id,
        conference.biz_type,
        conference.creator_id,
        conference.creator_nick,
        conference.start_time,
        conference.end_time,
        conference.conf_duration,
        conference.cloud_record_status,
        conference.cloud_record_owner_union_id,
        now,
    ])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO recordings (conference_id, media_id, record_id, recorder_union_id, record_type, started_at,
             ended_at, duration_ms, file_size, region_id, raw, first_seen_at, last_changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
    )?;
    for raw in videos {
        let video: Video = serde_json::from_str(raw.get())?;
        insert.execute(params![
            id,
            video.media_id,
            video.record_id,
            video.union_id,
            video.record_type,
            video.start_time,
            video.end_time,
            video.duration,
            video.file_size,
            video.region_id,
            raw.get(),
            now,
        ])?;
    }
    Ok(())
}
