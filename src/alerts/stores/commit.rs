//! `Commit`: changes of a ledger that are written together.

use std::collections::BTreeMap;
use std::time::SystemTime;

use uuid::Uuid;

use super::event::Event;
use super::lease::Lease;
use super::queued::Queued;

/// Changes of a ledger that are written together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Commit {
    /// The ledger.
    pub ledger: String,
    /// The right to write it.
    pub lease: Lease,
    /// The time until which the engine watched, which a restart goes on from. `None` leaves it, because the delivery worker commits
    /// without an evaluation.
    pub seen: Option<SystemTime>,
    /// Documents to write, by name. Others stay. `None` deletes.
    pub documents: BTreeMap<String, Option<Vec<u8>>>,
    /// Events to add to the history, the oldest first.
    pub events: Vec<Event>,
    /// The number of events at the front that an earlier commit may have written, because its answer was lost. The store adds those
    /// of them that its history has not.
    pub in_doubt: usize,
    /// Notifications to add to the outbox, or to replace there, by id.
    pub queued: Vec<Queued>,
    /// Notifications that leave the outbox. Some were never in it.
    pub done: Vec<Uuid>,
}

impl Commit {
    /// A commit without changes.
    #[must_use]
    pub fn new(
        ledger: impl Into<String>,
        lease: Lease,
        seen: impl Into<Option<SystemTime>>,
    ) -> Self {
        Self {
            ledger: ledger.into(),
            lease,
            seen: seen.into(),
            documents: BTreeMap::new(),
            events: Vec::new(),
            in_doubt: 0,
            queued: Vec::new(),
            done: Vec::new(),
        }
    }
}
