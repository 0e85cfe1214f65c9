use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long a rule must hold before its alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pending {
    /// For a time that begins with the first evaluation at which the rule holds. In seconds.
    For(#[serde(with = "super::seconds")] Duration),
    /// At this number of evaluations in a row.
    Consecutive(u32),
}

impl Pending {
    /// Returns the time from the first true evaluation to the alert, if rules are evaluated at this interval: `n` evaluations in a
    /// row are `n - 1` intervals.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_vitals::alerts::Pending;
    ///
    /// let interval = Duration::from_secs(15);
    /// assert_eq!(Pending::Consecutive(3).duration(interval), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn duration(self, interval: Duration) -> Duration {
        match self {
            Self::For(duration) => duration,
            Self::Consecutive(times) => interval.saturating_mul(times.saturating_sub(1)),
        }
    }
}

/// Fires at the first evaluation that holds.
impl Default for Pending {
    fn default() -> Self {
        Self::For(Duration::ZERO)
    }
}
