//! `AlertState`: the state of an alert.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of an alert.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// The condition is false, and the alert has not fired since it is known.
    #[default]
    Inactive,
    /// The condition is true, but not for long enough.
    Pending,
    /// The alert fires.
    Firing,
    /// The alert has fired and does not any more.
    Resolved,
}

impl AlertState {
    /// The alert is pending or fires.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Firing)
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        })
    }
}
