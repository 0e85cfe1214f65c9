//! The tasks behind [`Jobs`](super::Jobs): one writes what happened, one looks after leases, one removes what is
//! old, one looks whether jobs are as expected.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

use super::ask::{Outage, patiently, register};
use super::contact::{Contact, Reading, TICKS_A_LEASE};
use super::history::Retention;
use super::record::{RunRecord, RunStatus};
use super::registry::Inner;
use super::watch::watch;
use super::writer::Writer;
use crate::error::Error;

/// Leases that are renewed at once.
const BATCH: usize = 1000;

/// How often it is looked whether jobs are as expected, at the least.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// How often what is too old is looked for, and how much of it goes at once: writers come in between.
const PRUNE_EVERY: Duration = Duration::from_mins(10);
const PRUNE_AT_ONCE: usize = 500;
const PRUNE_PAUSE: Duration = Duration::from_millis(10);

/// How long what is left may take to be written when nobody holds the jobs any more.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Ended with the last handle of the jobs, of which every run has one: the writer when it has written what is left.
pub(super) struct Tasks {
    jobs: Arc<Inner>,
    writer: AbortHandle,
    others: [AbortHandle; 3],
    runtime: Handle,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.others.iter().for_each(AbortHandle::abort);
        let (jobs, writer) = (Arc::clone(&self.jobs), self.writer.clone());
        if jobs.queue.len() == 0 {
            writer.abort();
            return;
        }
        // Should the runtime be gone, so is the writer.
        self.runtime.spawn(async move {
            if timeout(LAST_WORDS, jobs.queue.flushed()).await.is_err() {
                let left = jobs.queue.len();
                tracing::warn!(
                    left,
                    "starts and ends of jobs could not be written to their history"
                );
            }
            writer.abort();
        });
    }
}

pub(super) struct Keeper {
    pub(super) jobs: Arc<Inner>,
    pub(super) lease: Duration,
    pub(super) retention: Retention,
}

impl Keeper {
    pub(super) fn start(self, runtime: Handle) -> Tasks {
        let keeper = Arc::new(self);
        let jobs = Arc::clone(&keeper.jobs);
        let (leases, pruner) = (keeper.clone(), keeper.clone());
        let writer = Writer {
            jobs: Arc::clone(&jobs),
            lease: keeper.lease,
        };
        let every = WATCH_EVERY.min(keeper.lease / TICKS_A_LEASE);
        let writer = runtime.spawn(async move { writer.write().await });
        let others = [
            runtime.spawn(async move { leases.look_after_leases().await }),
            runtime.spawn(async move { pruner.prune().await }),
            runtime.spawn(async move { watch(&keeper.jobs, every).await }),
        ];
        Tasks {
            jobs,
            writer: writer.abort_handle(),
            others: others.map(|task| task.abort_handle()),
            runtime,
        }
    }

    /// Renews those of what runs here, and ends what has none any more.
    async fn look_after_leases(&self) {
        self.jobs.prepared().await;
        let mut ticks = interval(self.lease / TICKS_A_LEASE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut contact = Contact::new(self.lease);
        let (mut renewing, mut reaping) =
            (Outage::of("renew leases"), Outage::of("tell what is lost"));
        loop {
            ticks.tick().await;
            if let Ok(theirs) = renewing.tell(self.renew().await) {
                contact.renewed(Reading {
                    steady: Instant::now(),
                    own: SystemTime::now(),
                    theirs,
                });
                if contact.is_settled() {
                    // By the time of the renewal: whatever comes between, all others could renew theirs until then.
                    let lost = patiently(|| self.jobs.history.reap(theirs)).await;
                    match reaping.tell(lost) {
                        Ok(lost) => lost.iter().for_each(|run| self.report_lost(run)),
                        Err(_) => contact.failed(),
                    }
                }
            } else {
                contact.failed();
            }
            let is_settled = contact.is_settled();
            self.jobs.is_settled.store(is_settled, Ordering::Relaxed);
        }
    }

    /// All of it, and gives the history's time.
    async fn renew(&self) -> Result<SystemTime, Error> {
        let running: Vec<Uuid> = self.jobs.running().keys().copied().collect();
        // Also of none: that the history can be reached is what is asked.
        let mut chunks = running.chunks(BATCH);
        let mut some = chunks.next().unwrap_or_default();
        loop {
            let now = patiently(|| self.jobs.history.renew(some, self.lease)).await?;
            match chunks.next() {
                Some(next) => some = next,
                None => return Ok(now),
            }
        }
    }

    fn report_lost(&self, run: &RunRecord) {
        tracing::warn!(
            job = run.job_name,
            run = %run.id,
            instance = run.instance,
            "a run is lost: its process is gone"
        );
        if let Some(job) = self.jobs.of_record(run) {
            job.count(RunStatus::Lost);
        }
    }

    async fn prune(&self) {
        self.jobs.prepared().await;
        let mut ticks = interval(PRUNE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut registering, mut pruning) =
            (Outage::of("be told of jobs"), Outage::of("be pruned"));
        loop {
            ticks.tick().await;
            // What no instance says to have is gone. Of schedules it says nothing, for instances may differ.
            let mut known = self.jobs.registrations();
            for job in &mut known {
                job.schedule = None;
            }
            // What fails is said, and is done the next time.
            let _ = registering.tell(register(&*self.jobs.history, &known).await);
            let prune = || self.jobs.history.prune(&self.retention, PRUNE_AT_ONCE);
            while let Ok(PRUNE_AT_ONCE..) = pruning.tell(patiently(prune).await) {
                sleep(PRUNE_PAUSE).await;
            }
        }
    }
}
