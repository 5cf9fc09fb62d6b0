//! A recording, and what one reading of a conference's list changes in the catalog.
//!
//! No I/O: load ours, load theirs, a pure difference. `mediaId` is the identity; `recordId` is shared by every video of
//! a conference (page: cloudRecords/getVideos).

use std::collections::{HashMap, HashSet};

use super::clock::Timestamp;

/// A video in DingTalk's cloud, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What tells one video from another.
    pub media_id: String,
    /// Shared by all videos of a conference.
    pub record_id: Option<String>,
    /// The unionId of whoever recorded.
    pub recorder_union_id: Option<String>,
    /// 0 standard recording, 1 composed file; another number is kept as it came.
    pub record_type: Option<i64>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended. May equal `started_at` however long the video is: never derive one from the others.
    pub ended_at: Option<Timestamp>,
    /// How long it is, in milliseconds.
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
pub struct Changes<'a> {
    /// New, changed or returned: to be upserted, and no longer missing.
    pub upsert: Vec<&'a Recording>,
    /// Catalogued, not missing so far, and not in the list: to be marked missing. Nothing is ever deleted.
    pub missing: Vec<&'a str>,
}

impl Changes<'_> {
    /// Whether the catalog already says it all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.upsert.is_empty() && self.missing.is_empty()
    }
}

/// What `listed` changes in what is `known`.
#[must_use]
pub fn diff<'a>(known: &'a [Known], listed: &'a [Recording]) -> Changes<'a> {
    let ours: HashMap<&str, &Known> = known.iter().map(|known| (known.recording.media_id.as_str(), known)).collect();
    let theirs: HashSet<&str> = listed.iter().map(|recording| recording.media_id.as_str()).collect();
    Changes {
        upsert: listed
            .iter()
            .filter(|recording| {
                ours.get(recording.media_id.as_str())
                    .is_none_or(|known| known.missing_since.is_some() || known.recording != **recording)
            })
            .collect(),
        missing: known
            .iter()
            .filter(|known| known.missing_since.is_none() && !theirs.contains(known.recording.media_id.as_str()))
            .map(|known| known.recording.media_id.as_str())
            .collect(),
    }
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

    #[test]
    fn the_same_list_changes_nothing() {
        let list = [recording("a"), recording("b")];
        let catalog = [known(list[1].clone(), false), known(list[0].clone(), false)];
        assert!(diff(&catalog, &list).is_empty());
    }

    #[test]
    fn two_videos_of_one_record_id_are_two_recordings() {
        let list = [recording("a"), recording("b")];
        let catalog = [known(list[0].clone(), false)];
        assert_eq!(diff(&catalog, &list).upsert, [&list[1]]);
    }

    #[test]
    fn a_video_that_is_gone_goes_missing_once_and_is_written_when_it_returns() {
        let catalog = [known(recording("a"), false), known(recording("b"), true)];
        assert_eq!(diff(&catalog, &[]).missing, ["a"]);
        let list = [recording("a"), recording("b")];
        assert_eq!(diff(&catalog, &list), Changes { upsert: vec![&list[1]], missing: vec![] });
    }
}
