//! The tasks behind [`Jobs`](super::Jobs): one writes what happened, one looks after leases, one removes what is
//! old, one looks whether jobs are as expected.

use std::collections::HashMap;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use uuid::Uuid;

use super::contact::{Contact, Reading, TICKS_A_LEASE};
use super::history::{Answer, History, Registration, Retention};
use super::record::{RunRecord, RunStatus};
use super::registry::Inner;
use super::watch::watch;
use crate::error::{Error, ErrorKind, with_sources};
use crate::panics;
use crate::redact::redact_line;

/// Bytes of an error that are logged.
const MAX_ERROR: usize = 1024;

/// Events that are written at once.
const BATCH: usize = 1000;

/// How long the history may take for one thing. What hangs longer is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether jobs are as expected, at the least.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Between attempts, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
        let (writer, leases, pruner) = (keeper.clone(), keeper.clone(), keeper.clone());
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

    /// Whatever was put into the queue, in its order, each until it is written.
    async fn write(&self) {
        self.until_it_works("be prepared", || self.jobs.history.prepare())
            .await;
        let known = self.jobs.registrations();
        self.until_it_works("be told of jobs", || {
            Box::pin(register(&*self.jobs.history, &known))
        })
        .await;
        // How many events are tried each alone, for one of them is refused; and that one then, as bare as it can be.
        let (mut alone, mut refused) = (0_usize, None);
        loop {
            self.jobs.queue.filled().await;
            let most = if alone > 0 { 1 } else { BATCH };
            let written = self
                .until_it_works("be written to", || self.write_some(most, refused))
                .await;
            if let Written::Refused(runs, error) = written {
                let again = match &*runs {
                    [run] if refused == Some(event_of(run)) => {
                        self.leave_out(run, &error);
                        false
                    }
                    [run] => {
                        report_refused(run, &error, "what a run tells of itself");
                        refused = Some(event_of(run));
                        alone = alone.max(1);
                        true
                    }
                    _ => {
                        alone = BATCH;
                        true
                    }
                };
                if again {
                    self.jobs.queue.unsettle();
                    continue;
                }
            }
            refused = None;
            alone = alone.saturating_sub(1);
            let ended = self.jobs.queue.settle();
            let mut running = self.jobs.running();
            for id in ended {
                running.remove(&id);
            }
        }
    }

    /// What is first in the queue, anew at each attempt: meanwhile an end may have taken its start's place.
    /// The event that was refused alone, should it be first still, goes without what its run tells of itself.
    fn write_some(&self, most: usize, refused: Option<Event>) -> Answer<'_, Written> {
        let mut batch = latest(self.jobs.queue.batch(most));
        if let [run] = &mut *batch
            && refused == Some(event_of(run))
        {
            run.strip();
        }
        Box::pin(async move {
            match self.jobs.history.write(&batch, self.lease).await {
                Ok(()) => Ok(Written::All),
                Err(error) if error.kind() == ErrorKind::Refused => {
                    Ok(Written::Refused(batch, error))
                }
                Err(error) => {
                    self.jobs.queue.unsettle();
                    Err(error)
                }
            }
        })
    }

    fn leave_out(&self, run: &RunRecord, error: &Error) {
        report_refused(run, error, "a run, which is left out");
        self.jobs.leave_out(run);
        // An end may have been its start as well; told twice, a start is the same.
        if let Some(job) = self.jobs.of_record(run) {
            job.has_not_told(run.started_at);
        }
    }

    /// Says once that the history is down, and once that it is back.
    async fn until_it_works<'a, T>(&'a self, what: &str, attempt: impl Fn() -> Answer<'a, T>) -> T {
        let mut pause = FIRST_PAUSE;
        let mut is_down = false;
        loop {
            match patiently(&attempt).await {
                Ok(done) => {
                    if is_down {
                        tracing::info!("the history of jobs is back");
                    }
                    return done;
                }
                Err(error) => {
                    if !is_down {
                        tracing::warn!(
                            error = redact_line(&with_sources(&error), MAX_ERROR),
                            "the history of jobs cannot {what}: tried again until it can"
                        );
                    }
                    is_down = true;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Renews those of what runs here, and ends what has none any more.
    async fn look_after_leases(&self) {
        let mut ticks = interval(self.lease / TICKS_A_LEASE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut contact = Contact::new(self.lease);
        loop {
            ticks.tick().await;
            // A failure needs no word: the writer has said so.
            if let Ok(theirs) = self.renew().await {
                contact.renewed(Reading {
                    steady: Instant::now(),
                    own: SystemTime::now(),
                    theirs,
                });
                if contact.is_settled() {
                    // By the time of the renewal: whatever comes between, all others could renew theirs until then.
                    match patiently(|| self.jobs.history.reap(theirs)).await {
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
        let mut ticks = interval(PRUNE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // What no instance says to have is gone. Of schedules it says nothing, for instances may differ.
            let mut known = self.jobs.registrations();
            for job in &mut known {
                job.schedule = None;
            }
            let _ = register(&*self.jobs.history, &known).await;
            while let Ok(PRUNE_AT_ONCE..) =
                patiently(|| self.jobs.history.prune(&self.retention, PRUNE_AT_ONCE)).await
            {
                sleep(PRUNE_PAUSE).await;
            }
        }
    }
}

/// A run's start, or how it ended.
type Event = (Uuid, RunStatus);

fn event_of(run: &RunRecord) -> Event {
    (run.id, run.status)
}

/// Each alone, should one of them be refused: that one then is not known there, and no other's fault.
pub(super) async fn register(history: &dyn History, jobs: &[Registration]) -> Result<(), Error> {
    let is_refused = |error: &Error| error.kind() == ErrorKind::Refused;
    match patiently(|| history.register(jobs)).await {
        Err(error) if is_refused(&error) => {}
        told => return told,
    }
    for job in jobs {
        match patiently(|| history.register(slice::from_ref(job))).await {
            Err(error) if is_refused(&error) => tracing::warn!(
                job = job.job_name,
                error = redact_line(&with_sources(&error), MAX_ERROR),
                "the history of jobs does not take a job"
            ),
            told => told?,
        }
    }
    Ok(())
}

fn report_refused(run: &RunRecord, error: &Error, what: &str) {
    tracing::warn!(
        job = run.job_name,
        run = %run.id,
        error = redact_line(&with_sources(error), MAX_ERROR),
        "the history of jobs does not take {what}"
    );
}

/// What became of a batch.
enum Written {
    All,
    /// One of these is why.
    Refused(Vec<RunRecord>, Error),
}

/// Asked within what is caught: a history may panic before it gives what is to be awaited.
pub(super) async fn patiently<'a, T>(ask: impl FnOnce() -> Answer<'a, T>) -> Result<T, Error> {
    let failed = |what: String| Err(Error::new(ErrorKind::Io, what));
    match timeout(PATIENCE, panics::caught(async { ask().await })).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(panic)) => failed(format!(
            "the history of jobs panicked: {}",
            panics::message(&*panic)
        )),
        Err(_) => failed(format!(
            "the history of jobs has not answered within {PATIENCE:?}"
        )),
    }
}

/// Of several events of one run the last, in the place of the first: it says all that they did.
fn latest(batch: Vec<RunRecord>) -> Vec<RunRecord> {
    let mut places: HashMap<Uuid, usize> = HashMap::new();
    let mut latest: Vec<RunRecord> = Vec::with_capacity(batch.len());
    for run in batch {
        if let Some(place) = places.get(&run.id) {
            latest[*place] = run;
        } else {
            places.insert(run.id, latest.len());
            latest.push(run);
        }
    }
    latest
}
