//! Settings of [`Jobs`].

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use metrics::Recorder;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::history::{History, MemoryHistory, Retention};
use super::job::Job;
use super::keeper::Keeper;
use super::queue::Queue;
use super::registered::Registered;
use super::registry::{Inner, Jobs};
use crate::broadcast::CAPACITY;
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Settings of [`Jobs`].
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
///     .retention(Retention::new().age(Duration::from_hours(24)))
///     .instance("shop-1")
///     .run()?;
/// # Ok(()) }
/// ```
#[must_use]
pub struct Builder {
    jobs: Vec<Job>,
    history: Arc<dyn History>,
    retention: Retention,
    lease: Duration,
    failing_after: u32,
    max_queued: usize,
    instance: Option<String>,
    recorder: RecorderRef,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            jobs: Vec::new(),
            history: Arc::new(MemoryHistory::new()),
            retention: Retention::new(),
            lease: Duration::from_mins(1),
            failing_after: 3,
            max_queued: 10_000,
            instance: None,
            recorder: RecorderRef::default(),
        }
    }

    /// Registers a job: it is known before its first run.
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// Where runs are kept. Defaults to [`MemoryHistory`].
    pub fn history(mut self, history: impl History) -> Self {
        self.history = Arc::new(history);
        self
    }

    /// How long ended runs are kept. Defaults to 30 days and the last 10,000 of each job and status.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How long after its process is gone a run is lost, at the earliest: it is renewed three times in that time. Whoever
    /// finds it waits as long after its own start, and after an outage of the history. Defaults to a minute.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// So many failures of a job in a row are a [problem](super::ProblemKind::Failing), unless the job
    /// [says otherwise](Job::failing_after). Defaults to 3, as `ALERT_THRESHOLD_JOB_FAILURES` of `Settings` does.
    pub fn failing_after(mut self, failures: u32) -> Self {
        self.failing_after = failures;
        self
    }

    /// How many starts and ends may wait for a history that is slow or down. Defaults to 10,000.
    pub fn max_queued(mut self, max: usize) -> Self {
        self.max_queued = max;
        self
    }

    /// The name of this instance in the history. Defaults to the host's name, or `unknown`.
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    /// Records to this recorder. Defaults to the facade's.
    pub fn recorder(mut self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.recorder = RecorderRef::new(recorder);
        self
    }

    /// Starts the tasks that write, renew and prune, on the current tokio runtime. A history that cannot be reached is no
    /// error: jobs run, and it is tried again.
    ///
    /// # Errors
    ///
    /// A job whose name, schedule or time zone is wrong, or two different ones of one name; a lease below a second or above a
    /// day, a queue or a number of failures of zero, an instance of no or over 200 characters; no tokio runtime to run on.
    pub fn run(self) -> Result<Jobs, Error> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::invalid("jobs have no tokio runtime to run on: call run() within one")
        })?;
        let leases = Duration::from_secs(1)..=Duration::from_hours(24);
        if !leases.contains(&self.lease) {
            return Err(Error::invalid(format!(
                "lease is {:?}: 1 s to 24 h are allowed, a minute is the default",
                self.lease
            )));
        }
        if self.failing_after == 0 {
            return Err(Error::invalid(
                "jobs are failing after 0 failures: at least 1 is needed, 3 is the default",
            ));
        }
        if self.max_queued == 0 {
            return Err(Error::invalid(
                "the queue may hold 0 events: at least 1 is needed, 10,000 is the default",
            ));
        }
        let instance = self.instance.unwrap_or_else(host_name);
        let length = instance.chars().count();
        if !(1..=200).contains(&length) || instance.chars().any(char::is_control) {
            return Err(Error::invalid(format!(
                "instance {instance:?} has {length} characters: 1 to 200 are allowed, and no control characters"
            )));
        }
        let known = known(&self.jobs, &self.recorder)?;
        let inner = Arc::new(Inner {
            id: Uuid::now_v7(),
            instance,
            history: self.history,
            recorder: self.recorder,
            queue: Queue::new(self.max_queued),
            known: RwLock::new(known),
            running: Mutex::default(),
            is_prepared: watch::Sender::new(false),
            is_settled: AtomicBool::new(false),
            failing_after: self.failing_after,
            problems: Mutex::default(),
            changes: broadcast::channel(CAPACITY).0,
        });
        let keeper = Keeper {
            jobs: Arc::clone(&inner),
            lease: self.lease,
            retention: self.retention,
        };
        Ok(Jobs {
            inner,
            _tasks: Arc::new(keeper.start(runtime)),
        })
    }
}

fn known(
    jobs: &[Job],
    recorder: &RecorderRef,
) -> Result<HashMap<&'static str, Arc<Registered>>, Error> {
    let mut known: HashMap<_, Arc<Registered>> = HashMap::new();
    for job in jobs {
        if let Some(other) = known.get(job.name()) {
            if other.plan.job == *job {
                continue;
            }
            return Err(Error::invalid(format!(
                "two jobs are named {:?} and differ: each needs a name of its own",
                job.name()
            )));
        }
        let registered = Registered::new(job.plan()?, recorder);
        known.insert(job.name(), Arc::new(registered));
    }
    Ok(known)
}

/// As the shell and the container runtime tell it.
fn host_name() -> String {
    let file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or_else(file);
    name.map(|name| {
        name.trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect()
    })
    .filter(|name: &String| !name.is_empty())
    .unwrap_or_else(|| "unknown".to_owned())
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("jobs", &self.jobs)
            .field("history", &self.history)
            .field("retention", &self.retention)
            .field("lease", &self.lease)
            .field("failing_after", &self.failing_after)
            .field("max_queued", &self.max_queued)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
