//! Holds the catalog against what the simulator knows to be true.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, TryStreamExt};

use crate::catalog::lists::{ConferenceFilter, RecordingFilter, RecordingRow};
use crate::catalog::{self, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::conference::State;
use crate::simulator::{Organisation, Recording};

/// What should be in the catalog.
pub(super) struct Truth {
    /// Meetings that neither were registered nor stood in any answer.
    pub(super) unseen: usize,
    /// Every recording that DingTalk ever listed for the others, by conferenceId and mediaId.
    pub(super) recordings: BTreeMap<(String, String), Recording>,
}

/// The truth of `organisation`, of whose meetings those `seen` stood in an answer.
pub(super) fn of(organisation: &Organisation, seen: &HashSet<String>) -> Truth {
    let unseen: HashSet<&str> = organisation
        .meetings()
        .filter(|meeting| !meeting.registered && !seen.contains(&meeting.conference_id))
        .map(|meeting| meeting.conference_id.as_str())
        .collect();
    let recordings = organisation
        .ever_listed()
        .filter(|(meeting, _)| !unseen.contains(meeting.conference_id.as_str()))
        .map(|(meeting, recording)| ((meeting.conference_id.clone(), recording.media_id.clone()), recording.clone()))
        .collect();
    Truth { unseen: unseen.len(), recordings }
}

/// Every difference between `truth` and the catalog at `now`, in words.
pub(super) async fn compare(truth: &Truth, catalog: &Catalog, now: Timestamp) -> Result<Vec<String>, catalog::Error> {
    let mut differences = Vec::new();
    let rows = catalog.list_recordings(&RecordingFilter::default(), None, false).map(|row| row?.row());
    let mut archived: BTreeMap<(String, String), RecordingRow> =
        rows.map_ok(|row| ((row.conference_id.clone(), row.media_id.clone()), row)).try_collect().await?;
    for (key, recording) in &truth.recordings {
        let which = format!("recording {} of conference {}", key.1, key.0);
        match archived.remove(key) {
            None => differences.push(format!("{which} is not archived")),
            Some(row) if says(&row, recording, now) => {}
            Some(row) => differences.push(format!("{which} says {row:?}, not {recording:?}")),
        }
    }
    for (conference_id, media_id) in archived.into_keys() {
        differences.push(format!("recording {media_id} of conference {conference_id} was never made"));
    }

    let recorded: HashSet<&str> = truth.recordings.keys().map(|(conference_id, _)| conference_id.as_str()).collect();
    let mut conferences = catalog.list_conferences(ConferenceFilter::All, None);
    while let Some(conference) = conferences.try_next().await? {
        let conference = conference.row()?;
        let (id, state) = (&conference.conference_id, &conference.state);
        let expected = if recorded.contains(id.as_str()) { State::Archived } else { State::Unrecorded };
        if state != expected.as_str() {
            let message = conference.last_error_message.as_deref().unwrap_or_default();
            differences.push(format!("conference {id} is {state}, not {expected}: {message}"));
        }
    }
    Ok(differences)
}

fn says(row: &RecordingRow, recording: &Recording, now: Timestamp) -> bool {
    let is_gone = recording.listed_until.is_some_and(|until| until <= now);
    row.record_id.as_deref() == Some(recording.record_id.as_str())
        && row.recorder_union_id.as_deref() == Some(recording.union_id.as_str())
        && row.record_type == Some(recording.record_type)
        && row.started_at == Some(recording.starts_at.as_millis())
        && row.ended_at == Some(recording.ends_at.as_millis())
        && row.duration_ms == Some(recording.duration_ms)
        && row.file_size == Some(recording.file_size)
        && row.region_id.as_deref() == Some(recording.region_id.as_str())
        && row.missing_since.is_some() == is_gone
}
