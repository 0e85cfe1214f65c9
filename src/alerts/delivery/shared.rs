//! `Shared`: the parts that all tasks of the worker use.

use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::metrics::Levels;
use super::now::Now;
use super::report::Reporter;
use super::state::State;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::stores::{AlertStore, Lease};

/// Returns the time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;
/// Returns a number from 0 to 1.
pub(super) type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The sender as notifications name it.
#[derive(Default)]
pub(super) struct Sender {
    pub(super) service: Option<String>,
    pub(super) instance: Option<String>,
    pub(super) external_url: Option<String>,
}

/// The parts that all tasks of the worker use.
pub(super) struct Shared {
    pub(super) store: Arc<dyn AlertStore>,
    pub(super) ledger: String,
    pub(super) lease: watch::Receiver<Lease>,
    pub(super) clock: Clock,
    pub(super) jitter: Jitter,
    pub(super) sender: Sender,
    pub(super) state: Mutex<State>,
    pub(super) reporter: Reporter,
    /// Held from the time at which changes are put into a commit until its result is known.
    pub(super) recording: tokio::sync::Mutex<()>,
    /// Wakes the task of a channel.
    pub(super) lanes: Vec<Notify>,
    /// Wakes the task that commits.
    pub(super) commits: Notify,
    pub(super) draining: watch::Sender<bool>,
    pub(super) ended: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn now(&self) -> Now {
        Now {
            steady: Instant::now(),
            wall: (self.clock)(),
        }
    }

    /// Changes the state. Then, without its lock, wakes the tasks that have to go on, and logs and counts.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (value, notes, wakes, is_changed, dropped) = {
            let mut state = self.state.lock();
            let value = change(&mut state);
            let notes = std::mem::take(&mut state.notes);
            let wakes = std::mem::take(&mut state.wakes);
            for lane in &wakes {
                state.lanes[*lane].is_busy = true;
            }
            let dropped = state.changes.take_dropped();
            (value, notes, wakes, !state.changes.is_empty(), dropped)
        };
        for lane in &wakes {
            self.lanes[*lane].notify_one();
        }
        if is_changed {
            self.commits.notify_one();
        }
        if is_changed || !wakes.is_empty() {
            self.set_gauges();
        }
        self.reporter.losses.lose_events(dropped);
        for note in notes {
            self.reporter.report(note);
        }
        value
    }

    pub(super) fn set_gauges(&self) {
        let has_gauges = self.reporter.has_gauges.lock();
        if !*has_gauges {
            return;
        }
        let levels = {
            let state = self.state.lock();
            Levels {
                length: state.len(),
                oldest: state.oldest(),
                stopped: state
                    .lanes
                    .iter()
                    .map(|lane| lane.stopped.is_some())
                    .collect(),
            }
        };
        self.reporter.metrics.set(&levels);
    }

    /// Sets the gauges to 0 for good, because another worker may have the ledger now.
    pub(super) fn release_gauges(&self) {
        let mut has_gauges = self.reporter.has_gauges.lock();
        *has_gauges = false;
        self.reporter.metrics.set(&Levels {
            length: 0,
            oldest: None,
            stopped: vec![false; self.lanes.len()],
        });
    }

    /// A notification of the worker itself.
    pub(super) fn notification(&self, reason: NotificationReason, key: &str) -> Notification {
        let mut notification = Notification::new(reason, key, (self.clock)());
        notification.service.clone_from(&self.sender.service);
        notification.instance.clone_from(&self.sender.instance);
        notification
            .external_url
            .clone_from(&self.sender.external_url);
        notification
    }
}
