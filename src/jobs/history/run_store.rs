//! `RunStore`: where runs, totals and the state of jobs are kept.

use std::fmt;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use uuid::Uuid;

use super::{JobStates, JobStats, Registration, Retention, RunQuery};
use crate::error::Error;
use crate::jobs::RunRecord;

/// Stores runs, their totals and the state of each job. Several instances of a service may share one store.
///
/// An implementation keeps these promises, which the [conformance suite](super::store#the-conformance-suite) checks:
///
/// - A run that has ended never changes again.
/// - Each expired lease is reported to one caller only.
/// - Leases, job states and problems use the store's own clock, because the clocks of instances may differ.
pub trait RunStore: Send + Sync + fmt::Debug + 'static {
    /// Creates the tables. Called before any other method, possibly by several instances at once.
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Registers these jobs, so that a job that never runs can still be reported late, even after a restart. If a job's
    /// schedule changed, its [`known_since`](super::JobState::known_since) is reset. A
    /// [`last_start`](Registration::last_start) counts like the start of a run.
    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>>;

    /// Writes runs of this instance: all or none. A known run is updated, unless it has ended. A running one gets a lease
    /// of this length from now.
    ///
    /// New facts change the [state](super::JobState) of their jobs, as [`StateDelta`](super::StateDelta) computes it. An
    /// unknown run is a start. A run that ended `failed` or `lost` is one more failure in a row. A success ends the row,
    /// unless it ended more than 10 s before the last failure, because then it was written late.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) means that one of these runs will never be accepted. Each run is then
    /// written alone; a run that is refused is written once more without its message and metadata, and dropped and counted
    /// if that is refused too. After any other error the write is retried.
    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Renews the leases of those runs that are running, and returns the time by the clock that leases use. Must write
    /// something even if there are no runs, so that it fails whenever other instances cannot renew their leases either.
    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>>;

    /// Marks running runs whose lease had expired by this time, which a [renewal](Self::renew) returned, as
    /// [`RunStatus::Lost`](crate::jobs::RunStatus::Lost), and returns the runs that this call marked. If the response gets
    /// lost, they stay lost, and nobody reports them.
    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>>;

    /// Returns the runs that match a query, the latest first.
    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>>;

    /// Returns the statistics of all runs of a job, or `None` if it never ran.
    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>>;

    /// Returns the last run of each job, by name.
    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>>;

    /// Returns the state of each job that is registered or has run.
    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>>;

    /// Returns how many rows reads have skipped since the start because this version cannot read them. Each read of a row
    /// counts. A store that skips rows fills a page with the following ones, because a short page is the last. Defaults to 0.
    fn unreadable_rows(&self) -> u64 {
        0
    }

    /// Removes ended runs that exceed the retention, the oldest first, at most `max` of them and never the last run of a
    /// job. Returns the number of removed runs.
    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        max: usize,
    ) -> BoxFuture<'a, Result<usize, Error>>;
}
