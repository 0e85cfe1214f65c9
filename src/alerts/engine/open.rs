//! `Open`: a ledger that an engine holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use super::book::Book;
use crate::alerts::channels::Mode;
use crate::alerts::delivery::Delivery;
use crate::alerts::notify::Cause;
use crate::alerts::state::{Alert, AlertState};
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
        let held = held.into_iter().map(|held| (held.channel, held.causes));
        let mut channels: BTreeMap<_, _> = held.collect();
        if alert.state == AlertState::Firing {
            for (channel, cause) in self.stopped_for(alert) {
                channels.entry(channel).or_default().push(cause);
            }
        }
        channels
    }

    /// The stopped channels that a firing alert would go to.
    fn stopped_for(&self, alert: &Alert) -> impl Iterator<Item = (String, Cause)> {
        let stopped = self.delivery.stopped().into_iter();
        stopped.filter_map(|(mode, channel, instead)| {
            let is_for_it = match mode {
                Mode::Notifications => self.book.notifier.takes(&channel.name, alert.id),
                Mode::Alerts { .. } => self.book.announces(alert),
                Mode::Heartbeat { .. } => false,
            };
            let stopped = channel.stopped.filter(|_| is_for_it)?;
            let cause = Cause::Stopped {
                since: stopped.since,
                error: stopped.error,
                instead,
            };
            Some((channel.name, cause))
        })
    }
}
