//! `Silence`: alerts whose notifications are held back for some time.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::alert::Alert;
use super::silence_target::SilenceTarget;
use crate::alerts::evaluated::Labels;
use crate::alerts::wire;

/// The number of a silence, which is never used again.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SilenceId(pub u64);

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Alerts whose notifications are held back for some time. Their states are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Silence {
    /// The number.
    pub id: SilenceId,
    /// The alerts.
    pub target: SilenceTarget,
    /// The end, by the system's clock.
    #[serde(with = "wire::time")]
    pub until: SystemTime,
    /// The person who made the silence.
    pub by: String,
    /// That person's note.
    pub note: Option<String>,
    /// The begin.
    #[serde(with = "wire::time")]
    pub created_at: SystemTime,
}

impl Silence {
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.until <= now
    }

    pub(super) fn holds_back(
        &self,
        alert: &Alert,
        added: Option<&Labels>,
        now: SystemTime,
    ) -> bool {
        !self.is_over(now) && self.target.matches(alert, added)
    }
}
