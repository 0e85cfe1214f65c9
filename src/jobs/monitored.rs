//! `Monitored`: a run whose work is watched, so that a panic of its own is told from a drop.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::record::RunStatus;
use super::run::StartedRun;
use crate::panics;

/// Each panic of the work ends the run, so a drop before its end is a cancellation: also one by a panic, which is then that of
/// something beside it.
pub(super) struct Monitored(StartedRun);

impl Monitored {
    pub(super) fn new(run: StartedRun) -> Self {
        Self(run)
    }

    /// Does some of the work; a panic of it ends the run and goes on its way.
    pub(super) fn watch<T>(&mut self, work: impl FnOnce() -> T) -> T {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| self.end_panicked(panic))
    }

    pub(super) fn end_panicked(&mut self, panic: Box<dyn Any + Send>) -> ! {
        let shown = format!("panicked: {}", panics::message(&*panic));
        self.0.end(RunStatus::Failed, Some(&shown));
        resume_unwind(panic)
    }

    pub(super) fn end_with<T, E: fmt::Display>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(_) => self.0.end(RunStatus::Success, None),
            // The alternate form: `anyhow` and its like tell all causes there.
            Err(error) => {
                let shown = catch_unwind(AssertUnwindSafe(|| format!("{error:#}")));
                let shown = shown.unwrap_or_else(|_| "an error whose Display panics".to_owned());
                self.0.end(RunStatus::Failed, Some(&shown));
            }
        }
        result
    }
}

impl Deref for Monitored {
    type Target = StartedRun;

    fn deref(&self) -> &StartedRun {
        &self.0
    }
}

impl Drop for Monitored {
    fn drop(&mut self) {
        self.0.end(RunStatus::Cancelled, None);
    }
}
