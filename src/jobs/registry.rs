//! `Jobs`: the jobs of a service, and what runs.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::builder::Builder;
use super::changes::{ProblemChange, ProblemChanges};
use super::history::{History, JobStats, Registration, RunQuery};
use super::job::Job;
use super::keeper::Tasks;
use super::monitor::Monitor;
use super::monitored::Monitored;
use super::plan::Plan;
use super::problem::Problem;
use super::queue::Queue;
use super::record::{RunRecord, is_name, name_of};
use super::registered::Registered;
use super::run::{Run, StartedRun};
use crate::error::{Error, ErrorKind};
use crate::measure::Instant;
use crate::recorder::RecorderRef;

/// The jobs of a service: a cheap handle, cloned to wherever jobs run.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_vitals::jobs::{Job, Jobs, RunQuery};
///
/// const SWEEP: Job = Job::named("sweep");
/// let jobs = Jobs::builder().job(SWEEP).run()?;
/// jobs.monitor(SWEEP, async { Ok::<_, std::io::Error>(()) }).await?;
///
/// jobs.flush().await;
/// let runs = jobs.runs(&RunQuery::new().job_name("sweep")).await?;
/// assert_eq!(runs.len(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Jobs {
    pub(super) inner: Arc<Inner>,
    /// Dropped with the last handle, which ends the tasks.
    pub(super) _tasks: Arc<Tasks>,
}

pub(super) struct Inner {
    /// Of this value: no other has it, not even after a restart.
    pub(super) id: Uuid,
    pub(super) instance: String,
    pub(super) history: Arc<dyn History>,
    pub(super) recorder: RecorderRef,
    pub(super) queue: Queue,
    pub(super) known: RwLock<HashMap<&'static str, Arc<Registered>>>,
    /// What runs here, or has ended and is not yet written: whose leases are renewed.
    pub(super) running: Mutex<HashMap<Uuid, Underway>>,
    /// Whether the history has its tables, and knows the jobs.
    pub(super) is_prepared: watch::Sender<bool>,
    /// Whether the history has been there for long enough to be judged by.
    pub(super) is_settled: AtomicBool,
    /// Failures in a row that are a problem, unless a job says otherwise.
    pub(super) failing_after: u32,
    /// What was wrong with the jobs that are known here when it was last looked at.
    pub(super) problems: Mutex<Vec<Problem>>,
    pub(super) changes: broadcast::Sender<ProblemChange>,
}

/// A run that is not yet written as ended.
#[derive(Clone)]
pub(super) struct Underway {
    job_name: &'static str,
    began: Instant,
    has_ended: bool,
    /// Whether the history has its start, or will have it.
    is_told: bool,
}

/// A run that takes longer than it may.
pub(super) struct LongRun {
    pub(super) id: Uuid,
    /// By so much.
    pub(super) over: Duration,
    /// Whether the history has its start, or will have it.
    pub(super) is_told: bool,
}

impl Inner {
    /// One that nobody registered is from now on.
    fn registered(&self, job: Job) -> Arc<Registered> {
        if let Some(registered) = self.known(job.name()) {
            if registered.plan.job != job {
                registered.warn_of_another();
            }
            return registered;
        }
        let plan = job.plan().unwrap_or_else(|error| {
            tracing::error!(job = job.name(), %error, "a job that was not registered is wrong: it is expected at no time");
            Plan::never(job)
        });
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let registered = known
            .entry(job.name())
            .or_insert_with(|| Arc::new(Registered::new(plan, &self.recorder)));
        Arc::clone(registered)
    }

    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Underway>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn problems(&self) -> MutexGuard<'_, Vec<Problem>> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of each job the runs here that take longer than they may, the longest first.
    pub(super) fn long_runs(&self) -> HashMap<&'static str, Vec<LongRun>> {
        let running = self.running();
        let underway = running.iter().filter(|(_, run)| !run.has_ended);
        let underway: Vec<_> = underway.map(|(id, run)| (*id, run.clone())).collect();
        drop(running);
        let mut all: HashMap<_, Vec<LongRun>> = HashMap::new();
        for (id, run) in underway {
            let max = self
                .known(run.job_name)
                .and_then(|job| job.plan.job.longest());
            if let Some(over) = max.and_then(|max| run.began.elapsed().checked_sub(max)) {
                let is_told = run.is_told;
                let runs = all.entry(run.job_name).or_default();
                runs.push(LongRun { id, over, is_told });
            }
        }
        for runs in all.values_mut() {
            runs.sort_by_key(|run| Reverse(run.over));
        }
        all
    }

    pub(super) fn begun(&self, job: &Registered, run: &RunRecord) {
        let underway = Underway {
            job_name: job.plan.job.name(),
            began: Instant::now(),
            has_ended: false,
            is_told: true,
        };
        self.running().insert(run.id, underway);
        self.keep(run.clone());
    }

    pub(super) fn ended(&self, run: RunRecord) {
        let id = run.id;
        if let Some(underway) = self.running().get_mut(&id) {
            underway.has_ended = true;
        }
        if !self.keep(run) {
            self.running().remove(&id);
        }
    }

    /// Until the history has its tables, and knows the jobs: before that it is asked nothing.
    pub(super) async fn prepared(&self) {
        // It cannot be closed while this is here.
        let _ = self.is_prepared.subscribe().wait_for(|is| *is).await;
    }

    /// How many runs have not ended.
    fn underway(&self) -> usize {
        let running = self.running();
        running.values().filter(|run| !run.has_ended).count()
    }

    /// Whether this event will be in the history.
    fn keep(&self, run: RunRecord) -> bool {
        let id = run.id;
        let Some(given_up) = self.queue.put(run) else {
            return true;
        };
        self.leave_out(&given_up);
        given_up.id != id
    }

    /// An event that the history will not learn of: counted, and known of its run.
    pub(super) fn leave_out(&self, event: &RunRecord) {
        if let Some(untold) = self.running().get_mut(&event.id) {
            untold.is_told = false;
        }
        if let Some(job) = self.of_record(event) {
            job.drop_event(event);
        }
    }

    /// The job of a run, whose name may be another than it has in the history.
    pub(super) fn of_record(&self, run: &RunRecord) -> Option<Arc<Registered>> {
        let by_its_record = || {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let mut all = known.values();
            all.find(|job| name_of(job.plan.job.name()) == run.job_name)
                .cloned()
        };
        self.known(&run.job_name).or_else(by_its_record)
    }

    pub(super) fn known(&self, job_name: &str) -> Option<Arc<Registered>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(job_name).cloned()
    }

    /// Of those whose names the history has as they are.
    pub(super) fn registrations(&self) -> Vec<Registration> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let jobs = known.values().map(|job| job.plan.job);
        jobs.filter(|job| is_name(job.name()))
            .map(|job| Registration::new(job.name(), job.schedule()))
            .collect()
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = known.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

