//! What the pages leave open, settled one way or the other.
//!
//! A daemon must live with every one of these, so every possible thing is a variant and tests draw them at random.

use std::time::Duration;

use super::random::Random;
use super::stream::StreamBehaviour;

/// One DingTalk out of all those that its pages allow. The default is the plainest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// What an id that is not in progress does to a batch.
    pub outside_batch: OutsideBatch,
    /// The most ids a batch takes; more are a `paramsError`.
    pub most_ids: Option<usize>,
    /// The most `maxResults` the organisation's listing takes; more are a `paramError`.
    pub most_results: Option<usize>,
    /// The most meetings a page of that listing holds, however many were asked for.
    pub page_size: usize,
    /// In which order it lists them.
    pub listing_order: ListingOrder,
    /// Who may ask for a meeting's videos.
    pub accepted_union_ids: AcceptedUnionIds,
    /// How it says that there is no video.
    pub empty_list: EmptyList,
    /// How any list that has nothing in it is written.
    pub empty_field: EmptyField,
    /// What becomes of the videos of earlier sessions while a meeting goes on again.
    pub earlier_videos: EarlierVideos,
    /// What a video's size is called where it can be watched.
    pub played_size: PlayedSize,
    /// What conference info says of the cloud recording.
    pub record_status: RecordStatus,
    /// Whether conference info gives the planned start of a meeting that has not started.
    pub planned_start: PlannedStart,
    /// How numbers are written.
    pub numbers: Numbers,
    /// In which order the keys of an answer come.
    pub key_order: KeyOrder,
    /// Whether a video has a field that no page names.
    pub unknown_field: UnknownField,
    /// How error codes are written.
    pub error_codes: ErrorCodes,
    /// How the keys of an error are written.
    pub envelope: Envelope,
    /// How events are pushed.
    pub stream: StreamBehaviour,
    /// How long after its start a meeting's media comes up; before, no recording can be started.
    pub media_up_after: Duration,
    /// Who may start and stop recordings.
    pub host: Host,
    /// What it answers to a start while a recording runs.
    pub second_start: SecondStart,
}

/// What an ended or unknown id does to a batch query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideBatch {
    /// It is missing from the answer.
    Missing,
    /// An ended one comes back with status 1, one that has not started with status 0; an unknown one is missing.
    StatusEnded,
    /// It fails the whole batch with `resourceClose`.
    ResourceClose,
    /// It fails the whole batch with `paramsError`.
    ParamsError,
}

/// How the pages of the organisation's listing belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingOrder {
    /// By start: each meeting that goes on stands on one page.
    ByStart,
    /// Anew for each page: a meeting may stand on two, or on none.
    Shifting,
}

/// Whose unionId `getVideos` accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedUnionIds {
    /// Anybody's whom the meeting does not refuse.
    Anybody,
    /// The recording's owner's and the creator's, unless refused.
    OwnerAndCreator,
}

/// What `getVideos` says when nothing is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyList {
    /// `cloudRecordNotFound`.
    CloudRecordNotFound,
    /// A `videoList` with nothing in it, written as [`EmptyField`] says.
    Empty,
}

/// How a list with nothing in it is written: `videoList`, `infos`, `onGoingConfList` and `onGoingConfIdList`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyField {
    /// As `[]`.
    List,
    /// Not at all: the key is left out.
    Absent,
    /// As `null`.
    Null,
}

/// What `getVideos` says of the videos of earlier sessions while a meeting goes on again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierVideos {
    /// They stay listed.
    Listed,
    /// None is listed until the meeting has ended again.
    Hidden,
}

/// What `getPlayInfos` calls the size of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayedSize {
    /// `fileSize`, as the list does.
    FileSize,
    /// `size`.
    Size,
}

/// What `cloudRecordStatus` is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordStatus {
    /// It tells the truth.
    Truthful,
    /// It is not there, nor is the owner.
    Absent,
    /// It is always 0, and no owner is named.
    AlwaysNone,
}

/// What `startTime` a meeting has that has not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedStart {
    /// The planned one.
    Given,
    /// None.
    Absent,
}

