//! What the simulator's observer and the archiver under way share.

use std::sync::Arc;

use recording_archiver::domain::clock::{Clock, Timestamp};
use recording_archiver::simulator::{CallEvent, Endpoint};

use super::clock::ArchiverClock;
use super::countdown::{Countdown, Occurrence};
use super::evidence::Evidence;
use crate::failures::ours;

/// What the simulator's observer shares with the process under way.
pub(crate) struct Shared {
    pub(crate) evidence: Evidence,
    pub(crate) countdown: Arc<Countdown>,
    pub(crate) clock: Arc<ArchiverClock>,
    /// The pauses that the last process left behind: their scope, and until when they last.
    pub(crate) inherited: Vec<(String, Timestamp)>,
    /// Whether it is another program that calls.
    pub(crate) is_rivals: bool,
}

impl Shared {
    fn keeps_to_pauses(&mut self, endpoint: Endpoint) {
        let now = self.clock.now();
        let scope_of_call = ours(endpoint).as_str();
        let broken =
            self.inherited.iter().find(|(scope, until)| *until > now && (scope == "*" || scope == scope_of_call));
        self.evidence
            .broken_pauses
            .extend(broken.map(|(scope, until)| format!("{scope_of_call} at {now}: {scope} until {until}")));
    }
}

/// What the simulator's observer does: a step of the countdown, and a note of what is answered.
pub(crate) fn observe(shared: &mut Shared, event: CallEvent<'_>) -> bool {
    match event {
        _ if shared.is_rivals => true,
        CallEvent::Arrived(endpoint) => {
            let goes_on = shared.countdown.occurs(Occurrence::Call(endpoint));
            if goes_on && !endpoint.is_token() {
                shared.keeps_to_pauses(endpoint);
            }
            goes_on
        }
        CallEvent::Answered { call, answer, fault } => {
            let goes_on = shared.countdown.step();
            if goes_on {
                shared.evidence.heard(call, answer, fault);
            } else {
                // It was carried out and metered, and nobody heard the answer.
                shared.evidence.unheard(call, fault);
            }
            goes_on
        }
    }
}