impl Jobs {
    /// Settings first, then [`Builder::run`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Gives what the future gives. The run begins when this is first polled, and ends with it: `Ok` is success, `Err` a
    /// failure with its message, a panic a failure that goes on its way; dropped before it ended, it was cancelled.
    pub fn monitor<F, T, E>(
        &self,
        job: Job,
        work: F,
    ) -> Monitor<impl FnOnce(Run) -> F + use<F, T, E>, F>
    where
        F: Future<Output = Result<T, E>>,
        E: fmt::Display,
    {
        self.monitor_with(job, |_| work)
    }

    /// As [`monitor`](Self::monitor), with the [`Run`] for the work to tell what it did.
    pub fn monitor_with<W, F, T, E>(&self, job: Job, work: W) -> Monitor<W, F>
    where
        W: FnOnce(Run) -> F,
        F: Future<Output = Result<T, E>>,
        E: fmt::Display,
    {
        Monitor::new(self.clone(), job, work)
    }

    /// Runs a closure here, on this thread, until it ends: call it where blocking is allowed (`spawn_blocking`).
    ///
    /// # Errors
    ///
    /// The closure's own, and no other.
    pub fn monitor_blocking<T, E: fmt::Display>(
        &self,
        job: Job,
        work: impl FnOnce(&Run) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut monitored = Monitored::new(self.start(job));
        let run = monitored.run();
        let result = monitored.watch(|| work(&run));
        monitored.end_with(result)
    }

    /// Begins a run that ends when it is [finished](StartedRun::finish) or dropped.
    pub fn start(&self, job: Job) -> StartedRun {
        self.start_with(job, Value::Null)
    }

    /// As [`start`](Self::start), with metadata that its history has from the start: an object; anything else is kept as
    /// `value`.
    pub fn start_with(&self, job: Job, metadata: Value) -> StartedRun {
        let registered = self.inner.registered(job);
        let metadata = match metadata {
            Value::Null => Map::new(),
            Value::Object(metadata) => metadata,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        StartedRun::begin(self.clone(), registered, metadata)
    }

    /// What goes wrong with jobs from now on, and what is well again.
    ///
    /// Each is told once, and by the instance that finds it first: whoever is to miss nothing subscribes on all instances.
    /// What was told before, by another or before a restart, is in [`problems`](Self::problems).
    #[must_use]
    pub fn subscribe(&self) -> ProblemChanges {
        ProblemChanges::new(self.inner.changes.subscribe())
    }

    /// What was wrong with the jobs that are known here when it was last looked at, by job.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.inner.problems().clone()
    }

    /// The runs that are asked for, the latest first, as far as they are written.
    ///
    /// # Errors
    ///
    /// The history's.
    pub async fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, Error> {
        if query.job_name.as_deref().is_none_or(is_name) {
            self.inner.history.runs(query).await
        } else {
            Ok(Vec::new())
        }
    }

    /// What is known of all runs of a job; none if there was none.
    ///
    /// # Errors
    ///
    /// The history's.
    pub async fn stats(&self, job_name: &str) -> Result<Option<JobStats>, Error> {
        if is_name(job_name) {
            self.inner.history.stats(job_name).await
        } else {
            Ok(None)
        }
    }

    /// The last run of each job, by name.
    ///
    /// # Errors
    ///
    /// The history's.
    pub async fn last_runs(&self) -> Result<Vec<RunRecord>, Error> {
        self.inner.history.last_runs().await
    }

    /// The names of the jobs that are known here.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.inner.names()
    }

    /// Until the history has all that happened before now: for as long as it takes.
    pub async fn flush(&self) {
        self.inner.queue.flushed().await;
    }

    /// [`flush`](Self::flush), within a deadline. End what runs before: an end that comes after it may not be written, and a
    /// run that is under way is lost with its process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it could not all be written by then; the message says how much.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        if tokio::time::timeout(deadline, self.flush()).await.is_ok() {
            let running = self.inner.underway();
            if running > 0 {
                tracing::warn!(
                    running,
                    "runs are under way at the shutdown of jobs: end them before it, or they are lost"
                );
            }
            return Ok(());
        }
        let left = self.inner.queue.len();
        Err(Error::new(
            ErrorKind::Io,
            format!(
                "{left} starts and ends of jobs could not be written to the history within {deadline:?}"
            ),
        ))
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("names", &self.names())
            .field("instance", &self.inner.instance)
            .field("history", &self.inner.history)
            .finish_non_exhaustive()
    }
}
