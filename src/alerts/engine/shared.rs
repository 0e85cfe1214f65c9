//! `Shared`: what an engine knows of the acts and silences of all instances.

use std::collections::{BTreeMap, HashMap};

use tokio::time::Instant;
use uuid::Uuid;

use super::shared_entry::SharedSilence;

/// What an engine knows of the acts and silences of all instances.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) silences: BTreeMap<Uuid, SharedSilence>,
    /// The acts, since when this engine knows them. Clocks of other instances differ.
    pub(super) acts: HashMap<Uuid, Instant>,
    /// The last write that keeps the store from removing them.
    pub(super) touched: Option<Instant>,
}
