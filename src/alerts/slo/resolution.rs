//! `Resolution`: the buckets that windows of a length are counted in.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The buckets that windows of a length are counted in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolution {
    width: Duration,
    longest: Duration,
}

impl Resolution {
    /// For windows up to 6 hours.
    pub(super) const FINE: Self = Self::new(MINUTE, 6 * HOUR);
    /// For windows up to 3 days.
    pub(super) const MEDIUM: Self = Self::new(15 * MINUTE, 72 * HOUR);

    const fn new(width: u64, longest: u64) -> Self {
        Self {
            width: Duration::from_secs(width),
            longest: Duration::from_secs(longest),
        }
    }

    /// For the period of an SLO.
    pub(super) const fn coarse(period: Duration) -> Self {
        Self {
            width: Duration::from_secs(6 * HOUR),
            longest: period,
        }
    }

    pub(super) fn answers(self, window: Duration) -> bool {
        window <= self.longest
    }

    /// The index of the bucket at a time in milliseconds. Like a window of Prometheus, a bucket excludes its start and includes its
    /// end.
    pub(super) fn index(self, time: i64) -> i64 {
        self.first(time.saturating_sub(1), Duration::ZERO)
    }

    /// The index of the bucket in which a window that ends at `now` begins.
    pub(super) fn first(self, now: i64, window: Duration) -> i64 {
        let start = now.saturating_sub(milliseconds(window));
        start.div_euclid(milliseconds(self.width).max(1))
    }

    /// The number of buckets that the longest window touches.
    pub(super) fn buckets(self) -> usize {
        let whole = self.longest.as_millis().div_ceil(self.width.as_millis());
        usize::try_from(whole)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
