//! `recordings link`: asks DingTalk where a recording can be watched, and prints that. Nothing of it is kept.

use anyhow::{Context, bail};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::output::{self, Format};
use super::screen::Screen;
use super::table::Cell;
use super::{open, wiring};
use crate::catalog::Catalog;
use crate::catalog::lists::RecordingRow;
use crate::config::Config;
use crate::dingtalk::{self, play_infos::PlayInfo};

#[derive(Args, Debug)]
pub(super) struct Link {
    /// Its mediaId
    media_id: String,
    /// Of this conference, where the mediaId stands in several
    #[arg(long, value_name = "ID")]
    conference: Option<String>,
    /// Whom to ask as, by unionId [default: the first that is known of: who was last accepted, the hint, the recording's
    /// owner, the creator, the configured fallback]
    #[arg(long, value_name = "U")]
    union_id: Option<String>,
    #[command(flatten)]
    printed: output::Printed,
}

pub(super) async fn run(link: &Link, config: &Config) -> anyhow::Result<()> {
    let (recording, union_id) = open::read(config, async |catalog| {
        let recording = recording(link, catalog).await?;
        let fallback = config.dingtalk.fallback_union_id.as_deref();
        let union_id = match &link.union_id {
            Some(union_id) => union_id.clone(),
            None => whom_to_ask_as(&recording, fallback, catalog).await?,
        };
        Ok((recording, union_id))
    })
    .await?;
    let RecordingRow { conference_id, media_id, region_id, missing_since, .. } = &recording;
    let asked = wiring::ask(config, async |dingtalk| {
        dingtalk.play_infos(conference_id, media_id, region_id.as_deref(), &union_id).await
    });
    let info = asked.await.map_err(|error| {
        if !error.is::<dingtalk::Error>() {
            return error;
        }
        let missing = missing_since.map_or("", |_| ", which DingTalk no longer lists,");
        error.context(format!("asked about {media_id}{missing} as {union_id}"))
    })?;
    if info.play_url.is_none() && info.mp4_file_url.is_none() {
        let status = info.status.map(|status| format!(", but the status {status}")).unwrap_or_default();
        bail!("DingTalk gives no address for {media_id}{status}: the video may not be ready; ask again later");
    }
    print(&recording, &info, link.printed.format)
}

/// The recording that is meant.
async fn recording(link: &Link, catalog: &Catalog) -> anyhow::Result<RecordingRow> {
    let media_id = &link.media_id;
    let mut found = catalog.recordings_with(media_id).await?;
    if let Some(conference) = &link.conference {
        found.retain(|recording| recording.conference_id == *conference);
    }
    match (found.as_slice(), &link.conference) {
        ([], None) => bail!("the catalog has no recording with the mediaId {media_id}"),
        ([], Some(conference)) => {
            bail!("the catalog has no recording with the mediaId {media_id} in the conference {conference}")
        }
        ([_], _) => Ok(found.remove(0)),
        _ => {
            let conferences: Vec<_> = found.iter().map(|recording| recording.conference_id.as_str()).collect();
            let conferences = conferences.join(", ");
            bail!("the mediaId {media_id} stands in several conferences: name one with --conference: {conferences}")
        }
    }
}

/// The first of those as whom the daemon would read the conference's list. Where no owner is known, whoever recorded is.
async fn whom_to_ask_as(recording: &RecordingRow, fallback: Option<&str>, catalog: &Catalog) -> anyhow::Result<String> {
    let conference_id = recording.conference_id.as_str();
    let conference = catalog.conferences_by_id(&[conference_id]).await?.remove(conference_id);
    let mut conference = conference.context("the recording's conference is not in the catalog")?;
    if conference.record_owner_union_id.is_none() {
        conference.record_owner_union_id.clone_from(&recording.recorder_union_id);
    }
    let first = conference.union_ids_to_try(fallback).first().map(|union_id| (*union_id).to_owned());
    first.context("nobody is known to ask as: use --union-id, or set dingtalk.fallback_union_id")
}

fn print(recording: &RecordingRow, info: &PlayInfo, format: Format) -> anyhow::Result<()> {
    let exposed = |url: &Option<SecretString>| url.as_ref().map(|url| url.expose_secret().to_owned());
    let address = |url| Cell::whole(exposed(url).unwrap_or_default());
    if format == Format::Json {
        return output::json(&serde_json::json!({
            "conference_id": recording.conference_id,
            "media_id": recording.media_id,
            "play_url": exposed(&info.play_url),
            "mp4_file_url": exposed(&info.mp4_file_url),
            "file_size": info.file_size,
            "duration_ms": info.duration_ms,
            "status": info.status,
        }));
    }
    output::print(&Screen::of_stdout(false).facts([
        ("title", recording.title.clone().into()),
        ("media_id", recording.media_id.as_str().into()),
        ("play", address(&info.play_url)),
        ("mp4", address(&info.mp4_file_url)),
        ("size", output::size(info.file_size)),
        ("duration", output::clock_time(info.duration_ms)),
    ]))
}
