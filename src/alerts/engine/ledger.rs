//! `Ledger`: the alerts of one engine in their store.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;
use uuid::Uuid;

use super::book::{Book, Step};
use super::ledger_kind::LedgerKind;
use super::open::Open;
use super::plan::Plan;
use super::store_call::call_store;
use super::when::When;
use super::writing::{Writing, is_refused};
use crate::alerts::delivery::Outlet;
use crate::alerts::state::AlertId;
use crate::alerts::stores::{AlertStore, Queued};
use crate::error::{Error, ErrorKind, logged};
use crate::outage::{Outage, Transition};

/// The alerts of one engine in their store. While another engine holds the ledger, there is no book. While the store is away at the
/// start, the book of a ledger that no other instance may hold is in memory.
pub(super) struct Ledger {
    kind: LedgerKind,
    /// The indexes of its rules.
    pub(super) rules: Vec<usize>,
    /// The name in the store.
    pub(super) key: String,
    /// The name that the ledger is leased under, which no other engine has. It ends with the mark of this process.
    pub(super) holder: String,
    pub(super) plan: Arc<Plan>,
    pub(super) open: RwLock<Option<Open>>,
    /// Held while something is written, so that commits keep the order of the steps.
    pub(super) writing: tokio::sync::Mutex<Writing>,
    pub(super) has_ended: AtomicBool,
    /// The end of the lease.
    until: Mutex<Option<Instant>>,
    /// The begin of the time in which another engine has held the ledger.
    elsewhere_since: Mutex<Option<Instant>>,
    outage: Outage,
    last_error: Mutex<Option<String>>,
}

