//! `RunGuard`: ends a run with the outcome of its work.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde_json::Value;

use super::handle::Handle;
use super::job::Job;
use super::run_handle::RunHandle;
use super::run_status::RunStatus;
use crate::panics;

/// Ends its run as failed if the work panics. Every other drop is therefore a cancellation, even one during a panic, because
/// that panic belongs to other work.
pub(super) struct RunGuard(RunHandle);

impl RunGuard {
    pub(super) fn begin(handle: Handle, job: Job, metadata: Value) -> Self {
        Self(RunHandle::begin(handle, job, metadata))
    }

    /// Does a part of the work. A panic ends the run and is passed on.
    pub(super) fn watch<T>(&mut self, work: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| self.end_panicked(panic))
    }

    fn end_panicked(&mut self, panic: Box<dyn Any + Send>) -> ! {
        let message = format!("panicked: {}", panics::message(&*panic));
        self.0.end(RunStatus::Failed, Some(&message));
        resume_unwind(panic)
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

impl Deref for RunGuard {
    type Target = RunHandle;

    fn deref(&self) -> &RunHandle {
        &self.0
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        self.0.end(RunStatus::Cancelled, None);
    }
}
