//! `Ledger`: the alerts of one engine in their store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::book::{Book, Step};
use super::context::Context;
use super::inbox::Request;
use super::open::Open;
use super::store_call::call_store;
use super::writing::{Writing, add, is_refused};
use crate::alerts::delivery::{Delivery, Outlet};
use crate::alerts::notify::Policy;
use crate::alerts::state::{AlertId, Limits};
use crate::alerts::stores::{AlertStore, Commit, Lease, Saved};
use crate::error::{Error, ErrorKind, logged};
use crate::outage::{Outage, Transition};
use crate::recorder::RecorderRef;

/// The epoch of a ledger in memory, which no store gives.
const NO_EPOCH: u64 = i64::MAX as u64;

/// The alerts of one engine in their store. While another engine holds the ledger, there is no book. While the store is away at the
/// start, the book of a ledger that no other instance may hold is in memory.
pub(super) struct Ledger {
    pub(super) name: &'static str,
    /// The indexes of its rules.
    pub(super) rules: Vec<usize>,
    /// The name in the store.
    key: String,
    /// The name that the ledger is leased under. After a crash, an instance takes its own ledger at once.
    holder: String,
    pub(super) plan: Arc<Plan>,
    open: RwLock<Option<Open>>,
    /// Held while something is written, so that commits keep the order of the steps.
    writing: tokio::sync::Mutex<Writing>,
    outage: Outage,
    last_error: Mutex<Option<String>>,
}

/// What opens and writes ledgers.
pub(super) struct Plan {
    pub(super) context: Arc<Context>,
    pub(super) store: Arc<dyn AlertStore>,
    pub(super) policies: Vec<Policy>,
    pub(super) channels: Vec<Outlet>,
    pub(super) limits: Limits,
    pub(super) recorder: RecorderRef,
}

impl Ledger {
    pub(super) fn new(
        name: &'static str,
        key: String,
        holder: String,
        rules: Vec<usize>,
        plan: Arc<Plan>,
    ) -> Self {
        Self {
            name,
            rules,
            key,
            holder,
            plan,
            open: RwLock::default(),
            writing: tokio::sync::Mutex::default(),
            outage: Outage::default(),
            last_error: Mutex::default(),
        }
    }

