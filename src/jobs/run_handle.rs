//! `RunHandle`: a run that its caller ends. `RunGuard`: a run that ends with its work.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, ready};

use serde_json::{Map, Value};

use super::handle::Handle;
use super::job::Job;
use super::job_entry::ActiveRun;
use super::run::Run;
use super::run_status::RunStatus;
use crate::panics;

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
    /// `None` once the run has ended.
    active: Option<ActiveRun>,
}

impl RunHandle {
    pub(super) fn begin(handle: Handle, job: Job, metadata: Value) -> Self {
        let metadata = match metadata {
            Value::Null => Map::new(),
            Value::Object(metadata) => metadata,
            value => Map::from_iter([("value".to_owned(), value)]),
        };
        let state = &handle.state;
        let active =
            (state.registry.get_or_insert(job)).begin_run(&state.instance, metadata.clone());
        state.record(&active.entry, active.record.clone());
        Self {
            run: Run::new(active.record.id, metadata),
            handle,
            active: Some(active),
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
    fn end(&mut self, status: RunStatus, error: Option<&str>) {
        let Some(active) = self.active.take() else {
            return;
        };
        let entry = Arc::clone(&active.entry);
        let record = active.end(status, error, self.run.take_notes());
        self.handle.state.record(&entry, record);
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
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// Ends its run as failed if the work panics. Every other drop is therefore a cancellation, even one during a panic, because
/// that panic belongs to other work.
pub(super) struct RunGuard(RunHandle);

impl RunGuard {
    pub(super) fn begin(handle: Handle, job: Job, metadata: Value) -> Self {
        Self(RunHandle::begin(handle, job, metadata))
    }

    /// Does a part of the work, and ends the run if that was the last one.
    pub(super) fn poll<T, E: fmt::Display>(
        &mut self,
        work: impl FnOnce(&Run) -> Poll<Result<T, E>>,
    ) -> Poll<Result<T, E>> {
        let result = ready!(self.watch(work));
        Poll::Ready(self.end_with(result))
    }

    /// Does a part of the work. A panic ends the run and is passed on.
    pub(super) fn watch<T>(&mut self, work: impl FnOnce(&Run) -> T) -> T {
        let result = catch_unwind(AssertUnwindSafe(|| work(&self.0.run)));
        result.unwrap_or_else(|panic| {
            let message = format!("panicked: {}", panics::message(&*panic));
            self.0.end(RunStatus::Failed, Some(&message));
            resume_unwind(panic)
        })
    }

    pub(super) fn end_with<T, E: fmt::Display>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(_) => self.0.end(RunStatus::Success, None),
            // The alternate form of `anyhow` and similar errors includes all causes.
            Err(error) => {
                let message = catch_unwind(AssertUnwindSafe(|| format!("{error:#}")));
                let message =
                    message.unwrap_or_else(|_| "an error whose Display panics".to_owned());
                self.0.end(RunStatus::Failed, Some(&message));
            }
        }
        result
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.0.end(RunStatus::Cancelled, None);
    }
}
