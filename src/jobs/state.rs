//! `State`: what the handles and the tasks of `Jobs` share.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::clock_steps::ClockSteps;
use super::contact::Contact;
use super::due::Clocks;
use super::history::{History, Registration, RunQuery};
use super::history_status::HistoryStatus;
use super::job_entry::JobEntry;
use super::lease_watch::Reading;
use super::problem::Problem;
use super::problem_changes::ProblemChange;
use super::queue::Queue;
use super::registry::Registry;
use super::run_id::new_id;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::store_call::{register, with_timeout};
use crate::broadcast::CAPACITY;
use crate::error::Error;
use crate::measure::Instant;
use crate::panics;

pub(super) struct State {
    /// Identifies this `Jobs` to the history. It has a new id after a restart.
    pub(super) id: Uuid,
    pub(super) instance: String,
    pub(super) history: Arc<dyn History>,
    pub(super) contact: Contact,
    pub(super) registry: Registry,
    pub(super) queue: Queue,
    /// The runs whose end is not written yet. Their leases are renewed.
    underway: Mutex<HashMap<Uuid, Underway>>,
    /// The last start of each job, by its name in the history, that was dropped before the history learned of it.
    untold_starts: Mutex<BTreeMap<String, SystemTime>>,
    /// The number of failures in a row that are a problem, unless the job overrides it.
    pub(super) failing_after: u32,
    /// The open problems of registered jobs, as of the last evaluation, or as the history knew them at the start.
    pub(super) problems: Mutex<Vec<Problem>>,
    pub(super) changes: broadcast::Sender<ProblemChange>,
    clock_steps: Mutex<ClockSteps>,
}

/// A run whose end is not written yet.
struct Underway {
    entry: Arc<JobEntry>,
    began: Instant,
    has_ended: bool,
    /// Whether the history has its start, or will receive it from the queue.
    is_told: bool,
}

/// The runs that have exceeded their job's `max_runtime`: by job, the longest first.
pub(super) type LongRuns = HashMap<String, Vec<LongRun>>;

/// A run that has exceeded its job's `max_runtime`.
#[derive(Clone)]
pub(super) struct LongRun {
    pub(super) id: Uuid,
    pub(super) excess: Duration,
    /// Whether the history has its start, or will receive it from the queue.
    pub(super) is_told: bool,
}

impl State {
    pub(super) fn new(
        instance: String,
        history: Arc<dyn History>,
        registry: Registry,
        max_queued: usize,
        failing_after: u32,
    ) -> Self {
        Self {
            id: new_id(),
            instance,
            history,
            contact: Contact::new(registry.recorder()),
            registry,
            queue: Queue::new(max_queued),
            underway: Mutex::default(),
            untold_starts: Mutex::default(),
            failing_after,
            problems: Mutex::default(),
            changes: broadcast::Sender::new(CAPACITY),
            clock_steps: Mutex::default(),
        }
    }

    /// Records the start or the end of a run: in the queue, and for its lease.
    pub(super) fn record(&self, entry: &Arc<JobEntry>, run: RunRecord) {
        let (id, has_ended) = (run.id, run.status != RunStatus::Running);
        let begin = || Underway {
            entry: Arc::clone(entry),
            began: Instant::now(),
            has_ended,
            is_told: true,
        };
        let mut underway = self.underway.lock();
        underway.entry(id).or_insert_with(begin).has_ended = has_ended;
        drop(underway);
        if let Some(dropped) = self.queue.push(run) {
            self.drop_event(&dropped);
            // The writer forgets a run when its end is written, and this end will not be.
            if has_ended && dropped.id == id {
                self.forget(&[id]);
            }
        }
    }

    /// Counts an event that the history will not receive.
    pub(super) fn drop_event(&self, event: &RunRecord) {
        if let Some(untold) = self.underway.lock().get_mut(&event.id) {
            untold.is_told = false;
        }
        if let Some(entry) = self.registry.of_run(event) {
            entry.count_dropped();
        }
        // An end may have replaced its start. The history does not count a start twice.
        let mut untold = self.untold_starts.lock();
        let last = untold.entry(event.job_name.clone());
        let last = last.or_insert(event.started_at);
        *last = event.started_at.max(*last);
    }

    /// Waits until the history knows every start on this instance, even if it was dropped. Returns the runs that were too long
    /// before.
    pub(super) async fn flush_starts(&self) -> Result<LongRuns, Error> {
        let untold = self.untold_starts.lock().clone();
        if !untold.is_empty() {
            let starts = untold.iter();
            let starts = starts.map(|(job, at)| Registration::new(job, None).last_start(*at));
            register(&*self.history, &starts.collect::<Vec<_>>()).await?;
            let mut left = self.untold_starts.lock();
            left.retain(|job, at| untold.get(job) != Some(at));
        }
        let long_runs = self.long_runs();
        let flushed = async {
            self.queue.flushed().await;
            Ok(())
        };
        with_timeout(|| Box::pin(flushed)).await?;
        Ok(long_runs)
    }

    /// Returns whether a run of this job is under way on any instance, if its schedule depends on it.
    pub(super) async fn is_under_way(&self, entry: &JobEntry) -> Result<bool, Error> {
        if !entry.schedule.is_from_last_end {
            return Ok(false);
        }
        let query = RunQuery::new().job_name(&entry.stored_name).limit(1);
        let query = query.status(RunStatus::Running);
        let running = with_timeout(|| self.history.runs(&query)).await?;
        Ok(!running.is_empty())
    }

    /// Notes that the history's clock was read, and returns the steps of clocks so far.
    pub(super) fn clock_steps(&self, clocks: Clocks) -> ClockSteps {
        let reading = Reading {
            monotonic: tokio::time::Instant::now(),
            local: clocks.after,
            history: clocks.history,
        };
        let mut steps = self.clock_steps.lock();
        steps.note(reading);
        steps.clone()
    }

    pub(super) fn history_status(&self) -> HistoryStatus {
        let unreadable = panics::caught_here(|| self.history.unreadable_rows());
        self.contact
            .status(self.queue.len(), unreadable.unwrap_or_default())
    }

    /// Stops renewing the leases of these runs.
    pub(super) fn forget(&self, runs: &[Uuid]) {
        let mut underway = self.underway.lock();
        for id in runs {
            underway.remove(id);
        }
    }

    /// Returns the runs whose leases are renewed.
    pub(super) fn leased(&self) -> Vec<Uuid> {
        self.underway.lock().keys().copied().collect()
    }

    /// Returns the number of runs that have not ended.
    pub(super) fn running(&self) -> usize {
        let underway = self.underway.lock();
        underway.values().filter(|run| !run.has_ended).count()
    }

    pub(super) fn long_runs(&self) -> LongRuns {
        let mut all = LongRuns::new();
        let underway = self.underway.lock();
        for (id, run) in underway.iter().filter(|(_, run)| !run.has_ended) {
            let job = &run.entry.job;
            let excess = |max| run.began.elapsed().checked_sub(max);
            if let Some(excess) = job.max_runtime.and_then(excess) {
                let (id, is_told) = (*id, run.is_told);
                let runs = all.entry(job.name().to_owned()).or_default();
                runs.push(LongRun {
                    id,
                    excess,
                    is_told,
                });
            }
        }
        drop(underway);
        for runs in all.values_mut() {
            runs.sort_by_key(|run| Reverse(run.excess));
        }
        all
    }
}
