//! `Unrecorded`: notifications that are out of their queue, while the store does not know it.

use std::collections::HashMap;

use uuid::Uuid;

use crate::alerts::state::AlertId;

/// A notification that is out of its queue.
pub(super) struct Settled {
    pub(super) lane: usize,
    pub(super) place: u64,
    pub(super) alerts: Vec<AlertId>,
}

/// Notifications of channels that keep the order of each alert. They are out of their queue, but a crash would bring them back,
/// because the store does not know it.
#[derive(Default)]
pub(super) struct Unrecorded {
    settled: HashMap<Uuid, Settled>,
    /// Whether the last commit failed. Then nothing waits for the store.
    pub(super) is_store_away: bool,
}

impl Unrecorded {
    pub(super) fn put(&mut self, id: Uuid, settled: Settled) {
        self.settled.insert(id, settled);
    }

    pub(super) fn take(&mut self, id: Uuid) -> Option<Settled> {
        self.settled.remove(&id)
    }

    pub(super) fn take_all(&mut self) -> Vec<Settled> {
        self.settled.drain().map(|(_, settled)| settled).collect()
    }

    pub(super) fn any_of(&self, lane: usize) -> bool {
        self.settled.values().any(|settled| settled.lane == lane)
    }
}
