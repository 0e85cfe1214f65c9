//! `Open`: a ledger that an engine holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use super::book::Book;
use crate::alerts::delivery::Delivery;
use crate::alerts::notify::Cause;
use crate::alerts::state::Alert;
use crate::alerts::stores::Lease;

/// A ledger that this engine holds.
pub(super) struct Open {
    pub(super) book: Book,
    pub(super) delivery: Arc<Delivery>,
    /// Whether the store is away since the start, so that the ledger begins in memory.
    pub(super) is_provisional: bool,
    /// What the delivery watches.
    pub(super) _lease: watch::Sender<Lease>,
}

impl Open {
    /// What holds back an alert's notifications, by channel.
    pub(super) fn channels_of(
        &self,
        alert: &Alert,
        now: SystemTime,
    ) -> BTreeMap<String, Vec<Cause>> {
        let held = self.book.notifier.held_back(alert.id, now);
        held.into_iter()
            .map(|held| (held.channel, held.causes))
            .collect()
    }
}
