use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;

use super::handle::Handle;
use super::history::{History, MemoryHistory, Retention};
use super::job::Job;
use super::jobs::Jobs;
use super::registry::Registry;
use super::state::State;
use super::tasks::Tasks;
use crate::error::Error;
use crate::host;
use crate::recorder::RecorderRef;

/// The longest name of an instance, in characters.
const MAX_INSTANCE: usize = 200;

/// The settings of [`Jobs`].
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::jobs::{Job, Jobs, MemoryHistory, Retention};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// const SWEEP: Job = Job::named("sweep");
/// let jobs = Jobs::builder()
///     .job(SWEEP)
///     .history(MemoryHistory::new())
///     .retention(Retention::new().age(Duration::from_secs(24 * 60 * 60)))
///     .instance("shop-1")
///     .run()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct JobsBuilder {
    jobs: Vec<Job>,
    history: Arc<dyn History>,
    retention: Retention,
    lease: Duration,
    failing_after: u32,
    max_queued: usize,
    instance: Option<String>,
    recorder: RecorderRef,
}

impl Jobs {
    /// Returns a builder. [`JobsBuilder::run`] starts the jobs.
    pub fn builder() -> JobsBuilder {
        JobsBuilder {
            jobs: Vec::new(),
            history: Arc::new(MemoryHistory::new()),
            retention: Retention::new(),
            lease: Duration::from_secs(60),
            failing_after: 3,
            max_queued: 10_000,
            instance: None,
            recorder: RecorderRef::default(),
        }
    }
}

impl JobsBuilder {
    /// Registers a job, so that it is known before its first run.
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// Sets the history that stores runs and problems. Defaults to [`MemoryHistory`].
    pub fn history(mut self, history: impl History) -> Self {
        self.history = Arc::new(history);
        self
    }

    /// Sets how long ended runs are kept. Defaults to 30 days, and the last 10,000 of each job and status.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the lease period: a run whose process dies is marked lost after at least this time. Defaults to a minute.
    ///
    /// Leases are renewed three times per period. An instance that has started, or lost contact with the history, waits one
    /// period before it marks runs lost.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how many failures of a job in a row are a [problem](super::ProblemKind::Failing).
    /// [`Job::failing_after`] takes precedence. Defaults to 3, as does `ALERT_THRESHOLD_JOB_FAILURES` of `Settings`.
    pub fn failing_after(mut self, failures: u32) -> Self {
        self.failing_after = failures;
        self
    }

    /// Sets how many events (starts and ends of runs) can wait for the history. Defaults to 10,000.
    pub fn max_queued(mut self, max: usize) -> Self {
        self.max_queued = max;
        self
    }

    /// Sets the name of this instance in the history. Defaults to the host name, or `unknown`.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    recorder_setter!(recorder);

    /// Starts the background tasks on the current tokio runtime. An unreachable history is not an error: it is retried, and
    /// jobs run meanwhile.
    ///
    /// # Errors
    ///
    /// One error that names every mistake: a job with an invalid name or schedule; two different jobs of one name; a lease
    /// below 1 s or above 24 h; a queue size or a number of failures of 0; an instance name that is empty, longer than 200
    /// characters or contains control characters; no tokio runtime.
    pub fn run(self) -> Result<Jobs, Error> {
        let mut mistakes = Vec::new();
        let leases = Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);
        if !leases.contains(&self.lease) {
            mistakes.push(format!(
                "lease is {:?}: 1 s to 24 h are allowed",
                self.lease
            ));
        }
        if self.failing_after == 0 {
            mistakes.push("failing_after is 0: at least 1 is required".to_owned());
        }
        if self.max_queued == 0 {
            mistakes.push("max_queued is 0: at least 1 is required".to_owned());
        }
        let instance = self.instance.unwrap_or_else(host::name);
        let length = instance.chars().count();
        if !(1..=MAX_INSTANCE).contains(&length) {
            mistakes.push(format!(
                "instance {instance:?} has {length} characters: 1 to {MAX_INSTANCE} are allowed"
            ));
        }
        if instance.contains(char::is_control) {
            mistakes.push(format!(
                "instance {instance:?} contains a control character: none is allowed"
            ));
        }
        let registry = Registry::new(&self.jobs, self.recorder, &mut mistakes);
        let runtime = runtime::Handle::try_current();
        let runtime = runtime.map_err(|_| "no tokio runtime: call run() within one");
        mistakes.extend(runtime.as_ref().err().map(ToString::to_string));
        Error::combine(mistakes.into_iter().map(Error::invalid))?;
        let runtime = runtime.map_err(Error::invalid)?;
        let state = Arc::new(State::new(
            instance,
            self.history,
            registry,
            self.max_queued,
            self.failing_after,
        ));
        let tasks = Tasks::start(Arc::clone(&state), self.lease, self.retention, runtime);
        Ok(Jobs(Handle {
            state,
            _tasks: Arc::new(tasks),
        }))
    }
}
