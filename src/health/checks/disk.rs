//! `Disk`: a file system has enough space left.

use std::path::PathBuf;

use super::super::{Check, Outcome};
use super::single_flight::SingleFlight;
use super::thresholds::Thresholds;

/// Checks the space of the file system that holds a path: degraded at 80 % used, unhealthy at 90 %. The limits may also
/// be numbers of free bytes.
///
/// The figures are those of `df`: blocks reserved for root are not available. Data: `used_percent`, `available_bytes`,
/// `total_bytes`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Disk};
///
/// let health = Health::builder()
///     .check("data disk", Disk::new("/var/lib/shop").degraded_at(85.0).unhealthy_at(95.0))
///     .check("log disk", Disk::new("/var/log").min_free(10_000_000_000, 1_000_000_000))
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Disk {
    path: PathBuf,
    limits: Thresholds<Limit>,
    flight: SingleFlight,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    UsedPercent(f64),
    FreeBytes(u64),
}

debug_redacted!(Disk {
    path,
    limits,
    flight
});

impl Disk {
    /// Checks the file system that holds this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            limits: Thresholds {
                degraded: Limit::UsedPercent(80.0),
                unhealthy: Limit::UsedPercent(90.0),
            },
            flight: SingleFlight::default(),
        }
    }

    /// The percentage used from which it is degraded. Defaults to 80.
    pub fn degraded_at(mut self, percent: f64) -> Self {
        self.limits.degraded = Limit::UsedPercent(percent);
        self
    }

    /// The percentage used from which it is unhealthy. Defaults to 90.
    pub fn unhealthy_at(mut self, percent: f64) -> Self {
        self.limits.unhealthy = Limit::UsedPercent(percent);
        self
    }

    /// Replaces both percentages by available bytes: degraded below the first, unhealthy below the second.
    pub fn min_free(mut self, degraded: u64, unhealthy: u64) -> Self {
        self.limits.degraded = Limit::FreeBytes(degraded);
        self.limits.unhealthy = Limit::FreeBytes(unhealthy);
        self
    }

    fn read(&self) -> Outcome {
        let stats = match fs4::statvfs(&self.path) {
            Ok(stats) => stats,
            Err(error) => {
                return Outcome::unhealthy()
                    .message(format!("cannot read {}: {error}", self.path.display()));
            }
        };
        let used = stats.total_space().saturating_sub(stats.free_space());
        self.judge(used, stats.available_space())
            .data("total_bytes", stats.total_space())
    }

    fn judge(&self, used: u64, available: u64) -> Outcome {
        // A file system of size zero (some virtual ones) is not full.
        let percent = 100.0 * used as f64 / (used + available).max(1) as f64;
        let is_reached = |limit| match limit {
            Limit::UsedPercent(limit) => percent >= limit,
            Limit::FreeBytes(limit) => available < limit,
        };
        let message = || {
            let path = self.path.display();
            format!("{path} is {percent:.1} % full: {available} bytes are free")
        };
        let outcome = self.limits.outcome(percent, is_reached, message);
        outcome.data("available_bytes", available)
    }
}

impl Check for Disk {
    async fn check(&self) -> Outcome {
        let disk = self.clone();
        self.flight.run_on_thread(move || disk.read()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Status;

    #[test]
    fn limits_hold_at_their_value() {
        let disk = Disk::new("/");
        assert_eq!(disk.judge(79, 21).status(), Status::Healthy);
        assert_eq!(disk.judge(80, 20).status(), Status::Degraded);
        assert_eq!(disk.judge(89, 11).status(), Status::Degraded);
        assert_eq!(disk.judge(90, 10).status(), Status::Unhealthy);
        assert_eq!(disk.judge(0, 0).status(), Status::Healthy);
        let disk = disk.min_free(100, 10);
        assert_eq!(disk.judge(10_000, 100).status(), Status::Healthy);
        assert_eq!(disk.judge(10_000, 99).status(), Status::Degraded);
        assert_eq!(disk.judge(10_000, 9).status(), Status::Unhealthy);
    }
}
