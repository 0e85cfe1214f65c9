//! `Tasks`: the background tasks of `Jobs`. One writes events, one renews leases, one restores gauges, one evaluates jobs, one
//! prunes the history.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use super::evaluator::{Evaluator, restore};
use super::history::Retention;
use super::lease_watch::{LeaseStability, RENEWALS_PER_LEASE, Reading};
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::state::State;
use super::store_call::{OutageLog, register, with_timeout};
use super::writer::Writer;
use crate::error::Error;

/// The most leases that are renewed by one call.
const RENEW_BATCH: usize = 1000;

/// The longest time between evaluations. A short lease shortens it.
const EVALUATE_EVERY: Duration = Duration::from_secs(5);

/// Old runs are removed in batches, with pauses that let writers in.
const PRUNE_EVERY: Duration = Duration::from_secs(10 * 60);
const PRUNE_BATCH: usize = 500;
const PRUNE_PAUSE: Duration = Duration::from_millis(10);

/// How long the queue may take to empty once the last handle is dropped.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends the tasks when it is dropped. The writer first empties the queue.
pub(super) struct Tasks {
    state: Arc<State>,
    writer: AbortHandle,
    others: [AbortHandle; 4],
    runtime: Handle,
}

impl Tasks {
    pub(super) fn start(
        state: Arc<State>,
        lease: Duration,
        retention: Retention,
        runtime: Handle,
    ) -> Self {
        state.registry.register_counters();
        let shared = || Arc::clone(&state);
        // Whether the history has its tables and the registered jobs. Nothing else is asked of it before.
        let (prepared, is_prepared) = watch::channel(false);
        // Whether the history has been in contact for long enough to trust what it says about other instances.
        let (stable, is_stable) = watch::channel(false);
        let writer = Writer {
            state: shared(),
            lease,
            prepared,
        };
        let mut evaluator = Evaluator::new(shared(), is_stable);
        let evaluate_every = EVALUATE_EVERY.min(lease / RENEWALS_PER_LEASE);
        let writer = runtime.spawn(async move { writer.run().await });
        let others = [
            runtime.spawn(run_leases(shared(), lease, is_prepared.clone(), stable)),
            runtime.spawn(restore(shared(), is_prepared.clone())),
            runtime.spawn(prune(shared(), retention, is_prepared)),
            runtime.spawn(async move { evaluator.run(ticks(evaluate_every)).await }),
        ];
        Self {
            state,
            writer: writer.abort_handle(),
            others: others.map(|task| task.abort_handle()),
            runtime,
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.others.iter().for_each(AbortHandle::abort);
        let (state, writer) = (Arc::clone(&self.state), self.writer.clone());
        if state.queue.len() == 0 {
            writer.abort();
            return;
        }
        // Does nothing if the runtime has shut down, which ends the writer too.
        self.runtime.spawn(async move {
            if timeout(FLUSH_TIMEOUT, state.queue.flushed()).await.is_err() {
                let left = state.queue.len();
                tracing::warn!(left, "job events could not be written to the history");
            }
            writer.abort();
        });
    }
}

fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Renews the leases of runs on this instance, and marks runs lost whose lease has expired.
async fn run_leases(
    state: Arc<State>,
    lease: Duration,
    mut is_prepared: watch::Receiver<bool>,
    stable: watch::Sender<bool>,
) {
    if is_prepared.wait_for(|it| *it).await.is_err() {
        return;
    }
    let mut ticks = ticks(lease / RENEWALS_PER_LEASE);
    let mut stability = LeaseStability::new(lease);
    let renewals = OutageLog::new(&state.contact, "renew leases");
    let reaps = OutageLog::new(&state.contact, "mark lost runs");
    loop {
        ticks.tick().await;
        if let Ok(history) = renewals.log(renew(&state, lease).await) {
            state.contact.wrote();
            stability.renewed(Reading {
                monotonic: Instant::now(),
                local: SystemTime::now(),
                history,
            });
            if stability.may_reap() {
                // Up to the time of the renewal: until then all other instances could renew their leases.
                let lost = with_timeout(|| state.history.reap(history)).await;
                match reaps.log(lost) {
                    Ok(lost) => lost.iter().for_each(|run| report_lost(&state, run)),
                    Err(_) => stability.failed(),
                }
            }
        } else {
            stability.failed();
        }
        stable.send_replace(stability.may_reap());
    }
}

/// Renews all leases and returns the history's time.
async fn renew(state: &State, lease: Duration) -> Result<SystemTime, Error> {
    let runs = state.leased();
    let mut batches = runs.chunks(RENEW_BATCH);
    // Without runs an empty batch is renewed, because the call also shows whether the history is reachable.
    let mut batch = batches.next().unwrap_or_default();
    loop {
        let now = with_timeout(|| state.history.renew(batch, lease)).await?;
        match batches.next() {
            Some(next) => batch = next,
            None => return Ok(now),
        }
    }
}

fn report_lost(state: &State, run: &RunRecord) {
    tracing::warn!(
        job = run.job_name,
        run = %run.id,
        instance = run.instance,
        "a run is lost: its lease expired"
    );
    if let Some(entry) = state.registry.of_run(run) {
        entry.count(RunStatus::Lost);
    }
}

/// Removes old runs, and confirms that this instance still has its jobs.
async fn prune(state: Arc<State>, retention: Retention, mut is_prepared: watch::Receiver<bool>) {
    if is_prepared.wait_for(|it| *it).await.is_err() {
        return;
    }
    let mut ticks = ticks(PRUNE_EVERY);
    let registrations = OutageLog::new(None, "register jobs");
    let prunes = OutageLog::new(None, "prune runs");
    loop {
        ticks.tick().await;
        // Without their schedules, because instances may have different ones.
        let mut jobs = state.registry.registrations();
        for job in &mut jobs {
            job.schedule = None;
        }
        // A failure is logged, and retried at the next tick.
        let _ = registrations.log(register(&*state.history, &jobs).await);
        let prune = || state.history.prune(&retention, PRUNE_BATCH);
        while let Ok(PRUNE_BATCH..) = prunes.log(with_timeout(prune).await) {
            sleep(PRUNE_PAUSE).await;
        }
    }
}
