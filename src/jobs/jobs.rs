//! `Jobs`: monitors jobs, and reads their history and their problems.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::handle::Handle;
use super::history::{JobStats, RunQuery};
use super::history_status::HistoryStatus;
use super::job::{Job, is_stored_name};
use super::monitor::Monitor;
use super::problem::Problem;
use super::problem_changes::ProblemChanges;
use super::run::Run;
use super::run_handle::{RunGuard, RunHandle};
use super::run_record::RunRecord;
use super::store_call::with_timeout;
use super::summary::{JobSummary, summaries};
use crate::error::{Error, ErrorKind};

/// The jobs of a service. A clone is cheap and shares the same jobs.
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
pub struct Jobs(pub(super) Handle);

impl Jobs {
    /// Monitors a future as a run of `job`, and returns the future's output.
    ///
    /// The run begins at the first poll and ends with the future: `Ok` is success and `Err` a failure. A panic is a failure
    /// too, and is passed on. A future that is dropped before it ends is a cancelled run.
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

    /// Like [`monitor`](Self::monitor), but passes the [`Run`] to the work.
    pub fn monitor_with<W, F, T, E>(&self, job: Job, work: W) -> Monitor<W, F>
    where
        W: FnOnce(Run) -> F,
        F: Future<Output = Result<T, E>>,
        E: fmt::Display,
    {
        Monitor::new(self.0.clone(), job, work)
    }

    /// Monitors a closure. It runs on the current thread, so call this where blocking is allowed (`spawn_blocking`).
    ///
    /// # Errors
    ///
    /// Returns the closure's error.
    pub fn monitor_blocking<T, E: fmt::Display>(
        &self,
        job: Job,
        work: impl FnOnce(&Run) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = RunGuard::begin(self.0.clone(), job, Value::Null);
        let result = guard.watch(work);
        guard.end_with(result)
    }

    /// Begins a run that ends when it is [finished](RunHandle::finish) or dropped.
    pub fn start(&self, job: Job) -> RunHandle {
        self.start_with(job, Value::Null)
    }

    /// Like [`start`](Self::start), with initial metadata: an object, or a value that is stored as `value`.
    pub fn start_with(&self, job: Job, metadata: Value) -> RunHandle {
        RunHandle::begin(self.0.clone(), job, metadata)
    }

    /// Returns a stream of problems that begin or end from now on.
    ///
    /// Each change is reported on one instance only, so subscribe on every instance. Earlier problems are in
    /// [`problems`](Self::problems).
    #[must_use]
    pub fn subscribe(&self) -> ProblemChanges {
        ProblemChanges::new(self.0.state.changes.subscribe())
    }

    /// Returns the open problems of the jobs known to this instance, as of the last evaluation, or as the history knew them
    /// at the start. Sorted by job.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.0.state.problems.lock().clone()
    }

    /// Returns whether this instance reaches the history, and how fresh its knowledge is. Never queries the history.
    #[must_use]
    pub fn history_status(&self) -> HistoryStatus {
        self.0.state.history_status()
    }

    /// Returns a check for [`Health`](crate::Health) that fails while a job known to this instance has a problem, and while
    /// the history cannot be reached: jobs are not judged then, and the message says since when and why. It never queries the
    /// history.
    ///
    /// A failure makes the service unhealthy. Make the check `optional` if the service works without its jobs.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use tower_vitals::health::Check;
    /// use tower_vitals::{Health, jobs::Jobs};
    ///
    /// let jobs = Jobs::builder().run()?;
    /// let health = Health::builder()
    ///     .check("jobs", jobs.health_check().optional())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn health_check(
        &self,
    ) -> impl Fn() -> Ready<Result<(), String>> + Clone + Send + Sync + use<> {
        // The check does not keep the tasks alive.
        let state = Arc::downgrade(&self.0.state);
        move || {
            let Some(state) = state.upgrade() else {
                return ready(Ok(()));
            };
            let open = state.problems.lock().clone();
            let problems = open.iter().map(|problem| {
                let kind = problem.kind.as_str().replace('_', " ");
                format!("{} is {kind} ({})", problem.job_name, problem.message)
            });
            let failure = state.history_status().failure();
            let reasons: Vec<_> = failure.into_iter().chain(problems).collect();
            ready(match &*reasons {
                [] => Ok(()),
                reasons => Err(reasons.join("; ")),
            })
        }
    }

    /// Returns the written runs that match a query, the latest first.
    ///
    /// # Errors
    ///
    /// Returns the history's error.
    pub async fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>, Error> {
        if query.job_name.as_deref().is_none_or(is_stored_name) {
            with_timeout(|| self.0.state.history.runs(query)).await
        } else {
            Ok(Vec::new())
        }
    }

    /// Returns statistics of all runs of a job, or `None` if it has never run.
    ///
    /// # Errors
    ///
    /// Returns the history's error.
    pub async fn stats(&self, job_name: &str) -> Result<Option<JobStats>, Error> {
        if is_stored_name(job_name) {
            with_timeout(|| self.0.state.history.stats(job_name)).await
        } else {
            Ok(None)
        }
    }

    /// Returns the last run of each job, by name.
    ///
    /// # Errors
    ///
    /// Returns the history's error.
    pub async fn last_runs(&self) -> Result<Vec<RunRecord>, Error> {
        with_timeout(|| self.0.state.history.last_runs()).await
    }

    /// Returns a summary of every job that is registered or has run, by name.
    ///
    /// # Errors
    ///
    /// Returns the history's error.
    pub async fn summaries(&self) -> Result<Vec<JobSummary>, Error> {
        summaries(&self.0.state).await
    }

    /// Returns the names of the jobs known to this instance.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = self.0.state.registry.all().into_iter();
        entries.map(|entry| entry.job.name().to_owned()).collect()
    }

    /// Waits until the history has every event that occurred before this call. There is no timeout.
    pub async fn flush(&self) {
        self.0.state.queue.flushed().await;
    }

    /// Like [`flush`](Self::flush), with a deadline. End all runs before: a later end may not be written, and a run that has
    /// not ended becomes lost.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if some events were not written by then. The message contains their number.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        if tokio::time::timeout(deadline, self.flush()).await.is_ok() {
            let running = self.0.state.running();
            if running > 0 {
                tracing::warn!(
                    running,
                    "jobs shut down with running runs: they become lost unless they end before the process"
                );
            }
            return Ok(());
        }
        let left = self.0.state.queue.len();
        Err(Error::new(
            ErrorKind::Io,
            format!("{left} job events could not be written to the history within {deadline:?}"),
        ))
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs")
            .field("names", &self.names())
            .field("instance", &self.0.state.instance)
            .field("history", &self.0.state.history)
            .finish_non_exhaustive()
    }
}
