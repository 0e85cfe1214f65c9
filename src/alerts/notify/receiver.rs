//! `Receiver`: everything that is remembered about one channel.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::budget::Budget;
use super::group::Group;
use super::group_name::GroupName;
use super::member::Member;
use crate::alerts::state::AlertId;
use crate::alerts::wire;

/// Everything that is remembered about one channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Receiver {
    /// The labels that the groups were made by.
    pub(super) group_by: Vec<String>,
    /// By key.
    pub(super) groups: BTreeMap<GroupName, Group>,
    pub(super) members: BTreeMap<AlertId, Member>,
    pub(super) budget: Budget,
    /// The notifications that were held back since the last summary.
    pub(super) held: u64,
    /// Held back alerts that were forgotten since the last summary.
    pub(super) left_out: usize,
    #[serde(with = "wire::optional_time")]
    pub(super) last_summary: Option<SystemTime>,
}
