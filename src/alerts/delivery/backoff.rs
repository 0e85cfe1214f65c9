//! The time between two attempts.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
pub(super) const LONGEST: Duration = Duration::from_secs(300);
/// A receiver that names no time, or nearly none, is not asked in a loop.
const SHORTEST: Duration = Duration::from_millis(250);
/// The longest time that a receiver can ask for.
pub(super) const MOST: Duration = Duration::from_secs(3600);

/// The time after this many failures in a row: 1 s, doubled each time up to `longest`, times 0.8 to 1.2. `jitter` is from 0 to 1.
pub(super) fn backoff(failures: u32, longest: Duration, jitter: f64) -> Duration {
    let doubled = FIRST * (1 << failures.saturating_sub(1).min(16));
    doubled
        .min(longest)
        .mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}

/// The time that the receiver asks for. Receivers that go on to fail are left alone for the usual time at least.
pub(super) fn obey(after: Duration, failures: u32, longest: Duration, jitter: f64) -> Duration {
    let usual = match failures {
        0 | 1 => SHORTEST,
        more => backoff(more - 1, longest, jitter),
    };
    after.min(MOST).max(usual)
}
