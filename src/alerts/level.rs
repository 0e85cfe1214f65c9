//! `Level`: the urgency of an alert.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The urgency of an alert, in ascending order.
///
/// ```
/// use tower_vitals::alerts::Level;
///
/// assert!(Level::Critical > Level::Warning);
/// assert_eq!(Level::Critical.to_string(), "critical");
/// ```
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing. Nobody has to act.
    Info,
    /// Somebody should look at it during work hours. The default.
    #[default]
    Warning,
    /// Something fails for users.
    Error,
    /// Somebody must act now.
    Critical,
}

impl Level {
    /// The level's name, as in JSON: `info`, `warning`, `error` or `critical`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
