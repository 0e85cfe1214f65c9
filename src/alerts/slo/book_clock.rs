//! `BookClock`: a clock that never goes back.

use serde::{Deserialize, Serialize};

/// The system's clock in milliseconds since 1970, as long as it goes forward. After a step back this clock goes on from the last
/// reading, ahead of the system's, until the system's clock reaches it. So a step back moves no event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BookClock {
    /// The last reading.
    read: Option<i64>,
    /// The lead over the system's clock.
    ahead: i64,
}

impl BookClock {
    /// The reading at `now` by the system's clock.
    pub(super) fn at(self, now: i64) -> i64 {
        self.advanced(now).0
    }

    pub(super) fn advance(&mut self, now: i64) -> i64 {
        let (read, ahead) = self.advanced(now);
        self.read = Some(read);
        self.ahead = ahead;
        read
    }

    fn advanced(self, now: i64) -> (i64, i64) {
        match self.read {
            Some(read) if now < read => {
                let ahead = self.ahead.max(0);
                let moved = now.saturating_add(ahead).max(read);
                (moved, moved.saturating_sub(now))
            }
            _ => (now, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_counts_as_no_time_and_ends_when_the_clock_is_right_again() {
        let mut clock = BookClock::default();
        assert_eq!(clock.advance(1_000), 1_000);
        assert_eq!(clock.advance(400), 1_000);
        assert_eq!(clock.advance(500), 1_100);
        assert_eq!(clock.at(450), 1_100);
        assert_eq!(clock.advance(300), 1_100);
        assert_eq!(clock.advance(310), 1_110);
        assert_eq!(clock.advance(1_200), 1_200);
        assert_eq!(
            clock,
            BookClock {
                read: Some(1_200),
                ahead: 0
            }
        );
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let mut clock = BookClock::default();
        for now in [i64::MAX, i64::MIN, 0, i64::MAX, -1] {
            assert_eq!(clock.advance(now), i64::MAX);
        }
    }
}
