//! What DingTalk really told the archiver: written down as the answers leave.

use std::collections::{BTreeMap, HashMap, HashSet};

use recording_archiver::simulator::{Answer, Call, Endpoint, Moment};
use serde_json::Value;

use super::faults;

/// A video: its meeting's id and its own.
pub(crate) type Video = (String, String);

/// Everything that was told.
#[derive(Default)]
pub(crate) struct Evidence {
    /// Every form in which a video was ever listed, heard or not.
    pub(crate) listed: HashMap<Video, HashSet<String>>,
    /// The lists that the pass under way was answered with. If it ends in a crash, each may have been kept whole, or not at
    /// all: its process ended with the answer in hand, and DingTalk may list something else when the next one asks.
    pub(crate) in_hand: Vec<(String, BTreeMap<String, String>)>,
    /// The videos of lists that were kept, or whose pass came to its end.
    pub(crate) heard: HashSet<Video>,
    /// The list that each meeting was last answered with: mediaId and JSON, in their order.
    pub(crate) last_list: HashMap<String, BTreeMap<String, String>>,
    /// The meetings of which DingTalk truly said that nothing is listed.
    pub(crate) nothing_listed: HashSet<String>,
    /// The codes of the errors that calls about one meeting met.
    pub(crate) refusals: HashMap<String, HashSet<String>>,
    /// Meetings in progress that a listing showed in the pass under way.
    pub(crate) shown_now: HashSet<String>,
    /// Those that passes which came to their end were shown.
    pub(crate) shown: HashSet<String>,
    /// How often each fault struck, by its name.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Calls that came although a pause stood.
    pub(crate) broken_pauses: Vec<String>,
    /// Calls that DingTalk itself found too fast.
    pub(crate) too_fast: u64,
    /// Metered calls, and those that reached DingTalk or somebody in its place.
    pub(crate) metered: u64,
    pub(crate) calls: u64,
}

impl Evidence {
    /// Takes down one moment of one call.
    pub(crate) fn take(&mut self, moment: Moment<'_>) {
        let Moment::Answered { call, answer, fault } = moment else { return };
        self.unheard(call, fault);
        if call.endpoint == Endpoint::AccessToken {
            return;
        }
        if fault.is_none() && call.code.as_ref().is_some_and(|code| code.starts_with("Forbidden.AccessDenied.Q")) {
            self.too_fast += 1;
        }
        match (call.endpoint, answer) {
            (Endpoint::GetVideos, Some(list)) => {
                self.list(call, list["videoList"].as_array().map_or(&[], Vec::as_slice));
            }
            (Endpoint::OrgConferences, Some(page)) => self.show(&page["onGoingConfList"]),
            (Endpoint::UsersLists, Some(list)) => self.show(&list["onGoingConfIdList"]),
            _ => self.refuse(call, fault),
        }
    }

    /// Takes down a call whose answer nobody heard.
    pub(crate) fn unheard(&mut self, call: &Call, fault: Option<&Answer>) {
        self.calls += u64::from(call.endpoint != Endpoint::AccessToken);
        self.metered += u64::from(call.metered);
        if let Some(fault) = fault {
            *self.faults.entry(faults::name(fault)).or_default() += 1;
        }
    }

    /// The pass under way came to its end: whatever it was told, it was told for good.
    pub(crate) fn pass_ended(&mut self) {
        self.shown.extend(std::mem::take(&mut self.shown_now));
        let lists = std::mem::take(&mut self.in_hand);
        self.heard.extend(lists.into_iter().flat_map(|(id, list)| videos(&id, &list).collect::<Vec<_>>()));
    }

    /// The process ended, and `kept` is in its catalog.
    pub(crate) fn process_ended(&mut self, kept: &HashSet<Video>) {
        self.shown_now.clear();
        let lists = std::mem::take(&mut self.in_hand);
        let videos = lists.into_iter().flat_map(|(id, list)| videos(&id, &list).collect::<Vec<_>>());
        self.heard.extend(videos.filter(|video| kept.contains(video)));
    }

    fn list(&mut self, call: &Call, videos: &[Value]) {
        let id = &call.conference_ids[0];
        let list: BTreeMap<String, String> =
            videos.iter().map(|video| (video["mediaId"].as_str().unwrap().to_owned(), video.to_string())).collect();
        for (media_id, raw) in &list {
            self.listed.entry((id.clone(), media_id.clone())).or_default().insert(raw.clone());
        }
        if list.is_empty() {
            self.nothing_listed.insert(id.clone());
        }
        self.in_hand.push((id.clone(), list.clone()));
        self.last_list.insert(id.clone(), list);
    }

    fn show(&mut self, entries: &Value) {
        let id = |entry: &Value| entry.as_str().or_else(|| entry["conferenceId"].as_str()).map(str::to_owned);
        self.shown_now.extend(entries.as_array().into_iter().flatten().filter_map(id));
    }

    fn refuse(&mut self, call: &Call, fault: Option<&Answer>) {
        let Some(code) = &call.code else { return };
        for id in &call.conference_ids {
            if call.endpoint != Endpoint::Query {
                self.refusals.entry(id.clone()).or_default().insert(code.clone());
            }
            if call.endpoint == Endpoint::GetVideos && code.starts_with("cloudRecordNotFound") {
                self.last_list.insert(id.clone(), BTreeMap::new());
                if fault.is_none() {
                    self.nothing_listed.insert(id.clone());
                }
            }
        }
    }
}

/// The videos of the meeting `id`'s `list`.
pub(crate) fn videos(id: &str, list: &BTreeMap<String, String>) -> impl Iterator<Item = Video> {
    list.keys().map(move |media_id| (id.to_owned(), media_id.clone()))
}
