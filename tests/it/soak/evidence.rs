//! What DingTalk really told the archiver: written down as the answers leave.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use recording_archiver::domain::clock::Timestamp;
use recording_archiver::domain::event::Push;
use recording_archiver::simulator::{Answer, Call, Endpoint, Organisation, Phase};
use serde_json::Value;

use super::faults;

/// A video: its meeting's id and its own.
pub(crate) type Video = (String, String);
/// A list of videos: mediaId and JSON.
pub(crate) type List = BTreeMap<String, Value>;

/// The fields of a video that a page names.
const NAMED: [&str; 9] =
    ["recordId", "unionId", "startTime", "recordType", "duration", "fileSize", "endTime", "mediaId", "regionId"];

/// Everything that was told.
pub(crate) struct Evidence {
    /// The meetings, for when they go on.
    organisation: Organisation,
    /// Every form in which a video was ever listed, heard or not.
    pub(crate) listed: HashMap<Video, HashSet<Value>>,
    /// The lists that the pass under way was answered with. If it ends in a crash, each may have been kept complete, or not
    /// at all: its process ended before it was written, and DingTalk may list something else when the next one asks.
    pub(crate) unwritten: Vec<(String, List)>,
    /// The videos of lists that were kept, or whose pass came to its end.
    pub(crate) heard: HashSet<Video>,
    /// The list that each meeting was last answered with. Lists that were read while it went on again are not among them:
    /// they prove nothing.
    pub(crate) last_list: HashMap<String, List>,
    /// How often in a row each meeting's list was read that was last listed, but for fields that no page names.
    pub(crate) same_list: HashMap<String, u64>,
    /// The meetings of which DingTalk truly said that nothing is listed.
    pub(crate) nothing_listed: HashSet<String>,
    /// The meetings about which a call of their own was answered with an error, of DingTalk's or another's.
    pub(crate) refused: HashSet<String>,
    /// Those of them that were refused after their status was last told.
    pub(crate) refused_since_told: HashSet<String>,
    /// The status that each meeting was last told to have, by conference info, a batch or a listing, in passes that came
    /// to their end.
    pub(crate) told: HashMap<String, Phase>,
    /// What was told in the pass under way.
    told_now: Vec<(String, Phase, Timestamp)>,
    /// When each meeting was last told to be in progress.
    pub(crate) in_progress_at: HashMap<String, Timestamp>,
    /// The meetings whose status was told since the catalog was last looked at, and whether one was in progress.
    pub(crate) told_since_snapshot: HashMap<String, bool>,
    /// Meetings in progress that a listing showed in the pass under way.
    shown_now: HashSet<String>,
    /// Those that passes which came to their end were shown.
    pub(crate) shown: HashSet<String>,
    /// Pushes that are surely written.
    pub(crate) pushes: u64,
    /// The conferences of which an event came that tells something.
    pub(crate) told_of: HashSet<String>,
    /// Those of which an event, or a list of past meetings, told since their status was last told.
    pub(crate) hinted_since_told: HashSet<String>,
    /// The same since the catalog was last looked at.
    pub(crate) hinted_since_snapshot: HashSet<String>,
    /// The events that tell something, by their `eventId`.
    pub(crate) telling: HashSet<String>,
    /// How long the archiver has lived without a pause and without a connection for events since it last asked for a list.
    pub(crate) blind: Duration,
    /// How long the archiver has lived so far without a pause.
    pub(crate) awake: Duration,
    /// The `awake` at which each meeting was last asked about.
    pub(crate) asked: HashMap<String, Duration>,
    /// How many calls there were about each meeting alone.
    pub(crate) calls_about: HashMap<String, u64>,
    /// How often each fault happened, by its name.
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
    /// Nothing was told yet about these meetings.
    pub(crate) fn new(organisation: Organisation) -> Self {
        Self {
            organisation,
            listed: HashMap::new(),
            unwritten: Vec::new(),
            heard: HashSet::new(),
            last_list: HashMap::new(),
            same_list: HashMap::new(),
            nothing_listed: HashSet::new(),
            refused: HashSet::new(),
            refused_since_told: HashSet::new(),
            told: HashMap::new(),
            told_now: Vec::new(),
            in_progress_at: HashMap::new(),
            told_since_snapshot: HashMap::new(),
            shown_now: HashSet::new(),
            shown: HashSet::new(),
            pushes: 0,
            told_of: HashSet::new(),
            hinted_since_told: HashSet::new(),
            hinted_since_snapshot: HashSet::new(),
            telling: HashSet::new(),
            blind: Duration::ZERO,
            awake: Duration::ZERO,
            asked: HashMap::new(),
            calls_about: HashMap::new(),
            faults: BTreeMap::new(),
            broken_pauses: Vec::new(),
            too_fast: 0,
            metered: 0,
            calls: 0,
        }
    }

