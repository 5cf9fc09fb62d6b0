//! What the pages leave open, settled one way or the other.
//!
//! A daemon must live with every one of these, so a test draws them by chance and every possible thing is a variant.

use super::dice::Dice;

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
    /// What conference info says of the cloud recording.
    pub record_status: RecordStatus,
    /// Whether conference info gives the planned start of a meeting that has not started.
    pub planned_start: PlannedStart,
    /// How numbers are written.
    pub numbers: Numbers,
    /// How error codes are written.
    pub error_codes: ErrorCodes,
    /// How the keys of an error are written.
    pub envelope: Envelope,
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
    /// A `videoList` with nothing in it.
    Empty,
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

/// How numbers are written in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// As JSON numbers.
    Plain,
    /// As strings.
    Strings,
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
            record_status: RecordStatus::Truthful,
            planned_start: PlannedStart::Given,
            numbers: Numbers::Plain,
            error_codes: ErrorCodes::Bare,
            envelope: Envelope::LowerCase,
        }
    }
}

impl Behaviour {
    /// One of all the possible ones, by chance from `seed`.
    ///
    /// `cloudRecordStatus` stays truthful and the listing whole in all of them: a world in which they are not is asked for
    /// by name.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        Self {
            outside_batch: *dice.pick(&[
                OutsideBatch::Missing,
                OutsideBatch::StatusEnded,
                OutsideBatch::ResourceClose,
                OutsideBatch::ParamsError,
            ]),
            most_ids: *dice.pick(&[None, Some(20), Some(50), Some(100)]),
            most_results: *dice.pick(&[None, Some(20), Some(50), Some(100)]),
            page_size: *dice.pick(&[10, 20, 50, 100]),
            listing_order: ListingOrder::ByStart,
            accepted_union_ids: *dice.pick(&[AcceptedUnionIds::Anybody, AcceptedUnionIds::OwnerAndCreator]),
            empty_list: *dice.pick(&[EmptyList::CloudRecordNotFound, EmptyList::Empty]),
            record_status: RecordStatus::Truthful,
            planned_start: *dice.pick(&[PlannedStart::Given, PlannedStart::Absent]),
            numbers: *dice.pick(&[Numbers::Plain, Numbers::Strings]),
            error_codes: *dice.pick(&[ErrorCodes::Bare, ErrorCodes::Suffixed]),
            envelope: *dice.pick(&[Envelope::LowerCase, Envelope::Capitalised]),
        }
    }
}
