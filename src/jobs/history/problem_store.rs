//! `ProblemStore`: where the open problems of jobs are kept.

use std::fmt;
use std::time::SystemTime;

use futures_core::future::BoxFuture;
use uuid::Uuid;

use crate::error::Error;
use crate::jobs::Problem;

/// Stores the problems of jobs, so that each is reported once, even by several instances and across restarts.
pub trait ProblemStore: Send + Sync + fmt::Debug + 'static {
    /// Returns the problems that were reported and not resolved, by job, then by kind.
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>>;

    /// Stores a problem that was observed at this time of the store's clock, unless one of its job and kind is open.
    ///
    /// Returns whether it is new. It is not if one was resolved after it was observed. A repeated call with the same problem
    /// (by its id) returns the same.
    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        observed_at: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// Resolves a problem, by its id. Returns whether this caller resolved it; a repeated call by the same caller returns the
    /// same.
    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>>;
}
