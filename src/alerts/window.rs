//! `Window`: a range of time.

use std::time::{Duration, SystemTime};

/// A range of time in milliseconds since 1970, which is Prometheus' resolution. It excludes its start and includes its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Window {
    pub(super) fn before(end: i64, length: Duration) -> Self {
        let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        let start = end.saturating_sub(length);
        Self { start, end }
    }

    #[inline]
    pub(super) fn contains(self, time: i64) -> bool {
        self.start < time && time <= self.end
    }

    pub(super) fn seconds(self) -> f64 {
        seconds(self.start, self.end)
    }
}

/// The seconds between two times.
pub(super) fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

/// Milliseconds since 1970, rounded down.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    let saturated = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => saturated(since),
        Err(before) => -saturated(before.duration()),
    }
}
