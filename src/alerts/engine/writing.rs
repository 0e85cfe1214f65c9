//! `Writing`: the changes of a ledger on their way to the store.

use std::time::SystemTime;

use super::book::Step;
use super::inbox::Request;
use crate::alerts::delivery::Delivery;
use crate::alerts::losses::MAX_WAITING_EVENTS;
use crate::alerts::slo::SloBook;
use crate::alerts::stores::{Commit, Lease, Queued};
use crate::error::{Error, ErrorKind};

/// If more notifications wait for a store that is away, only those are kept that are not delivered.
const MAX_WAITING_NOTIFICATIONS: usize = 10_000;

/// Of more events, the oldest are written before the rest, so that no commit takes longer than a call of the store may.
const MAX_EVENTS: usize = 5_000;

/// The changes of a ledger on their way to the store.
#[derive(Default)]
pub(super) struct Writing {
    pub(super) lease: Option<Lease>,
    /// What the store has not taken yet.
    pub(super) waiting: Option<Commit>,
    /// The number of its events that were in a commit without an answer, if there was one.
    pub(super) in_doubt: Option<usize>,
    /// Notifications that the delivery does not have yet, because a step was dropped before its end.
    pub(super) unsent: Vec<Queued>,
    /// Requests of code that the next book must do, because the one that did them was in memory.
    pub(super) requests: Vec<Request>,
    /// The SLOs as this process has counted them, for the next book.
    pub(super) counted: Option<SloBook>,
}

pub(super) fn is_refused(written: &Result<(), Error>) -> bool {
    (written.as_ref()).is_err_and(|error| error.kind() == ErrorKind::Refused)
}

impl Writing {
    /// Adds a step to what waits for the store. Returns the number of events that are dropped because too many wait.
    pub(super) fn add(&mut self, ledger: &str, step: Step, seen: Option<SystemTime>) -> usize {
        let lease = self.lease.unwrap_or(Lease::endless());
        let new = || Commit::new(ledger, lease, seen);
        let waiting = self.waiting.get_or_insert_with(new);
        waiting.seen = seen;
        // The newest of each.
        waiting.documents.extend(step.documents);
        waiting.queued.extend(step.queued);
        waiting.events.extend(step.events);
        let excess = waiting.events.len().saturating_sub(MAX_WAITING_EVENTS);
        waiting.events.drain(..excess);
        self.in_doubt = self.in_doubt.map(|doubt| doubt.saturating_sub(excess));
        waiting.in_doubt = self.in_doubt.unwrap_or(0);
        excess
    }

    /// A commit of the oldest events, if too many wait for one commit. A crash before the last commit leaves events in the history that
    /// the saved state does not know, so it may tell of them again, but loses none.
    pub(super) fn oldest_events(&self) -> Option<Commit> {
        let waiting = self.waiting.as_ref()?;
        let (oldest, rest) = waiting.events.split_at_checked(MAX_EVENTS)?;
        if rest.is_empty() {
            return None;
        }
        let mut commit = Commit::new(&*waiting.ledger, waiting.lease, None);
        commit.events = oldest.to_vec();
        commit.in_doubt = waiting.in_doubt.min(MAX_EVENTS);
        Some(commit)
    }

    /// The store may have this many of the oldest events soon.
    pub(super) fn doubt(&mut self, events: usize) {
        let before = self.in_doubt.unwrap_or(0);
        self.in_doubt = Some(before.max(events));
    }

    /// The store has this many of the oldest events.
    pub(super) fn note_written(&mut self, events: usize) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        waiting.events.drain(..events.min(waiting.events.len()));
        waiting.in_doubt = waiting.in_doubt.saturating_sub(events);
        self.in_doubt = self.in_doubt.map(|doubt| doubt.saturating_sub(events));
    }

    /// Forgets notifications that were delivered while the store was away, if too many wait. Those that the delivery still has are
    /// bounded there.
    pub(super) fn forget_delivered(&mut self, delivery: &Delivery) {
        if let Some(waiting) = &mut self.waiting
            && waiting.queued.len() > MAX_WAITING_NOTIFICATIONS
        {
            delivery.retain_waiting(&mut waiting.queued);
        }
    }
}
