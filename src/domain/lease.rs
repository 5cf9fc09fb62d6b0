//! The lease of the one daemon that works on a catalog where several may: when it runs out, and how often it is renewed.

use std::time::Duration;

use serde::Serialize;

use super::clock::Timestamp;

/// A lease that was not renewed for so long may be taken by another.
pub const TIME_TO_LIVE: Duration = Duration::from_secs(15);

/// How often it is renewed, and how often a standby looks: a few failures cost nothing yet.
pub const RENEWAL: Duration = Duration::from_secs(3);

/// The lease as the catalog has it, all instants by the catalog's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whoever took it last; `None`: it was given back.
    pub owner: Option<String>,
    /// How often it was taken.
    pub generation: i64,
    pub taken_at: Timestamp,
    pub renewed_at: Timestamp,
    pub now: Timestamp,
}

/// The daemon that works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    pub owner: String,
    /// Since when.
    pub since: Timestamp,
}

impl Lease {
    /// Who holds it; `None`: it has run out, or was given back.
    pub fn holder(&self) -> Option<Holder> {
        // A renewal far in the future was written before the clock was set back, and nobody has renewed it since.
        let has_run_out =
            self.now.since(self.renewed_at) >= TIME_TO_LIVE || self.renewed_at.since(self.now) > TIME_TO_LIVE;
        let owner = self.owner.clone().filter(|_| !has_run_out)?;
        Some(Holder { owner, since: self.taken_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renewed(seconds_ago: i64) -> Lease {
        let now = Timestamp::from_millis(1_780_243_200_000);
        let renewed_at = Timestamp::from_millis(now.as_millis() - seconds_ago * 1000);
        Lease { owner: Some("a".to_owned()), generation: 1, taken_at: now, renewed_at, now }
    }

    #[test]
    fn a_lease_is_held_until_it_was_not_renewed_for_its_time_to_live() {
        assert!(renewed(0).holder().is_some());
        assert!(renewed(14).holder().is_some());
        assert_eq!(renewed(15).holder(), None);
    }

    #[test]
    fn a_lease_that_was_given_back_is_nobodys() {
        assert_eq!(Lease { owner: None, ..renewed(0) }.holder(), None);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_from_taking_it() {
        assert!(renewed(-15).holder().is_some());
        assert_eq!(renewed(-3600).holder(), None);
    }
}
