//! `Ticks`: the times that evaluations are stamped with.

use std::time::{Duration, SystemTime};

/// A larger difference is a step of the clock, or a pause.
const MOST_SLACK: Duration = Duration::from_secs(1);

/// The times that evaluations are stamped with. They are whole intervals apart, as in Prometheus, although tasks wake a bit early or
/// late and the clock runs a bit fast or slow: an alert that must hold for two intervals fires at the third evaluation, not at the
/// fourth.
#[derive(Debug)]
pub(super) struct Ticks {
    interval: Duration,
    last: Option<SystemTime>,
}

impl Ticks {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            last: None,
        }
    }

    /// The stamp of the evaluation that is due at `now`.
    pub(super) fn stamp(&mut self, now: SystemTime) -> SystemTime {
        let aligned = self.last.and_then(|last| self.aligned(last, now));
        *self.last.insert(aligned.unwrap_or(now))
    }

    /// The time nearest to `now` that is whole intervals after the last one, if it is near.
    fn aligned(&self, last: SystemTime, now: SystemTime) -> Option<SystemTime> {
        let passed = now.duration_since(last).ok()?;
        let half = self.interval / 2;
        let intervals = (passed + half).as_nanos() / self.interval.as_nanos().max(1);
        let intervals = u32::try_from(intervals).ok().filter(|number| *number > 0)?;
        let after = self.interval.checked_mul(intervals)?;
        let slack = MOST_SLACK.min(self.interval / 10);
        (passed.abs_diff(after) <= slack).then(|| last.checked_add(after))?
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    /// The stamps of evaluations at these times, in milliseconds.
    fn stamps<const N: usize>(interval: u64, times: [u64; N]) -> [u64; N] {
        let mut ticks = Ticks::new(Duration::from_millis(interval));
        times.map(|time| {
            let stamp = ticks.stamp(UNIX_EPOCH + Duration::from_millis(time));
            let since = stamp.duration_since(UNIX_EPOCH).unwrap();
            u64::try_from(since.as_millis()).unwrap()
        })
    }

    #[test]
    fn stamps_are_whole_intervals_apart() {
        let times = [10_008, 25_005, 40_011, 100_300, 114_700];
        let expected = [10_008, 25_008, 40_008, 100_008, 115_008];
        assert_eq!(stamps(15_000, times), expected);
    }

    #[test]
    fn a_step_of_the_clock_and_a_slow_drift_begin_anew() {
        let times = [10_000, 27_000, 42_001, 30_000, 45_000];
        let expected = [10_000, 27_000, 42_000, 30_000, 45_000];
        assert_eq!(stamps(15_000, times), expected, "steps");
        let times = [0, 1_060, 2_099, 3_120, 4_130];
        let expected = [0, 1_000, 2_000, 3_120, 4_120];
        assert_eq!(stamps(1_000, times), expected, "a drift");
    }
}
