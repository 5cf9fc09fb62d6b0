//! Where a daemon dies: after so many steps of its statements and its calls.

use std::sync::Mutex;

use recording_archiver::simulator::Endpoint;
use tokio_util::sync::CancellationToken;

/// When a life ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fuse {
    /// It is lit when the archiver has called this API so often; at once if it need not call at all.
    pub(crate) calls: u32,
    /// Which API; none: any.
    pub(crate) endpoint: Option<Endpoint>,
    /// Then it burns for so many steps: of SQLite within a statement, or to the next moment of a call.
    pub(crate) steps: u32,
}

/// The end of one life. From the moment it trips, no statement goes on and no call is answered: what is left is dropped.
#[derive(Debug)]
pub(crate) struct Tripwire {
    left: Mutex<Left>,
    tripped: CancellationToken,
}

#[derive(Debug)]
struct Left {
    fuse: Option<Fuse>,
    steps: Option<u32>,
}

impl Tripwire {
    /// `None`: a life that does not end by itself.
    pub(crate) fn new(fuse: Option<Fuse>) -> Self {
        let steps = fuse.filter(|fuse| fuse.calls == 0).map(|fuse| fuse.steps);
        Self { left: Mutex::new(Left { fuse, steps }), tripped: CancellationToken::new() }
    }

    /// One step more; whether it may be taken.
    pub(crate) fn step(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        match &mut left.steps {
            _ if self.is_tripped() => {}
            Some(0) => self.tripped.cancel(),
            Some(steps) => *steps -= 1,
            None => {}
        }
        !self.is_tripped()
    }

    /// The step of a call that has come in.
    pub(crate) fn call(&self, endpoint: Endpoint) -> bool {
        let mut left = self.left.lock().unwrap();
        if left.steps.is_none()
            && let Some(fuse) = &mut left.fuse
            && fuse.endpoint.is_none_or(|on| on == endpoint)
        {
            fuse.calls -= 1;
            if fuse.calls == 0 {
                left.steps = Some(fuse.steps);
            }
        }
        drop(left);
        self.step()
    }

    pub(crate) fn is_tripped(&self) -> bool {
        self.tripped.is_cancelled()
    }

    /// Returns when it trips.
    pub(crate) async fn tripped(&self) {
        self.tripped.cancelled().await;
    }
}