impl Ledger {
    pub(super) fn new(
        kind: LedgerKind,
        key: String,
        holder: String,
        rules: Vec<usize>,
        plan: Arc<Plan>,
    ) -> Self {
        Self {
            kind,
            rules,
            key,
            holder,
            plan,
            open: RwLock::default(),
            writing: tokio::sync::Mutex::default(),
            has_ended: AtomicBool::new(false),
            until: Mutex::default(),
            elsewhere_since: Mutex::default(),
            outage: Outage::default(),
            last_error: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The channels that its alerts may go to.
    pub(super) fn outlets(&self) -> &[Outlet] {
        &self.plan.channels
    }

    /// Whether this engine holds the ledger.
    pub(super) fn is_open(&self) -> bool {
        self.open.read().is_some()
    }

    /// Whether no other instance tells of these alerts.
    pub(super) fn is_sole(&self) -> bool {
        self.kind != LedgerKind::Shared
    }

    pub(super) fn until(&self) -> Option<Instant> {
        *self.until.lock()
    }

    /// Whether another instance may tell of these alerts, because the lease is over. The ledger goes on when it is renewed.
    pub(super) fn is_paused(&self) -> bool {
        let is_over = |until| until <= Instant::now();
        !self.is_sole() && self.until().is_some_and(is_over)
    }

    /// How long another engine has held a ledger that no other instance needs.
    pub(super) fn elsewhere_for(&self) -> Option<Duration> {
        let since = self.elsewhere_since.lock().filter(|_| self.is_sole());
        since.map(|since| since.elapsed())
    }

    /// Notes whether this engine has the lease, and its end.
    pub(super) fn note_lease(&self, is_held: bool, until: Option<Instant>) {
        if is_held {
            *self.until.lock() = until;
            *self.elsewhere_since.lock() = None;
            self.read(|open| open.delivery.allow_until(until));
            return;
        }
        let mut since = self.elsewhere_since.lock();
        if since.is_none() && self.is_sole() {
            tracing::warn!(
                ledger = self.name(),
                "another process holds these alerts: this one waits until it ends"
            );
        }
        since.get_or_insert(Instant::now());
    }

    /// The last failure of the store, while it lasts.
    pub(super) fn failure(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    /// Whether an alert of this id is known.
    pub(super) fn knows(&self, id: AlertId) -> bool {
        let knows = self.read(|open| open.book.state.knows(id));
        knows == Some(true)
    }

    /// Reads the open ledger.
    pub(super) fn read<R>(&self, read: impl FnOnce(&Open) -> R) -> Option<R> {
        self.open.read().as_ref().map(read)
    }

    pub(super) fn is_provisional(&self) -> bool {
        self.read(|open| open.is_provisional) == Some(true)
    }

    /// Changes the book as a person asked for. Refused while the ledger is in memory, because the saved one takes its place.
    pub(super) async fn act<R>(
        &self,
        change: impl FnOnce(&mut Book, &mut Step, SystemTime) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.act_at(When::Now, change).await
    }

    /// As `act`, at a given time.
    pub(super) async fn act_at<R>(
        &self,
        when: When,
        change: impl FnOnce(&mut Book, &mut Step, SystemTime) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut writing = self.writing.lock().await;
        if self.is_provisional() {
            return Err(self.is_closed());
        }
        if self.is_paused() {
            let held = self.try_hold(&mut writing, when).await;
            self.note(held.as_ref().err());
            held?;
        }
        self.step(&mut writing, when, change).await
    }

    /// Changes the book, and writes what changed. The result is that of the change if the store takes it.
    pub(super) async fn run<R>(
        &self,
        when: When,
        change: impl FnOnce(&mut Book, &mut Step, SystemTime) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut writing = self.writing.lock().await;
        self.step(&mut writing, when, change).await
    }

    pub(super) async fn step<R>(
        &self,
        writing: &mut Writing,
        when: When,
        change: impl FnOnce(&mut Book, &mut Step, SystemTime) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut step = Step::default();
        let now = when.read();
        let result = {
            let mut open = self.open.write();
            let Some(open) = open.as_mut() else {
                return Err(self.is_closed());
            };
            if self.is_paused() {
                open.book.state.pause();
                return Err(self.is_closed());
            }
            let result = change(&mut open.book, &mut step, now);
            open.book.finish(now, &mut step);
            result
        };
        let is_provisional = self.is_provisional();
        if is_provisional {
            step.documents.clear();
        }
        let left = std::mem::replace(&mut writing.unsent, step.queued.clone());
        self.deliver(left);
        // In memory, the saved ledger knows how long an engine watched.
        let dropped = writing.add(&self.key, step, (!is_provisional).then_some(now));
        self.plan.losses.lose_events(dropped);
        let mut written = if is_provisional {
            Err(Error::new(
                ErrorKind::Io,
                self.failure().unwrap_or_default(),
            ))
        } else {
            self.write(writing).await
        };
        if is_refused(&written) {
            // The lease of an engine that paused, or whose store was away, is over. It goes on if nobody else took the ledger.
            written = match self.lease().await {
                Ok(lease) if lease == writing.lease => self.write(writing).await,
                Ok(_) => written,
                Err(error) => Err(error),
            };
        }
        if is_refused(&written) {
            tracing::warn!(
                ledger = self.name(),
                "the store refuses the alerts: another instance took them over"
            );
            self.close(writing);
        }
        self.note(written.as_ref().err());
        // Also if the store is away: a late record is better than a late alert.
        self.deliver(std::mem::take(&mut writing.unsent));
        self.read(|open| writing.forget_delivered(&open.delivery));
        let result = result?;
        written.map(|()| result)
    }

    fn deliver(&self, queued: Vec<Queued>) {
        if !queued.is_empty() {
            self.read(|open| open.delivery.enqueue(queued));
        }
    }

    /// Writes what waits. It is kept for the next step if that fails.
    pub(super) async fn write(&self, writing: &mut Writing) -> Result<(), Error> {
        let is_late = writing.in_doubt.is_some();
        while let Some(oldest) = writing.oldest_events() {
            let events = oldest.events.len();
            writing.doubt(events);
            self.call(|store| store.commit(&oldest)).await?;
            writing.note_written(events);
        }
        let Some(unsaved) = &writing.waiting else {
            return Ok(());
        };
        // Noted before, because the future may be dropped.
        writing.in_doubt = Some(unsaved.events.len());
        self.call(|store| store.commit(unsaved)).await?;
        self.plan.losses.store_works();
        let written = writing.waiting.take();
        writing.in_doubt = None;
        if let Some(written) = written.filter(|_| is_late) {
            let is_sent = |id: &Uuid| writing.unsent.iter().all(|unsent| unsent.id != *id);
            let ids = written.queued.iter().map(|queued| queued.id);
            let sent: Vec<_> = ids.filter(is_sent).collect();
            self.read(|open| open.delivery.confirm(&sent));
        }
        Ok(())
    }

    /// The reason why the ledger is not open.
    pub(super) fn is_closed(&self) -> Error {
        match self.failure() {
            Some(error) => Error::new(
                ErrorKind::Io,
                format!("the store of the alerts cannot be reached ({error})"),
            ),
            None => Error::new(ErrorKind::Refused, "another instance holds these alerts"),
        }
    }

    pub(super) fn note(&self, error: Option<&Error>) {
        *self.last_error.lock() = error.map(|error| logged(error));
        match self.outage.update(error.is_some()) {
            Some(Transition::Started) => tracing::error!(
                error = error.map(|error| logged(error)),
                ledger = self.name(),
                "the store of the alerts fails: alerts go on, and are written later"
            ),
            Some(Transition::Ended) => {
                tracing::info!(ledger = self.name(), "the store of the alerts works again");
            }
            None => {}
        }
    }

    pub(super) async fn call<'a, T>(
        &'a self,
        call: impl FnOnce(&'a dyn AlertStore) -> BoxFuture<'a, Result<T, Error>>,
    ) -> Result<T, Error> {
        call_store(&*self.plan.store, call).await
    }
}
