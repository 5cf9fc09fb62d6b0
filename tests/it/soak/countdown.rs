//! Where a process ends: after so many steps of its statements, its calls, and what it takes in.

use std::sync::Mutex;

use recording_archiver::simulator::Endpoint;
use tokio_util::sync::CancellationToken;

/// When a process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrashPoint {
    /// The steps are counted from the time when this has come to pass so often; from the start if 0.
    pub(crate) times: u32,
    pub(crate) at: Occurrence,
    /// How many steps it takes from there: of SQLite within a statement, or to the next event of a call.
    pub(crate) steps: u32,
}

/// What comes to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    /// A call of any API has come in.
    AnyCall,
    /// A call of this one has.
    Call(Endpoint),
    /// A push has come, and nothing of it is written.
    Push,
    /// A push is written, and is about to be acknowledged.
    Acknowledgement,
}

/// Counts the steps of one process. When it has run out, no statement goes on and no call is answered: what is left of
/// the process is dropped.
#[derive(Debug)]
pub(crate) struct Countdown {
    left: Mutex<Left>,
    out: CancellationToken,
}

#[derive(Debug)]
struct Left {
    point: Option<CrashPoint>,
    steps: Option<u32>,
}

impl Countdown {
    /// `None`: a process that does not end by itself.
    pub(crate) fn new(point: Option<CrashPoint>) -> Self {
        let steps = point.filter(|point| point.times == 0).map(|point| point.steps);
        Self { left: Mutex::new(Left { point, steps }), out: CancellationToken::new() }
    }

    /// Counts one step; whether it may be taken.
    pub(crate) fn step(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        match &mut left.steps {
            _ if self.is_out() => {}
            Some(0) => self.out.cancel(),
            Some(steps) => *steps -= 1,
            None => {}
        }
        !self.is_out()
    }

    /// Counts the step to what comes to pass; whether it may be taken.
    pub(crate) fn occurs(&self, occurrence: Occurrence) -> bool {
        let mut left = self.left.lock().unwrap();
        if left.steps.is_none()
            && let Some(point) = &mut left.point
            && (point.at == occurrence
                || (point.at == Occurrence::AnyCall && matches!(occurrence, Occurrence::Call(_))))
        {
            point.times -= 1;
            if point.times == 0 {
                left.steps = Some(point.steps);
            }
        }
        drop(left);
        self.step()
    }

    pub(crate) fn is_out(&self) -> bool {
        self.out.is_cancelled()
    }

    /// Returns when it has run out.
    pub(crate) async fn runs_out(&self) {
        self.out.cancelled().await;
    }
}
