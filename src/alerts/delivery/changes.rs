//! `Changes`: changes of the ledger that are not committed yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use uuid::Uuid;

use crate::alerts::stores::{Commit, Event, Queued};

/// The most changes in one commit.
const BATCH: usize = 1000;

/// What is committed together, because a crash between its parts would lose a notification.
#[derive(Default)]
pub(super) struct Change {
    pub(super) event: Option<Event>,
    pub(super) queued: Vec<Queued>,
    pub(super) done: Option<Uuid>,
}

/// Changes of the ledger that are not committed yet, the oldest first.
#[derive(Default)]
pub(super) struct Changes {
    list: VecDeque<Change>,
    /// The number of the oldest changes that were in a commit without an answer.
    in_doubt: usize,
    /// Whether the document of the channels changed.
    pub(super) channels: bool,
}

impl Changes {
    pub(super) fn push(&mut self, change: Change) {
        self.list.push_back(change);
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is enough for a commit.
    pub(super) fn is_batch(&self) -> bool {
        self.list.len() >= BATCH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.channels
    }

    /// Puts the oldest changes into the commit. They stay until they are [`committed`](Self::committed). Returns their number.
    pub(super) fn fill(&mut self, commit: &mut Commit) -> usize {
        let batch = || self.list.iter().take(BATCH);
        let done: BTreeSet<Uuid> = batch().filter_map(|change| change.done).collect();
        // The last state of each.
        let mut queued = BTreeMap::new();
        for state in batch().flat_map(|change| &change.queued) {
            if !done.contains(&state.id) {
                queued.insert(state.id, state);
            }
        }
        commit.queued = queued.into_values().cloned().collect();
        commit.events = batch().filter_map(|change| change.event.clone()).collect();
        commit.done = done.into_iter().collect();
        let in_doubt = batch().take(self.in_doubt);
        commit.in_doubt = in_doubt.filter(|change| change.event.is_some()).count();
        self.in_doubt = batch().count();
        self.in_doubt
    }

    /// Removes the changes that were put into the last commit.
    pub(super) fn filled_is_committed(&mut self) {
        self.committed(self.in_doubt);
    }

    /// Removes the oldest changes. Returns the notifications that are done.
    pub(super) fn committed(&mut self, number: usize) -> Vec<Uuid> {
        let committed = self.list.drain(..number.min(self.list.len()));
        self.in_doubt = 0;
        committed.filter_map(|change| change.done).collect()
    }
}
