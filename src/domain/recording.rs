//! A recording, and what one reading of a conference's list changes in the catalog.
//!
//! No I/O: load ours, load theirs, a pure difference. `mediaId` is the identity; `recordId` is shared by every video of
//! a conference (page: cloudRecords/getVideos).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::clock::Timestamp;

/// A video in DingTalk's cloud, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub media_id: String,
    pub record_id: Option<String>,
    /// The unionId of whoever recorded.
    pub recorder_union_id: Option<String>,
    /// 0 standard recording, 1 composed file; another number is kept as it came.
    pub record_type: Option<i64>,
    pub started_at: Option<Timestamp>,
    /// When it ended. May equal `started_at` however long the video is: never derive one from the others.
    pub ended_at: Option<Timestamp>,
    pub duration_ms: Option<i64>,
    /// In bytes.
    pub file_size: Option<i64>,
    /// Where the file lies.
    pub region_id: Option<String>,
    /// The video's JSON as DingTalk sent it.
    pub raw: String,
}

/// One reading of a conference's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingList {
    /// The videos that bear a `mediaId`, each once.
    pub recordings: Vec<Recording>,
    /// How many bore none. They cannot be told apart, so they cannot be catalogued; the list is not whole while there
    /// are any.
    pub without_media_id: usize,
}

/// A recording as the catalog holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the list said of it last.
    pub recording: Recording,
    /// When anything in its row last changed.
    pub last_changed_at: Timestamp,
    /// Set while the list no longer shows it.
    pub missing_since: Option<Timestamp>,
}

/// What must be written so that the catalog says what the list says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New, changed or returned: to be upserted, and no longer missing.
    pub upsert: Vec<Recording>,
    /// Catalogued, not missing so far, and not in the list: to be marked missing. Nothing is ever deleted.
    pub missing: Vec<String>,
    /// How many of `upsert` were not catalogued.
    pub new: usize,
    /// Whether anything changed that a page explains. What no page explains is kept, but a list has settled without it.
    pub unsettles: bool,
}

impl Changes {
    /// Whether the catalog already says it all.
    pub fn is_empty(&self) -> bool {
        self.upsert.is_empty() && self.missing.is_empty()
    }
}

/// What `list` changes in what is `known`.
pub fn diff(known: &[Known], list: &RecordingList) -> Changes {
    let ours: HashMap<&str, &Known> = known.iter().map(|known| (known.recording.media_id.as_str(), known)).collect();
    let mut changes = Changes::default();
    for recording in &list.recordings {
        let known = ours.get(recording.media_id.as_str());
        let explains =
            known.is_none_or(|known| known.missing_since.is_some() || !is_alike(&known.recording, recording));
        if explains || known.is_some_and(|known| !is_same_json(&known.recording.raw, &recording.raw)) {
            changes.upsert.push(recording.clone());
            changes.new += usize::from(known.is_none());
            changes.unsettles |= explains;
        }
    }
    // Those that seem to be gone may be the ones that bear no mediaId.
    if list.without_media_id == 0 {
        let listed: HashSet<&str> = list.recordings.iter().map(|recording| recording.media_id.as_str()).collect();
        let gone = known.iter().filter(|known| known.missing_since.is_none());
        let gone = gone.map(|known| known.recording.media_id.as_str()).filter(|media_id| !listed.contains(media_id));
        changes.missing.extend(gone.map(str::to_owned));
        changes.unsettles |= !changes.missing.is_empty();
    }
    changes
}

/// Whether two videos agree in all that the pages explain.
fn is_alike(one: &Recording, other: &Recording) -> bool {
    let explained = |recording: &Recording| Recording { raw: String::new(), ..recording.clone() };
    explained(one) == explained(other)
}

/// Whether two texts are the same JSON: the order of keys and white space say nothing.
fn is_same_json(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    one == other || parse(one).is_some_and(|one| Some(one) == parse(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(media_id: &str) -> Recording {
        Recording {
            media_id: media_id.to_owned(),
            record_id: Some("290882268xxx1172033231".to_owned()),
            recorder_union_id: None,
            record_type: Some(0),
            started_at: None,
            ended_at: None,
            duration_ms: Some(59_886),
            file_size: None,
            region_id: None,
            raw: "{}".to_owned(),
        }
    }

    fn known(recording: Recording, missing: bool) -> Known {
        Known {
            recording,
            last_changed_at: Timestamp::from_millis(1),
            missing_since: missing.then_some(Timestamp::from_millis(1)),
        }
    }

    fn list(recordings: &[Recording]) -> RecordingList {
        RecordingList { recordings: recordings.to_vec(), without_media_id: 0 }
    }

    #[test]
    fn the_same_list_changes_nothing() {
        let list = list(&[recording("a"), recording("b")]);
        let catalog = [known(recording("b"), false), known(recording("a"), false)];
        assert_eq!(diff(&catalog, &list), Changes::default());
    }

    #[test]
    fn two_videos_of_one_record_id_are_two_recordings() {
        let list = list(&[recording("a"), recording("b")]);
        let catalog = [known(recording("a"), false)];
        let changes = diff(&catalog, &list);
        assert_eq!((changes.upsert, changes.new, changes.unsettles), (vec![list.recordings[1].clone()], 1, true));
    }

    #[test]
    fn a_video_that_is_gone_goes_missing_once_and_is_written_when_it_returns() {
        let catalog = [known(recording("a"), false), known(recording("b"), true)];
        assert_eq!(diff(&catalog, &list(&[])).missing, ["a"]);
        let nameless = RecordingList { recordings: vec![], without_media_id: 1 };
        assert_eq!(diff(&catalog, &nameless), Changes::default(), "the one that bears no mediaId may be it");
        let list = list(&[recording("a"), recording("b")]);
        let changes = diff(&catalog, &list);
        assert_eq!((changes.upsert, changes.new, changes.missing.len()), (vec![list.recordings[1].clone()], 0, 0));
    }

    #[test]
    fn json_is_compared_as_json_and_an_unknown_field_does_not_unsettle() {
        let with = |raw: &str| Recording { raw: raw.to_owned(), ..recording("a") };
        let catalog = [known(with(r#"{"mediaId":"a","fileSize":1}"#), false)];
        assert_eq!(diff(&catalog, &list(&[with(r#"{ "fileSize":1, "mediaId":"a" }"#)])), Changes::default());
        let list = list(&[with(r#"{"mediaId":"a","fileSize":1,"views":7}"#)]);
        let changes = diff(&catalog, &list);
        assert_eq!((changes.upsert.len(), changes.unsettles), (1, false));
    }
}
