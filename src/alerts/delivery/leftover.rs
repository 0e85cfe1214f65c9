//! `Leftover`: changes whose events were dropped.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::alerts::stores::Queued;

/// The rest of changes that wait for too long: the newest state of each notification, without the events.
#[derive(Default)]
pub(super) struct Leftover {
    pub(super) queued: BTreeMap<Uuid, Queued>,
    pub(super) done: BTreeSet<Uuid>,
}

impl Leftover {
    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.done.is_empty()
    }

    /// Adds later changes. At most `max` ends are kept. The ids are in the order of time, and only early ones can be in the store, so
    /// late ones are left out.
    pub(super) fn add(
        &mut self,
        queued: impl IntoIterator<Item = Queued>,
        done: impl IntoIterator<Item = Uuid>,
        max: usize,
    ) {
        let queued = queued.into_iter().map(|queued| (queued.id, queued));
        self.queued.extend(queued);
        for id in done {
            self.queued.remove(&id);
            self.done.insert(id);
        }
        while self.done.len() > max {
            self.done.pop_last();
        }
    }
}
