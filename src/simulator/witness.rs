//! Somebody who is shown every call: to write down what was really answered, and to break the line off where a test
//! wants an end.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::endpoint::Endpoint;
use super::faults::Answer;
use super::meter::Call;

/// A moment of a call.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// It has come in; nothing has been done about it.
    Arrived(Endpoint),
    /// It has been carried out and metered; its answer is about to leave.
    Answered {
        /// The call.
        call: &'a Call,
        /// The right answer, where that is what leaves, whole and at once.
        answer: Option<&'a Value>,
        /// What goes wrong instead.
        fault: Option<&'a Answer>,
    },
}

/// Is shown every moment of every call. `false` breaks the line off there: a call that has arrived is not carried out, an
/// answer does not leave.
#[derive(Clone)]
pub struct Witness(Arc<dyn Fn(Moment<'_>) -> bool + Send + Sync>);

impl Witness {
    /// A witness.
    pub fn new(see: impl Fn(Moment<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(super) fn sees(&self, moment: Moment<'_>) -> bool {
        (self.0)(moment)
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witness")
    }
}
