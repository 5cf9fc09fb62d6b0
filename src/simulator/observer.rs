//! A callback that is shown every call: it writes down what was really answered, and drops the connection where a test
//! wants that.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::answer::Answer;
use super::endpoint::Endpoint;
use super::meter::Call;

/// What happens to a call, in this order.
#[derive(Clone, Copy, Debug)]
pub enum CallEvent<'a> {
    /// It has come in; nothing has been done about it.
    Arrived(Endpoint),
    /// It has been carried out and metered; its answer is about to leave.
    Answered {
        /// The call.
        call: &'a Call,
        /// The right answer, where that is what leaves, complete and at once.
        answer: Option<&'a Value>,
        /// What goes wrong instead.
        fault: Option<&'a Answer>,
    },
}

/// A callback for every event of every call. Where it returns `false`, the connection goes silent: a call that has
/// arrived is not carried out, an answer does not leave.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(CallEvent<'_>) -> bool + Send + Sync>);

impl Observer {
    /// An observer that calls `on_event`.
    pub fn new(on_event: impl Fn(CallEvent<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(on_event))
    }

    pub(super) fn observe(&self, event: CallEvent<'_>) -> bool {
        (self.0)(event)
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
