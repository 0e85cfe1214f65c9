//! `Writing`: the changes of a ledger on their way to the store.

use std::time::SystemTime;

use super::book::Step;
use super::inbox::Request;
use crate::alerts::slo::SloBook;
use crate::alerts::stores::{Commit, Lease, Queued};
use crate::error::{Error, ErrorKind};

/// The events that wait for a store that is away. Older ones are dropped.
const MAX_WAITING_EVENTS: usize = 50_000;

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

/// Adds a step to what waits for the store.
pub(super) fn add(waiting: &mut Commit, step: Step, now: SystemTime) {
    waiting.seen = Some(now);
    waiting.documents.extend(step.documents);
    waiting.queued.extend(step.queued);
    waiting.events.extend(step.events);
    let excess = waiting.events.len().saturating_sub(MAX_WAITING_EVENTS);
    if excess > 0 {
        waiting.events.drain(..excess);
        waiting.in_doubt = waiting.in_doubt.saturating_sub(excess);
        tracing::error!(
            excess,
            "the history of the alerts loses events, because the store is away"
        );
    }
}
