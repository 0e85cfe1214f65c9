//! `Disk`: how full a file system is.

use std::path::PathBuf;

use super::super::{Check, Outcome, Status};
use super::one_at_a_time::OneAtATime;

/// How full the file system is that holds a path: degraded at 80 % used, unhealthy at 90 %, or below a number of free
/// bytes.
///
/// Used and available are what `df` shows: blocks kept for root count as used up. Data: `used_percent`,
/// `available_bytes`, `total_bytes`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Disk};
///
/// let health = Health::builder()
///     .check("data disk", Disk::of("/var/lib/shop").degraded_at(85.0).unhealthy_at(95.0))
///     .check("log disk", Disk::of("/var/log").min_free(10_000_000_000, 1_000_000_000))
///     .build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
    degraded: Limit,
    unhealthy: Limit,
    attempts: OneAtATime,
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    UsedPercent(f64),
    FreeBytes(u64),
}

impl Disk {
    /// The file system that holds this path.
    #[must_use]
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            degraded: Limit::UsedPercent(80.0),
            unhealthy: Limit::UsedPercent(90.0),
            attempts: OneAtATime::default(),
        }
    }

    /// Degraded from this many percent used. Defaults to 80.
    #[must_use]
    pub fn degraded_at(mut self, percent: f64) -> Self {
        self.degraded = Limit::UsedPercent(percent);
        self
    }

    /// Unhealthy from this many percent used. Defaults to 90.
    #[must_use]
    pub fn unhealthy_at(mut self, percent: f64) -> Self {
        self.unhealthy = Limit::UsedPercent(percent);
        self
    }

    /// By available bytes instead: degraded below the first number, unhealthy below the second.
    #[must_use]
    pub fn min_free(mut self, degraded: u64, unhealthy: u64) -> Self {
        self.degraded = Limit::FreeBytes(degraded);
        self.unhealthy = Limit::FreeBytes(unhealthy);
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
        // A file system of no size (some virtual ones) is not full.
        let percent = 100.0 * used as f64 / (used + available).max(1) as f64;
        let is_past = |limit| match limit {
            Limit::UsedPercent(limit) => percent >= limit,
            Limit::FreeBytes(limit) => available < limit,
        };
        let status = if is_past(self.unhealthy) {
            Status::Unhealthy
        } else if is_past(self.degraded) {
            Status::Degraded
        } else {
            Status::Healthy
        };
        let outcome = match status {
            Status::Healthy => Outcome::healthy(),
            status => Outcome::from(status).message(format!(
                "{} is {percent:.1} % full: {available} bytes are free",
                self.path.display()
            )),
        };
        outcome
            .data("used_percent", (percent * 10.0).round() / 10.0)
            .data("available_bytes", available)
    }
}

impl Check for Disk {
    async fn check(&self) -> Outcome {
        let disk = self.clone();
        self.attempts.blocking(move || disk.read()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_at_their_value() {
        let disk = Disk::of("/");
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
