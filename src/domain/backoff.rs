//! How long to wait before asking again: exponential, jittered, and the same for the same question.

use std::time::Duration;

use siphasher::sip::SipHasher13;

/// `min` doubled `attempts` times and stretched by up to a fifth, but never more than `max`.
///
/// The jitter comes from `key` and `attempts` and from nothing else, so that a run can be repeated, while the
/// conferences of one outage do not all come back in the same second. The hash is the same in every build.
pub fn delay(min: Duration, max: Duration, attempts: u32, key: &str) -> Duration {
    let doubled = min.saturating_mul(2_u32.saturating_pow(attempts)).min(max);
    // No text has the byte between the two.
    let hash = SipHasher13::new().hash(&[key.as_bytes(), &[0xff], &attempts.to_le_bytes()].concat());
    let permille = 1_000 + u32::try_from(hash % 200).unwrap_or(0);
    (doubled.saturating_mul(permille) / 1_000).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: Duration = Duration::from_mins(5);
    const MAX: Duration = Duration::from_hours(6);

    #[test]
    fn delays_double_and_stay_between_the_least_and_the_most() {
        for (attempts, plain) in [(0, 5), (1, 10), (4, 80), (7, 360), (40, 360)] {
            let delay = delay(MIN, MAX, attempts, "607452e0xxx");
            let plain = Duration::from_mins(plain);
            assert!(delay >= plain && delay <= (plain * 6 / 5).min(MAX), "{attempts}: {delay:?}");
        }
    }

    #[test]
    fn a_delay_is_the_same_in_every_build() {
        assert_eq!(delay(MIN, MAX, 3, "607452e0xxx"), Duration::from_millis(2_462_400));
    }

    #[test]
    fn conferences_of_one_outage_do_not_all_come_back_at_once() {
        let delays: std::collections::HashSet<_> = (0..50).map(|n| delay(MIN, MAX, 3, &n.to_string())).collect();
        assert!(delays.len() > 25);
    }
}