/// Who is a meeting's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Whoever created it.
    Creator,
    /// Somebody else, to whom the creator handed it over at its start.
    Another,
}

/// What a start is answered while a recording runs. It never starts another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStart {
    /// `recordStartError`.
    Refused,
    /// As the first one.
    Accepted,
}

/// How numbers are written in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As JSON numbers.
    Plain,
    /// As strings.
    Strings,
}

/// In which order the keys of an answer come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyOrder {
    /// Always in the same one.
    Fixed,
    /// In another one in each answer.
    Shuffled,
}

/// Whether a video has a field that no page names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownField {
    /// It has none.
    None,
    /// It has one whose value is another in each answer.
    Changing,
}

/// How error codes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCodes {
    /// As they stand on the pages.
    Bare,
    /// With the residue of a format string behind them.
    Suffixed,
}

/// How the keys of an error are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// `code`, `message`, `requestid`.
    LowerCase,
    /// `Code`, `Message`, `RequestId`.
    Capitalised,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            outside_batch: OutsideBatch::Missing,
            most_ids: None,
            most_results: None,
            page_size: 100,
            listing_order: ListingOrder::ByStart,
            accepted_union_ids: AcceptedUnionIds::Anybody,
            empty_list: EmptyList::CloudRecordNotFound,
            empty_field: EmptyField::List,
            earlier_videos: EarlierVideos::Listed,
            played_size: PlayedSize::FileSize,
            record_status: RecordStatus::Truthful,
            planned_start: PlannedStart::Given,
            numbers: Numbers::Plain,
            key_order: KeyOrder::Fixed,
            unknown_field: UnknownField::None,
            error_codes: ErrorCodes::Bare,
            envelope: Envelope::LowerCase,
            stream: StreamBehaviour::default(),
            media_up_after: Duration::ZERO,
            host: Host::Creator,
            second_start: SecondStart::Refused,
        }
    }
}

impl Behaviour {
    /// A random one of all that are possible, from `seed`.
    ///
    /// `cloudRecordStatus` is truthful and the listing complete in all of them: a test that wants another sets it.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut random = Random::new(seed, 0);
        Self {
            outside_batch: *random.pick(&[
                OutsideBatch::Missing,
                OutsideBatch::StatusEnded,
                OutsideBatch::ResourceClose,
                OutsideBatch::ParamsError,
            ]),
            most_ids: *random.pick(&[None, Some(3), Some(7), Some(10), Some(20), Some(50), Some(100)]),
            most_results: *random.pick(&[None, Some(20), Some(50), Some(100)]),
            page_size: *random.pick(&[10, 20, 50, 100]),
            listing_order: ListingOrder::ByStart,
            accepted_union_ids: *random.pick(&[AcceptedUnionIds::Anybody, AcceptedUnionIds::OwnerAndCreator]),
            empty_list: *random.pick(&[EmptyList::CloudRecordNotFound, EmptyList::Empty]),
            record_status: RecordStatus::Truthful,
            planned_start: *random.pick(&[PlannedStart::Given, PlannedStart::Absent]),
            numbers: *random.pick(&[Numbers::Plain, Numbers::Strings]),
            error_codes: *random.pick(&[ErrorCodes::Bare, ErrorCodes::Suffixed]),
            envelope: *random.pick(&[Envelope::LowerCase, Envelope::Capitalised]),
            empty_field: *random.pick(&[EmptyField::List, EmptyField::Absent, EmptyField::Null]),
            earlier_videos: *random.pick(&[EarlierVideos::Listed, EarlierVideos::Hidden]),
            key_order: *random.pick(&[KeyOrder::Fixed, KeyOrder::Shuffled]),
            unknown_field: *random.pick(&[UnknownField::None, UnknownField::Changing]),
            stream: StreamBehaviour::drawn(seed),
            played_size: *random.pick(&[PlayedSize::FileSize, PlayedSize::Size]),
            media_up_after: Duration::from_secs(*random.pick(&[0, 2, 10, 40])),
            host: *random.pick(&[Host::Creator, Host::Creator, Host::Creator, Host::Another]),
            second_start: *random.pick(&[SecondStart::Refused, SecondStart::Accepted]),
        }
    }
}
