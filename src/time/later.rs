//! Times in the future, without an overflow.

use std::time::Duration;
#[cfg(feature = "alerts")]
use std::time::SystemTime;

use tokio::time::Instant;

/// Later times count as this one: "never" for people, and a time that every format can write.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The time after `wait`, at most a century later.
#[cfg(feature = "alerts")]
pub(crate) fn later(time: SystemTime, wait: Duration) -> SystemTime {
    time.checked_add(wait.min(LONGEST)).unwrap_or(time)
}

/// The instant after `wait`, at most a century later.
pub(crate) fn later_instant(instant: Instant, wait: Duration) -> Instant {
    instant.checked_add(wait.min(LONGEST)).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "alerts")]
    #[test]
    fn the_longest_wait_is_a_century() {
        let (now, second) = (SystemTime::now(), Duration::from_secs(1));
        assert_eq!(later(now, second), now + second);
        assert_eq!(later(now, Duration::MAX), now + LONGEST);
    }

    #[test]
    fn the_longest_wait_of_a_steady_clock_is_a_century() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        assert_eq!(later_instant(now, second), now + second);
        assert_eq!(later_instant(now, Duration::MAX), now + LONGEST);
    }
}
