//! `Contact`: whether the history has been there for long enough to be judged by.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// How often leases are renewed in the time that they last.
pub(super) const TICKS_A_LEASE: u32 = 3;

/// Renewals that came one after another without a break.
///
/// After an outage, a stall, or a sleep of the machine every lease has run out, and after a step of the history's clock
/// every lease seems to. So after each break this starts anew, and for as long as a lease all instances have time to renew
/// theirs, and to write what ended meanwhile, before anything is taken for gone.
#[derive(Debug)]
pub(super) struct Contact {
    tick: Duration,
    last: Option<Reading>,
    in_a_row: u32,
}

/// A renewal, by three clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// By one that nobody sets, and that may stand still while the machine sleeps.
    pub(super) steady: Instant,
    /// By the one of this machine.
    pub(super) own: SystemTime,
    /// By the one that leases go by.
    pub(super) theirs: SystemTime,
}

impl Contact {
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            tick: lease / TICKS_A_LEASE,
            last: None,
            in_a_row: 0,
        }
    }

    pub(super) fn renewed(&mut self, reading: Reading) {
        if self.last.is_some_and(|last| self.is_break(last, reading)) {
            self.in_a_row = 0;
        }
        self.last = Some(reading);
        self.in_a_row = self.in_a_row.saturating_add(1);
    }

    pub(super) fn failed(&mut self) {
        self.last = None;
        self.in_a_row = 0;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.in_a_row > TICKS_A_LEASE
    }

    /// A lease that was renewed a tick before two without any has run out.
    fn is_break(&self, last: Reading, now: Reading) -> bool {
        let steady = now.steady.duration_since(last.steady);
        let is_ahead = |now: SystemTime, last: SystemTime| {
            now.duration_since(last)
                .is_ok_and(|passed| passed > steady + self.tick)
        };
        steady > self.tick * 2 || is_ahead(now.own, last.own) || is_ahead(now.theirs, last.theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    /// After four renewals, a last one that comes so many seconds later by each clock.
    fn is_settled_after(steady: u64, own: u64, theirs: u64) -> bool {
        let start = Reading {
            steady: Instant::now(),
            own: SystemTime::UNIX_EPOCH,
            theirs: SystemTime::UNIX_EPOCH + Duration::from_hours(1),
        };
        let later = |reading: Reading, steady, own, theirs| Reading {
            steady: reading.steady + Duration::from_secs(steady),
            own: reading.own + Duration::from_secs(own),
            theirs: reading.theirs + Duration::from_secs(theirs),
        };
        let mut contact = Contact::new(LEASE);
        let mut reading = start;
        for _ in 0..4 {
            assert!(!contact.is_settled());
            contact.renewed(reading);
            reading = later(reading, 20, 20, 20);
        }
        assert!(contact.is_settled());
        contact.renewed(later(reading, steady - 20, own - 20, theirs - 20));
        contact.is_settled()
    }

    #[test]
    fn it_is_settled_for_as_long_as_no_clock_runs_ahead() {
        for (steady, own, theirs, is_settled) in [
            (20, 20, 20, true),
            (39, 39, 39, true),
            // A stall.
            (41, 41, 41, false),
            // A sleep.
            (20, 3600, 3600, false),
            // Either clock was set, forward and back.
            (20, 20, 60, false),
            (20, 60, 20, false),
        ] {
            let settled = is_settled_after(steady, own, theirs);
            assert_eq!(settled, is_settled, "{steady} {own} {theirs}");
        }
    }

    #[test]
    fn clocks_that_are_set_back_shorten_no_lease() {
        let mut contact = Contact::new(LEASE);
        let steady = Instant::now();
        for n in 0..5 {
            let back = SystemTime::UNIX_EPOCH + Duration::from_hours(10 - u64::from(n));
            contact.renewed(Reading {
                steady: steady + LEASE / TICKS_A_LEASE * n,
                own: back,
                theirs: back,
            });
        }
        assert!(contact.is_settled());
        contact.failed();
        assert!(!contact.is_settled());
    }
}
