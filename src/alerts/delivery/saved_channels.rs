//! `SavedChannels`: the document that keeps channels stopped or paused over a restart.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::channel_status::Stopped;
use super::owed::Owed;
use crate::alerts::wire;

/// The name of the document.
pub(super) const DOCUMENT: &str = "channels";

/// The channels that do not work, or of which somebody must hear something, by name.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct SavedChannels(pub(super) BTreeMap<String, SavedChannel>);

#[derive(Serialize, Deserialize)]
pub(super) struct SavedChannel {
    pub(super) kind: String,
    pub(super) fingerprint: u64,
    pub(super) stopped: Option<Stopped>,
    /// The failures in a row.
    pub(super) failures: u32,
    #[serde(with = "wire::optional_time")]
    pub(super) failing_since: Option<SystemTime>,
    #[serde(with = "wire::optional_time")]
    pub(super) paused_until: Option<SystemTime>,
    pub(super) last_error: Option<String>,
    #[serde(default)]
    pub(super) owed: Owed,
}