    /// Notes a call whose answer leaves.
    pub(crate) fn heard(&mut self, call: &Call, answer: Option<&Value>, fault: Option<&Answer>) {
        self.unheard(call, fault);
        if call.endpoint == Endpoint::AccessToken {
            return;
        }
        for id in &call.conference_ids {
            self.asked.insert(id.clone(), self.awake);
            if call.endpoint != Endpoint::Query {
                *self.calls_about.entry(id.clone()).or_default() += 1;
            }
        }
        if fault.is_none() && call.code.as_ref().is_some_and(|code| code.starts_with("Forbidden.AccessDenied.Q")) {
            self.too_fast += 1;
        }
        match (call.endpoint, answer) {
            (Endpoint::GetVideos, Some(list)) => self.list(call, &list["videoList"]),
            (Endpoint::OrgConferences, Some(page)) => self.show(call, &page["onGoingConfList"]),
            (Endpoint::UsersLists, Some(list)) => self.show(call, &list["onGoingConfIdList"]),
            (Endpoint::Query, Some(answer)) => {
                for info in answer["infos"].as_array().into_iter().flatten() {
                    // That a meeting ended is proved by conference info alone.
                    if let Some(phase) = phase(info).filter(|phase| *phase != Phase::Ended) {
                        self.tell(call, info["conferenceId"].as_str().unwrap(), phase);
                    }
                }
            }
            (Endpoint::ConferenceInfo, Some(answer)) => {
                let phase = phase(&answer["confInfo"]).expect("conference info tells the status");
                self.tell(call, &call.conference_ids[0], phase);
            }
            (Endpoint::RoomCodeInfos | Endpoint::ScheduledConferences | Endpoint::Histories, Some(page)) => {
                self.show_past(page);
            }
            _ => self.refuse(call, fault),
        }
    }

    /// Notes a call whose answer nobody heard.
    pub(crate) fn unheard(&mut self, call: &Call, fault: Option<&Answer>) {
        self.calls += u64::from(call.endpoint != Endpoint::AccessToken);
        self.metered += u64::from(call.metered);
        // A look that got no token was a look.
        let is_tokenless = call.endpoint == Endpoint::AccessToken && fault.is_some();
        if is_tokenless || matches!(call.endpoint, Endpoint::OrgConferences | Endpoint::UsersLists) {
            self.blind = Duration::ZERO;
        }
        if let Some(fault) = fault {
            *self.faults.entry(faults::name(fault)).or_default() += 1;
        }
    }

    /// Notes pushes that have come, and will be written unless the process ends before.
    pub(crate) fn push_came(&mut self, pushes: &[Push]) {
        for Push { event_id, event, .. } in pushes {
            let Some(event) = event else { continue };
            self.telling.insert(event_id.clone());
            for told in [&mut self.told_of, &mut self.hinted_since_told, &mut self.hinted_since_snapshot] {
                told.insert(event.conference_id.clone());
            }
        }
    }

    /// Notes that time passes without a pause.
    pub(crate) fn time_passes(&mut self, time: Duration, is_connected: bool) {
        self.awake += time;
        self.blind = if is_connected { Duration::ZERO } else { self.blind + time };
    }

    /// The pass under way came to its end: what it was told must be in the catalog.
    pub(crate) fn pass_ended(&mut self) {
        self.shown.extend(std::mem::take(&mut self.shown_now));
        for (id, phase, at) in std::mem::take(&mut self.told_now) {
            if phase == Phase::InProgress {
                self.in_progress_at.insert(id.clone(), at);
            }
            self.told.insert(id, phase);
        }
        let lists = std::mem::take(&mut self.unwritten);
        self.heard.extend(lists.into_iter().flat_map(|(id, list)| videos(&id, &list).collect::<Vec<_>>()));
    }

