//! A run that is under way.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::record::{RunRecord, RunStatus};
use super::registered::Registered;
use super::registry::Jobs;
use crate::measure::Instant;

/// Values that a run may set; what comes after is left out.
const MAX_VALUES: usize = 64;

/// A run, as the work within sees it: what it tells of itself here is in its history.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_vitals::jobs::{Job, Jobs};
///
/// const IMPORT: Job = Job::named("import");
/// let jobs = Jobs::builder().run()?;
/// jobs.monitor_with(IMPORT, |run| async move {
///     run.set("rows", 120);
///     if 120 < 200 {
///         run.fail("fewer rows than there ever were");
///     }
///     Ok::<_, std::io::Error>(())
/// })
/// .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Run {
    id: Uuid,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    metadata: Map<String, Value>,
    failure: Option<String>,
}

impl Run {
    /// Its id in the history.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Adds to its metadata, or changes it. At most 64 values; secrets are redacted before they are kept.
    pub fn set(&self, name: impl Into<String>, value: impl Into<Value>) {
        let (mut notes, name) = (self.notes(), name.into());
        if notes.metadata.len() < MAX_VALUES || notes.metadata.contains_key(&name) {
            notes.metadata.insert(name, value.into());
        }
    }

    /// It failed, whatever its work gives: this is why.
    pub fn fail(&self, error: impl fmt::Display) {
        self.notes().failure = Some(error.to_string());
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A run that somebody holds, for what is no future: it ends when it is [finished](Self::finish); dropped before, it was
/// cancelled, or failed if that was a panic.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::jobs::{Job, Jobs};
///
/// const REINDEX: Job = Job::named("reindex");
/// let jobs = Jobs::builder().run()?;
/// let run = jobs.start(REINDEX);
/// run.set("documents", 3);
/// run.finish();
/// # Ok(()) }
/// ```
#[must_use = "a run that is dropped was cancelled"]
pub struct StartedRun {
    run: Run,
    /// With the tasks that write: what ends here is to be written, whoever else has let go.
    jobs: Jobs,
    job: Arc<Registered>,
    began: Instant,
    is_counted: bool,
    /// Taken when it ends.
    record: Option<RunRecord>,
}

impl StartedRun {
    pub(super) fn begin(jobs: Jobs, job: Arc<Registered>, metadata: Map<String, Value>) -> Self {
        let record = RunRecord::begin(job.plan.job.name(), &jobs.inner.instance, metadata.clone());
        let is_counted = job.begun();
        jobs.inner.begun(&job, &record);
        let notes = Notes {
            metadata,
            failure: None,
        };
        Self {
            run: Run {
                id: record.id,
                notes: Arc::new(Mutex::new(notes)),
            },
            jobs,
            job,
            began: Instant::now(),
            is_counted,
            record: Some(record),
        }
    }

    /// The run, to be handed to the work within.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run.clone()
    }

    /// It ended well, unless it was said to have [failed](Run::fail).
    pub fn finish(mut self) {
        self.end(RunStatus::Success, None);
    }

    pub(super) fn end(&mut self, status: RunStatus, error: Option<&str>) {
        let Some(record) = self.record.take() else {
            return;
        };
        let duration: Duration = self.began.elapsed();
        let (metadata, failure) = {
            let mut notes = self.run.notes();
            (std::mem::take(&mut notes.metadata), notes.failure.take())
        };
        let (status, error) = match (status, &failure) {
            (RunStatus::Success, Some(failure)) => (RunStatus::Failed, Some(&**failure)),
            (status, failure) => (status, error.or(failure.as_deref())),
        };
        self.job.ended(status, duration, self.is_counted);
        let record = record.ended(status, duration, error, metadata);
        self.jobs.inner.ended(record);
    }
}

impl Deref for StartedRun {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl Drop for StartedRun {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.end(RunStatus::Failed, Some("panicked"));
        } else {
            self.end(RunStatus::Cancelled, None);
        }
    }
}

impl fmt::Debug for StartedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedRun")
            .field("job", &self.job.plan.job.name())
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
