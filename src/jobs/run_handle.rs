//! `RunHandle`: a run that its caller ends.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::handle::Handle;
use super::job::Job;
use super::job_entry::JobEntry;
use super::run::Run;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use crate::measure::Instant;

/// A run that ends when it is [finished](Self::finish) or dropped, for work that is not a future.
///
/// A dropped run counts as cancelled, or as failed if the drop was part of a panic.
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
#[must_use = "a run that is dropped counts as cancelled"]
pub struct RunHandle {
    run: Run,
    handle: Handle,
    entry: Arc<JobEntry>,
    began: Instant,
    is_counted: bool,
    /// `None` once the run has ended.
    record: Option<RunRecord>,
}

impl RunHandle {
    pub(super) fn begin(handle: Handle, job: Job, metadata: Value) -> Self {
        let metadata = match metadata {
            Value::Null => Map::new(),
            Value::Object(metadata) => metadata,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        let state = &handle.state;
        let entry = state.registry.get_or_insert(job);
        let is_counted = entry.record_start();
        let record = RunRecord::begin(job.name(), &state.instance, metadata.clone());
        state.record(&entry, record.clone());
        Self {
            run: Run::new(record.id, metadata),
            handle,
            entry,
            began: Instant::now(),
            is_counted,
            record: Some(record),
        }
    }

    /// Returns the run, to pass it to the work.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run.clone()
    }

    /// Ends the run with success, unless it was marked as [failed](Run::fail).
    pub fn finish(mut self) {
        self.end(RunStatus::Success, None);
    }

    /// Does nothing if the run has ended already.
    pub(super) fn end(&mut self, status: RunStatus, error: Option<&str>) {
        let Some(record) = self.record.take() else {
            return;
        };
        let duration = self.began.elapsed();
        let notes = self.run.take_notes();
        let (status, error) = match (status, notes.failure.as_deref()) {
            (RunStatus::Success, Some(failure)) => (RunStatus::Failed, Some(failure)),
            (status, failure) => (status, error.or(failure)),
        };
        self.entry.record_end(status, duration, self.is_counted);
        let record = record.ended(status, duration, error, notes.metadata);
        self.handle.state.record(&self.entry, record);
    }
}

impl Deref for RunHandle {
    type Target = Run;

    fn deref(&self) -> &Run {
        &self.run
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.end(RunStatus::Failed, Some("panicked"));
        } else {
            self.end(RunStatus::Cancelled, None);
        }
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("job", &self.entry.job.name())
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
