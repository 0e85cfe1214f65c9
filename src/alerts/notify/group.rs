//! `Group`: the alerts of one notification.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::alerts::labels::Labels;
use crate::alerts::wire;

/// The alerts that share a notification, because the labels that the channel groups by are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) labels: Labels,
    /// The time at which it is judged next.
    #[serde(with = "wire::time")]
    pub(super) due: SystemTime,
    /// The time of its last notification, also of one that was held back.
    #[serde(with = "wire::optional_time")]
    pub(super) last: Option<SystemTime>,
}