    /// The process ended, and `kept` is in its catalog. Whether a status that it was told just before is there is unknown.
    pub(crate) fn process_ended(&mut self, kept: &HashSet<Video>) {
        self.shown_now.clear();
        self.told_now.clear();
        let lists = std::mem::take(&mut self.unwritten);
        let videos = lists.into_iter().flat_map(|(id, list)| videos(&id, &list).collect::<Vec<_>>());
        self.heard.extend(videos.filter(|video| kept.contains(video)));
    }

    fn list(&mut self, call: &Call, videos: &Value) {
        let id = &call.conference_ids[0];
        let videos = videos.as_array().into_iter().flatten();
        let list: List = videos.map(|video| (video["mediaId"].as_str().unwrap().to_owned(), video.clone())).collect();
        for (media_id, raw) in &list {
            self.listed.entry((id.clone(), media_id.clone())).or_default().insert(raw.clone());
        }
        if list.is_empty() {
            self.nothing_listed.insert(id.clone());
        }
        self.unwritten.push((id.clone(), list.clone()));
        self.keep_list(call, list);
    }

    fn keep_list(&mut self, call: &Call, list: List) {
        let id = call.conference_ids[0].clone();
        let is_same = self.last_list.get(&id).is_some_and(|last| !list.is_empty() && named(last) == named(&list));
        let times = self.same_list.entry(id.clone()).or_default();
        *times = if is_same { *times + 1 } else { 1 };
        let meeting = self.organisation.meeting(&id);
        if meeting.is_some_and(|meeting| meeting.phase(call.at) == Phase::InProgress) {
            self.last_list.remove(&id);
        } else {
            self.last_list.insert(id, list);
        }
    }

    fn show(&mut self, call: &Call, entries: &Value) {
        for entry in entries.as_array().into_iter().flatten() {
            let id = entry.as_str().or_else(|| entry["conferenceId"].as_str()).unwrap();
            self.shown_now.insert(id.to_owned());
            self.asked.insert(id.to_owned(), self.awake);
            self.tell(call, id, Phase::InProgress);
        }
    }

    fn show_past(&mut self, page: &Value) {
        for meeting in [&page["conferenceList"], &page["list"]].into_iter().filter_map(Value::as_array).flatten() {
            let Some(id) = meeting["conferenceId"].as_str() else { continue };
            self.hinted_since_told.insert(id.to_owned());
            self.hinted_since_snapshot.insert(id.to_owned());
        }
    }

    fn tell(&mut self, call: &Call, id: &str, phase: Phase) {
        // Until the pass has ended, the catalog may have the old state or the new one.
        self.told.remove(id);
        self.told_now.push((id.to_owned(), phase, call.at));
        self.refused_since_told.remove(id);
        self.hinted_since_told.remove(id);
        *self.told_since_snapshot.entry(id.to_owned()).or_default() |= phase == Phase::InProgress;
    }

    fn refuse(&mut self, call: &Call, fault: Option<&Answer>) {
        let [id] = call.conference_ids.as_slice() else { return };
        self.refused.insert(id.clone());
        self.refused_since_told.insert(id.clone());
        let is_not_found = call.code.as_ref().is_some_and(|code| code.starts_with("cloudRecordNotFound"));
        if call.endpoint == Endpoint::GetVideos && is_not_found {
            self.keep_list(call, List::new());
            if fault.is_none() {
                self.nothing_listed.insert(id.clone());
            }
        }
    }
}

/// The videos of the meeting `id`'s `list`.
pub(crate) fn videos(id: &str, list: &List) -> impl Iterator<Item = Video> {
    list.keys().map(move |media_id| (id.to_owned(), media_id.clone()))
}

/// The list without the fields that no page names.
pub(crate) fn named(list: &List) -> List {
    let mut list = list.clone();
    for video in list.values_mut() {
        video.as_object_mut().unwrap().retain(|key, _| NAMED.contains(&key.as_str()));
    }
    list
}

/// The status in an answer, which may be written as a string.
fn phase(info: &Value) -> Option<Phase> {
    let status = &info["status"];
    match status.as_i64().or_else(|| status.as_str()?.parse().ok())? {
        0 => Some(Phase::NotStarted),
        1 => Some(Phase::Ended),
        _ => Some(Phase::InProgress),
    }
}
