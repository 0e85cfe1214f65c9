//! `Uptime`: the time since the service started.

use std::time::Duration;

use tokio::time::Instant;

use super::super::{Check, Outcome};

/// Always healthy. Reports the time since it was created. Data: `uptime_seconds`, and `uptime_human` such as
/// `2d 3h 4m 5s`.
///
/// ```
/// use tower_vitals::{Health, health::checks::Uptime};
///
/// let health = Health::builder().check("uptime", Uptime::new()).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Uptime {
    started: Instant,
}

impl Uptime {
    /// Starts at zero: create it early in `main`.
    #[must_use]
    pub fn new() -> Self {
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

/// Days, hours, minutes and seconds, from the largest non-zero unit.
fn human(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let is_leading_zero = |(count, unit): &(u64, &str)| *count == 0 && *unit != "s";
    let parts = parts.into_iter().skip_while(is_leading_zero);
    let parts = parts.map(|(count, unit)| format!("{count}{unit}"));
    parts.collect::<Vec<_>>().join(" ")
}

default_is_new!(Uptime);

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
    fn a_duration_starts_with_its_largest_unit() {
        let text = |seconds| human(Duration::from_secs(seconds));
        assert_eq!(text(0), "0s");
        assert_eq!(text(59), "59s");
        assert_eq!(text(3600), "1h 0m 0s");
        assert_eq!(text(2 * 86_400 + 3 * 3600 + 4 * 60 + 5), "2d 3h 4m 5s");
    }
}