    pub(super) fn is_for_all(&self) -> bool {
        self.name == "shared"
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.read().is_some()
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    pub(super) fn knows(&self, id: AlertId) -> bool {
        self.read(|open| open.book.state.knows(id)) == Some(true)
    }

    pub(super) fn read<R>(&self, read: impl FnOnce(&Open) -> R) -> Option<R> {
        self.open.read().as_ref().map(read)
    }

    /// Takes the ledger, or holds on to it. Loads it when it is taken.
    pub(super) async fn hold(&self, now: SystemTime) {
        let mut writing = self.writing.lock().await;
        let mut result = self.try_hold(&mut writing, now).await;
        if result.is_err() && !self.is_open() && !self.is_for_all() {
            // No other instance tells of these alerts, so they begin in memory.
            result = self
                .open_with(&mut writing, &Saved::default(), None, now)
                .and(result);
        }
        self.note(result.err().as_ref());
    }

    async fn try_hold(&self, writing: &mut Writing, now: SystemTime) -> Result<(), Error> {
        let lease = self.lease().await?;
        let mut requests = Vec::new();
        if self.is_provisional() {
            if let Some(lease) = lease {
                requests = self.write_provisional(writing, lease, now).await?;
            }
            self.close(writing);
        }
        let is_lost = self.read(|open| open.delivery.is_ended().is_some()) == Some(true);
        if is_lost && lease.is_some() && lease == writing.lease {
            // The lease was over for a while, but nobody else took the ledger.
            let written = self.write_rest(writing).await;
            if !is_refused(&written) {
                written?;
            }
        }
        if lease.is_none() || lease != writing.lease || is_lost {
            self.close(writing);
        }
        let Some(lease) = lease else {
            return Ok(());
        };
        if self.is_open() {
            return Ok(());
        }
        let saved = self.call(|store| store.load(&self.key)).await?;
        self.open_with(writing, &saved, Some(lease), now)?;
        let renewed = self.read(|open| open.delivery.renewed());
        self.step(writing, now, |book, step| {
            for channel in renewed.into_iter().flatten() {
                book.notifier.renew(&channel, now);
            }
            book.forget_rules(now, step);
            book.take(requests, now, step);
            Ok(())
        })
        .await
    }

    /// Opens the ledger as it was saved. Without a lease it begins in memory.
    fn open_with(
        &self,
        writing: &mut Writing,
        saved: &Saved,
        lease: Option<Lease>,
        now: SystemTime,
    ) -> Result<(), Error> {
        let plan = &self.plan;
        let is_provisional = lease.is_none();
        let mut book = self.book(saved, now)?;
        if is_provisional {
            book.keep_requests();
        }
        let (sender, watched) = watch::channel(lease.unwrap_or(Lease::new(NO_EPOCH)));
        let context = &plan.context;
        let delivery = Delivery::builder(Arc::clone(&plan.store), self.key.clone(), watched)
            .receivers(plan.channels.iter().cloned())
            .label(self.name)
            .service(context.service.clone())
            .instance(Some(context.instance.clone()))
            .external_url(context.external_url.clone())
            .recorder_ref(plan.recorder.clone())
            .start(saved)?;
        writing.lease = lease;
        *self.open.write() = Some(Open {
            book,
            delivery: Arc::new(delivery),
            is_provisional,
            _lease: sender,
        });
        Ok(())
    }

    fn book(&self, saved: &Saved, now: SystemTime) -> Result<Book, Error> {
        let plan = &self.plan;
        let (context, policies) = (Arc::clone(&plan.context), plan.policies.clone());
        let mut book = Book::open(context, policies, plan.limits, saved, now)?;
        if self.is_for_all() {
            book.share();
        }
        Ok(book)
    }

    pub(super) fn is_provisional(&self) -> bool {
        self.read(|open| open.is_provisional) == Some(true)
    }

    /// Writes the history and the outbox of a ledger that began in memory. Returns what code asked for meanwhile, because the saved
    /// ledger does not know it.
    async fn write_provisional(
        &self,
        writing: &mut Writing,
        lease: Lease,
        now: SystemTime,
    ) -> Result<Vec<Request>, Error> {
        // It goes on in memory if the saved ledger cannot be read.
        let saved = self.call(|store| store.load(&self.key)).await?;
        self.book(&saved, now)?;
        writing.lease = Some(lease);
        writing.in_doubt.get_or_insert(0);
        if let Some(waiting) = &mut writing.waiting {
            waiting.lease = lease;
        }
        self.write_rest(writing).await?;
        Ok(self
            .read(|open| open.book.kept_requests())
            .unwrap_or_default())
    }

    /// Changes the book as a person asked for. Refused while the ledger is in memory, because the saved one takes its place.
    pub(super) async fn act<R>(
        &self,
        now: SystemTime,
        change: impl FnOnce(&mut Book, &mut Step) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut writing = self.writing.lock().await;
        if self.is_provisional() {
            return Err(self.is_closed());
        }
        self.step(&mut writing, now, change).await
    }

    /// Changes the book, and writes what changed. The result is that of the change if the store takes it.
    pub(super) async fn run<R>(
        &self,
        now: SystemTime,
        change: impl FnOnce(&mut Book, &mut Step) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut writing = self.writing.lock().await;
        self.step(&mut writing, now, change).await
    }

    async fn step<R>(
        &self,
        writing: &mut Writing,
        now: SystemTime,
        change: impl FnOnce(&mut Book, &mut Step) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut step = Step::default();
        let result = {
            let mut open = self.open.write();
            let Some(open) = open.as_mut() else {
                return Err(self.is_closed());
            };
            let result = change(&mut open.book, &mut step);
            open.book.finish(now, &mut step);
            result
        };
        let is_provisional = self.is_provisional();
        if is_provisional {
            step.documents.clear();
        }
        writing.unsent.extend(step.queued.iter().cloned());
        let lease = writing.lease.unwrap_or(Lease::endless());
        let in_doubt = writing.in_doubt;
        let unsaved = writing
            .waiting
            .get_or_insert_with(|| Commit::new(self.key.clone(), lease, now));
        unsaved.in_doubt = in_doubt.unwrap_or(0);
        add(unsaved, step, now);
        let mut written = if is_provisional {
            // The saved ledger knows how long an engine watched.
            unsaved.seen = None;
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
                ledger = self.name,
                "the store refuses the alerts: another instance took them over"
            );
            self.close(writing);
        }
        self.note(written.as_ref().err());
        // Also if the store is away: a late record is better than a late alert.
        let queued = std::mem::take(&mut writing.unsent);
        if !queued.is_empty() {
            self.read(|open| open.delivery.enqueue(queued));
        }
        let result = result?;
        written.map(|()| result)
    }

