//! `Uptime`: for how long the service has run.

use std::time::Duration;

use tokio::time::Instant;

use super::super::{Check, Outcome};

/// Always healthy. Data: `uptime_seconds`, and `uptime_human` such as `2d 3h 4m 5s`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Uptime};
///
/// let health = Health::builder().check("uptime", Uptime::from_now()).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Uptime {
    started: Instant,
}

impl Uptime {
    /// Counts from now: make it early in `main`.
    #[must_use]
    pub fn from_now() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    fn outcome(&self) -> Outcome {
        let uptime = self.started.elapsed();
        Outcome::healthy()
            .data("uptime_seconds", uptime.as_secs())
            .data("uptime_human", human(uptime))
    }
}

/// Days, hours, minutes and seconds, from the largest that is not zero.
fn human(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let first = parts
        .iter()
        .position(|(count, _)| *count > 0)
        .unwrap_or(parts.len() - 1);
    let parts = parts[first..]
        .iter()
        .map(|(count, unit)| format!("{count}{unit}"));
    parts.collect::<Vec<_>>().join(" ")
}

impl Check for Uptime {
    async fn check(&self) -> Outcome {
        self.outcome()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.outcome())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_from_its_largest_unit() {
        let told = |seconds| human(Duration::from_secs(seconds));
        assert_eq!(told(0), "0s");
        assert_eq!(told(59), "59s");
        assert_eq!(told(3600), "1h 0m 0s");
        assert_eq!(told(2 * 86_400 + 3 * 3600 + 4 * 60 + 5), "2d 3h 4m 5s");
    }
}
