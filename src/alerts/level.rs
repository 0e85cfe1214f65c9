use serde::{Deserialize, Serialize};

/// The severity of an alert, in the words of `PagerDuty`'s events.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Look at it in working hours.
    #[default]
    Warning,
    /// Look at it soon.
    Error,
    /// Wake somebody up.
    Critical,
}
