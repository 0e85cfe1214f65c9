//! `NotifierState`: the part of the notifier that survives the process.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::known::Known;
use super::receiver::Receiver;
use crate::alerts::state::{AlertId, Silence, SilenceId};
use crate::alerts::wire;

/// The part of the notifier that survives the process, as JSON: which alerts each channel was told, cooldowns, budgets, and
/// notifications that were held back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotifierState {
    pub(super) known: BTreeMap<AlertId, Known>,
    /// By the name of the channel.
    pub(super) receivers: BTreeMap<String, Receiver>,
    /// The silences of the last tick. `None` before the first.
    pub(super) silences: Option<BTreeMap<SilenceId, Silence>>,
    /// The time of the last tick that changed anything.
    #[serde(with = "wire::optional_time")]
    pub(super) changed_at: Option<SystemTime>,
}
