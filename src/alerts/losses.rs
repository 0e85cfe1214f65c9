//! `Losses`: counts what was dropped because the store of the alerts was away for too long.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Counter;

use crate::catalog::MONITORING_ALERT_EVENTS_DROPPED;
use crate::outage::{Outage, Transition};
use crate::recorder::{LazyHandle, RecorderRef};

/// The most events that wait for the store, those of the engine and those of the delivery apart. Older ones are dropped.
pub(super) const MAX_WAITING_EVENTS: usize = 50_000;

/// Counts and logs what was dropped because the store was away for too long, or because a channel was.
pub(super) struct Losses {
    events: AtomicU64,
    notifications: AtomicU64,
    counter: LazyHandle<Counter>,
    outage: Outage,
    /// The events that the log told of.
    logged: AtomicU64,
}

impl Losses {
    pub(super) fn new(recorder: &RecorderRef) -> Self {
        Self {
            events: AtomicU64::new(0),
            notifications: AtomicU64::new(0),
            counter: LazyHandle::zero(recorder, MONITORING_ALERT_EVENTS_DROPPED.key([])),
            outage: Outage::default(),
            logged: AtomicU64::new(0),
        }
    }

    /// The history loses these events.
    pub(super) fn lose_events(&self, number: usize) {
        if number == 0 {
            return;
        }
        let number = number as u64;
        self.events.fetch_add(number, Ordering::Relaxed);
        self.counter.record(|counter| counter.increment(number));
        if self.outage.update(true) == Some(Transition::Started) {
            tracing::error!(
                limit = MAX_WAITING_EVENTS,
                "the history of the alerts loses events, because the store is away for too long"
            );
        }
    }

    /// The store took what waited.
    pub(super) fn store_works(&self) {
        if self.outage.update(false) == Some(Transition::Ended) {
            let events = self.events();
            let dropped = events - self.logged.swap(events, Ordering::Relaxed).min(events);
            tracing::warn!(
                dropped,
                "the history of the alerts lost events, because the store was away for too long"
            );
        }
    }

    /// A notification found no room in the outbox. The delivery logs it.
    pub(super) fn lose_notification(&self) {
        self.notifications.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    pub(super) fn notifications(&self) -> u64 {
        self.notifications.load(Ordering::Relaxed)
    }
}
