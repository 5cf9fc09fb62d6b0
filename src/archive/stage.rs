//! The stages of the work.

use crate::catalog;
use crate::dingtalk::Error;

/// One of the four things there are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Find conferences that are in progress.
    Discover,
    /// Find out which of them have ended.
    Poll,
    /// Read the lists of their recordings.
    Collect,
    /// Keep the file in order.
    Maintain,
}

impl Stage {
    /// Every stage, in the order of a pass.
    pub const ALL: [Self; 4] = [Self::Discover, Self::Poll, Self::Collect, Self::Maintain];

    /// Its name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Poll => "poll",
            Self::Collect => "collect",
            Self::Maintain => "maintain",
        }
    }
}

/// What one stage answers: what stopped it, if anything did.
pub(super) type Ran = Result<Option<Error>, catalog::Error>;
