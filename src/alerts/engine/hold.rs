//! Ledgers are taken, held on to, and given back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::book::Book;
use super::ledger::Ledger;
use super::open::Open;
use super::when::When;
use super::writing::Writing;
use crate::alerts::delivery::Delivery;
use crate::alerts::stores::{Commit, Lease, Saved};
use crate::error::Error;
use crate::panics;
use crate::process_mark;

/// The epoch of a ledger in memory, which no store gives.
const NO_EPOCH: u64 = i64::MAX as u64;

/// The part of the time of a shutdown that is left to give the ledger back, at most.
const LAST_CALL: Duration = Duration::from_secs(1);

impl Ledger {
    /// Takes the ledger, or holds on to it. Loads it when it is taken.
    pub(super) async fn hold(&self, when: When) {
        let mut writing = self.writing.lock().await;
        // Here, because the engine may end meanwhile.
        if self.has_ended.load(Ordering::Acquire) {
            return;
        }
        let mut result = self.try_hold(&mut writing, when).await;
        if result.is_err() && !self.is_open() && self.is_sole() {
            // No other instance tells of these alerts, so they begin in memory.
            result = self
                .open_with(&mut writing, &Saved::default(), None, when)
                .and(result);
        }
        self.note(result.err().as_ref());
    }

    pub(super) async fn try_hold(&self, writing: &mut Writing, when: When) -> Result<(), Error> {
        let lease = self.lease().await?;
        if self.is_provisional() {
            if let Some(lease) = lease {
                self.write_provisional(writing, lease, when).await?;
            }
            self.close(writing);
        }
        if lease.is_none() || lease != writing.lease {
            self.close(writing);
        }
        let Some(lease) = lease else {
            return Ok(());
        };
        if self.is_open() {
            return Ok(());
        }
        let saved = self.call(|store| store.load(&self.key)).await?;
        self.open_with(writing, &saved, Some(lease), when)?;
        // The step does them before it waits for anything.
        let requests = std::mem::take(&mut writing.requests);
        let renewed = self.read(|open| open.delivery.renewed());
        self.step(writing, when, |book, step, now| {
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
        when: When,
    ) -> Result<(), Error> {
        if self.has_ended.load(Ordering::Acquire) {
            return Ok(());
        }
        let plan = &self.plan;
        let is_provisional = lease.is_none();
        let mut book = self.book(saved, when)?;
        if is_provisional {
            book.keep_requests();
        }
        if let Some(counted) = &writing.counted {
            book.count_on_from(counted);
        }
        let (sender, watched) = watch::channel(lease.unwrap_or(Lease::new(NO_EPOCH)));
        let context = &plan.context;
        let delivery = Delivery::builder(Arc::clone(&plan.store), self.key.clone(), watched)
            .receivers(plan.channels.iter().cloned())
            .label(self.name())
            .losses(Arc::clone(&plan.losses))
            .sole(self.is_sole())
            .service(context.service.clone())
            .instance(Some(context.instance.clone()))
            .external_url(context.external_url.clone())
            .recorder_ref(plan.recorder.clone())
            .start(saved)?;
        delivery.allow_until(self.until());
        writing.lease = lease;
        *self.open.write() = Some(Open {
            book,
            delivery: Arc::new(delivery),
            is_provisional,
            _lease: sender,
        });
        Ok(())
    }

    fn book(&self, saved: &Saved, when: When) -> Result<Book, Error> {
        let plan = &self.plan;
        let (context, policies) = (Arc::clone(&plan.context), plan.policies.clone());
        let mut book = Book::open(context, policies, plan.limits, saved, when.read())?;
        if !self.is_sole() {
            book.share();
        }
        Ok(book)
    }

    /// Writes the history and the outbox of a ledger that began in memory.
    async fn write_provisional(
        &self,
        writing: &mut Writing,
        lease: Lease,
        when: When,
    ) -> Result<(), Error> {
        // It goes on in memory if the saved ledger cannot be read.
        let saved = self.call(|store| store.load(&self.key)).await?;
        self.book(&saved, when)?;
        writing.lease = Some(lease);
        writing.in_doubt.get_or_insert(0);
        if let Some(waiting) = &mut writing.waiting {
            waiting.lease = lease;
        }
        self.write_rest(writing).await
    }

    /// Writes what waits, and the results of a delivery that cannot record them, because it has no lease.
    async fn write_rest(&self, writing: &mut Writing) -> Result<(), Error> {
        self.write(writing).await?;
        let Some(delivery) = self.read(|open| Arc::clone(&open.delivery)) else {
            return Ok(());
        };
        let lease = writing.lease.unwrap_or(Lease::endless());
        let mut recording = delivery.recording().await?;
        loop {
            let mut commit = Commit::new(self.key.clone(), lease, None);
            if !recording.fill(&mut commit) {
                return Ok(());
            }
            self.call(|store| store.commit(&commit)).await?;
            recording.committed();
        }
    }

    /// Leases the ledger, also from a process that has ended.
    pub(super) async fn lease(&self) -> Result<Option<Lease>, Error> {
        let ttl = self.plan.context.lease();
        // By the store's clock, it ends later.
        let until = Instant::now().checked_add(ttl);
        let take = async || {
            self.call(|store| store.lease(&self.key, &self.holder, ttl))
                .await
        };
        let mut lease = take().await?;
        if lease.is_none()
            && let Some((holder, held)) = self.call(|store| store.holder(&self.key)).await?
            && holder
                .rsplit(' ')
                .next()
                .is_some_and(process_mark::has_ended)
        {
            self.call(|store| store.release(&self.key, held)).await?;
            lease = take().await?;
        }
        self.note_lease(lease.is_some(), until);
        Ok(lease)
    }

    /// Forgets the ledger, but for what another book must know.
    pub(super) fn close(&self, writing: &mut Writing) {
        let open = self.open.write().take();
        let Writing {
            mut requests,
            mut counted,
            ..
        } = std::mem::take(writing);
        if let Some(Open {
            book,
            is_provisional,
            ..
        }) = open
        {
            if is_provisional {
                let kept = book.kept_requests();
                requests.retain(|old| kept.iter().all(|new| new.id() != old.id()));
                requests.extend(kept);
            } else {
                counted = Some(book.into_counted());
            }
        }
        writing.requests = requests;
        writing.counted = counted;
    }

    /// Delivers what can be delivered by then, and gives the ledger back.
    pub(super) async fn shut_down(&self, deadline: Instant) {
        self.has_ended.store(true, Ordering::Release);
        let left = deadline.saturating_duration_since(Instant::now());
        let drained = deadline.checked_sub(LAST_CALL.min(left / 10));
        let drained = drained.unwrap_or(deadline);
        let writing = timeout_at(drained, self.writing.lock()).await;
        let open = self.open.write().take();
        if let Some(open) = open {
            open.delivery.drain(drained).await;
        }
        if let Ok(mut writing) = writing
            && let Some(lease) = writing.lease.take()
        {
            // Without it, the lease ends by itself.
            let release = self.call(|store| store.release(&self.key, lease));
            let _ = timeout_at(deadline, release).await;
        }
    }
}

/// An engine that is dropped gives its ledgers back, too, if the store answers.
impl Drop for Ledger {
    fn drop(&mut self) {
        let Some(lease) = self.writing.get_mut().lease.take() else {
            return;
        };
        let (plan, key) = (Arc::clone(&self.plan), self.key.clone());
        let runtime = plan.runtime.clone();
        let mut release = Box::pin(async move {
            // A failure leaves the lease to its end.
            let _ = panics::caught(async { plan.store.release(&key, lease).await }).await;
        });
        let _context = runtime.enter();
        // Memory answers at once.
        let polled = release
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_pending() {
            runtime.spawn(release);
        }
    }
}