    /// Writes what waits, and keeps it for the next step if that fails.
    async fn write(&self, writing: &mut Writing) -> Result<(), Error> {
        let Some(unsaved) = &writing.waiting else {
            return Ok(());
        };
        let is_late = writing.in_doubt.is_some();
        // Noted before, because the future may be dropped.
        writing.in_doubt = Some(unsaved.events.len());
        self.call(|store| store.commit(unsaved)).await?;
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

    /// Writes what waits, and the results of a delivery that has ended.
    async fn write_rest(&self, writing: &mut Writing) -> Result<(), Error> {
        self.write(writing).await?;
        let Some(delivery) = self.read(|open| Arc::clone(&open.delivery)) else {
            return Ok(());
        };
        let lease = writing.lease.unwrap_or(Lease::endless());
        loop {
            let mut commit = Commit::new(self.key.clone(), lease, None);
            if !delivery.fill_unrecorded(&mut commit) {
                return Ok(());
            }
            self.call(|store| store.commit(&commit)).await?;
            delivery.note_recorded();
        }
    }

    async fn lease(&self) -> Result<Option<Lease>, Error> {
        let ttl = self.plan.context.lease();
        self.call(|store| store.lease(&self.key, &self.holder, ttl))
            .await
    }

    fn close(&self, writing: &mut Writing) {
        *writing = Writing::default();
        drop(self.open.write().take());
    }

    /// Delivers what can be delivered by then, and gives the ledger back.
    pub(super) async fn shut_down(&self, deadline: Duration) {
        let mut writing = self.writing.lock().await;
        let open = self.open.write().take();
        if let Some(open) = open {
            open.delivery.drain(Instant::now() + deadline).await;
        }
        if let Some(lease) = writing.lease.take() {
            // Without it, the lease ends by itself.
            let _ = self.call(|store| store.release(&self.key, lease)).await;
        }
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

    fn note(&self, error: Option<&Error>) {
        *self.last_error.lock() = error.map(|error| logged(error));
        match self.outage.update(error.is_some()) {
            Some(Transition::Started) => tracing::error!(
                error = error.map(|error| logged(error)),
                ledger = self.name,
                "the store of the alerts fails: alerts go on, and are written later"
            ),
            Some(Transition::Ended) => {
                tracing::info!(ledger = self.name, "the store of the alerts works again");
            }
            None => {}
        }
    }

    async fn call<'a, T>(
        &'a self,
        call: impl FnOnce(&'a dyn AlertStore) -> BoxFuture<'a, Result<T, Error>>,
    ) -> Result<T, Error> {
        call_store(&*self.plan.store, call).await
    }
}
