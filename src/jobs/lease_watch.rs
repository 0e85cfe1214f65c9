//! `LeaseStability`: whether an expired lease proves that its process is gone.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// How often a lease is renewed in its lifetime.
pub(super) const RENEWALS_PER_LEASE: u32 = 3;

/// Counts renewals without an interruption.
///
/// Every lease has expired after an outage, a stall or a suspend, and seems to have after a jump of the history's clock.
/// Each of them therefore restarts the count. For one lease period all instances can then renew their leases, and write
/// the ends of their runs, before any run is taken for lost.
#[derive(Debug)]
pub(super) struct LeaseStability {
    interval: Duration,
    last: Option<Reading>,
    renewals: u32,
}

/// The time of a renewal by three clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// Monotonic. It may stop while the machine is suspended.
    pub(super) monotonic: Instant,
    pub(super) local: SystemTime,
    /// The clock by which leases expire.
    pub(super) history: SystemTime,
}

impl LeaseStability {
    pub(super) fn new(lease: Duration) -> Self {
        Self {
            interval: lease / RENEWALS_PER_LEASE,
            last: None,
            renewals: 0,
        }
    }

    pub(super) fn renewed(&mut self, reading: Reading) {
        if (self.last).is_some_and(|last| self.is_interrupted(last, reading)) {
            self.renewals = 0;
        }
        self.last = Some(reading);
        self.renewals = self.renewals.saturating_add(1);
    }

    pub(super) fn failed(&mut self) {
        self.last = None;
        self.renewals = 0;
    }

    /// Whether a run whose lease has expired may be marked lost.
    pub(super) fn may_reap(&self) -> bool {
        self.renewals > RENEWALS_PER_LEASE
    }

    /// Whether a lease that was renewed one interval before `last` may have expired before `now`.
    fn is_interrupted(&self, last: Reading, now: Reading) -> bool {
        let elapsed = now.monotonic.duration_since(last.monotonic);
        let jumped = |now: SystemTime, last: SystemTime| {
            now.duration_since(last)
                .is_ok_and(|passed| passed > elapsed + self.interval)
        };
        elapsed > self.interval * 2
            || jumped(now.local, last.local)
            || jumped(now.history, last.history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_mins(1);

    /// Renews four times in time, and once more after these seconds by each clock.
    fn may_reap_after(monotonic: u64, local: u64, history: u64) -> bool {
        let later = |reading: Reading, monotonic, local, history| Reading {
            monotonic: reading.monotonic + Duration::from_secs(monotonic),
            local: reading.local + Duration::from_secs(local),
            history: reading.history + Duration::from_secs(history),
        };
        let mut stability = LeaseStability::new(LEASE);
        let mut reading = Reading {
            monotonic: Instant::now(),
            local: SystemTime::UNIX_EPOCH,
            history: SystemTime::UNIX_EPOCH + Duration::from_hours(1),
        };
        for _ in 0..4 {
            assert!(!stability.may_reap());
            stability.renewed(reading);
            reading = later(reading, 20, 20, 20);
        }
        assert!(stability.may_reap());
        stability.renewed(later(reading, monotonic - 20, local - 20, history - 20));
        stability.may_reap()
    }

    #[test]
    fn runs_may_be_reaped_until_a_clock_jumps_ahead() {
        for (monotonic, local, history, may_reap) in [
            (20, 20, 20, true),
            (39, 39, 39, true),
            // A stall.
            (41, 41, 41, false),
            // A suspend.
            (20, 3600, 3600, false),
            // A clock was set forward, and later back.
            (20, 20, 60, false),
            (20, 60, 20, false),
        ] {
            let after = may_reap_after(monotonic, local, history);
            assert_eq!(after, may_reap, "{monotonic} {local} {history}");
        }
    }

    #[test]
    fn clocks_set_back_shorten_no_lease() {
        let mut stability = LeaseStability::new(LEASE);
        let start = Instant::now();
        for n in 0..5 {
            let back = SystemTime::UNIX_EPOCH + Duration::from_hours(10 - u64::from(n));
            stability.renewed(Reading {
                monotonic: start + LEASE / RENEWALS_PER_LEASE * n,
                local: back,
                history: back,
            });
        }
        assert!(stability.may_reap());
        stability.failed();
        assert!(!stability.may_reap());
    }
}
