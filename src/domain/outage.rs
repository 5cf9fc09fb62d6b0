//! Whether DingTalk is out: decided by the last calls together, never by one of them.
//!
//! No I/O. A service that answers is not out: where two of three calls succeed, work goes on. Nor is it out because one
//! conference, or one batch, always fails: an outage shows at two endpoints, or about two conferences.

use std::collections::{HashSet, VecDeque};

use super::endpoint::Endpoint;
use super::failure::Scope;

/// How many calls in a row must have failed. With one call of three failing at random, that happens once in some ten
/// thousand calls.
const WINDOW: usize = 10;

/// So many conferences do not always fail at the same time.
const BROAD: usize = 5;

/// Enough to hold a window of each endpoint.
const REMEMBERED: usize = 8 * WINDOW;

#[derive(Clone, Copy)]
struct RecentCall {
    endpoint: Endpoint,
    /// What was asked about: calls about the same thing have the same number.
    subject: u64,
    failed: bool,
}

/// The last calls that were answered, or failed in a way that may be an outage.
#[derive(Default)]
pub struct RecentCalls(VecDeque<RecentCall>);

impl RecentCalls {
    /// Takes in a call about `subject`.
    pub fn note(&mut self, endpoint: Endpoint, subject: u64, failed: bool) {
        if self.0.len() == REMEMBERED {
            self.0.pop_back();
        }
        self.0.push_front(RecentCall { endpoint, subject, failed });
    }

    /// Whether what fails in a row is more than some conferences that always fail.
    pub fn is_broad(&self) -> bool {
        let failing = self.0.iter().take_while(|call| call.failed).map(|call| call.subject);
        failing.collect::<HashSet<u64>>().len() >= BROAD
    }

    /// What is out, now that a call at `endpoint` has failed.
    pub fn outage(&self, endpoint: Endpoint) -> Option<Scope> {
        if fails(self.0.iter(), true) {
            // Calls of one endpoint tell nothing about the others.
            let is_alone = self.0.iter().take(WINDOW).all(|call| call.endpoint == endpoint);
            let others_work = is_alone && self.0.iter().any(|call| call.endpoint != endpoint && !call.failed);
            return Some(if others_work { Scope::Endpoint(endpoint) } else { Scope::Everything });
        }
        let same = self.0.iter().filter(|call| call.endpoint == endpoint);
        fails(same, endpoint.is_about_conferences()).then_some(Scope::Endpoint(endpoint))
    }
}

/// Whether the last `calls` all failed, and not all of them about one and the same thing if that `matters`.
fn fails<'a>(calls: impl Iterator<Item = &'a RecentCall>, matters: bool) -> bool {
    let failed: Vec<&RecentCall> = calls.take(WINDOW).take_while(|call| call.failed).collect();
    let differs = |call: &&RecentCall| (call.endpoint, call.subject) != (failed[0].endpoint, failed[0].subject);
    failed.len() == WINDOW && (!matters || failed.iter().any(differs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(calls: impl IntoIterator<Item = (Endpoint, u64, bool)>) -> RecentCalls {
        let mut recent = RecentCalls::default();
        calls.into_iter().for_each(|(endpoint, subject, failed)| recent.note(endpoint, subject, failed));
        recent
    }

    #[test]
    fn ten_failures_in_a_row_about_two_conferences_are_an_outage() {
        let failing = |of: u64| (0..10).map(move |n| (Endpoint::Videos, n % of, true));
        assert_eq!(calls(failing(2)).outage(Endpoint::Videos), Some(Scope::Everything));
        assert_eq!(calls(failing(1)).outage(Endpoint::Videos), None, "one conference fails, and nothing else is known");
        assert_eq!(calls(failing(2).take(9)).outage(Endpoint::Videos), None);
    }

    #[test]
    fn an_endpoint_is_out_alone_while_another_answers() {
        let mixed = (0..24).map(|n| if n % 2 == 0 { (Endpoint::Videos, n, true) } else { (Endpoint::Query, 0, false) });
        assert_eq!(calls(mixed).outage(Endpoint::Videos), Some(Scope::Endpoint(Endpoint::Videos)));
        let earlier = [(Endpoint::Query, 0, false)].into_iter().chain((0..10).map(|n| (Endpoint::Videos, n, true)));
        assert_eq!(calls(earlier).outage(Endpoint::Videos), Some(Scope::Endpoint(Endpoint::Videos)));
    }

    #[test]
    fn some_conferences_that_always_fail_are_not_broad() {
        let failing = |of: u64| calls((0..20).map(move |n| (Endpoint::Videos, n % of, true)));
        assert!(!failing(4).is_broad());
        assert!(failing(5).is_broad());
    }

    #[test]
    fn one_call_of_three_failing_is_no_outage() {
        let third = (0..300).map(|n| (Endpoint::Videos, n, n % 3 == 0));
        assert_eq!(calls(third).outage(Endpoint::Videos), None);
    }
}
