//! `SqlHistory`: runs and problems in a SQL database.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use sqlx::error::DatabaseError;
use sqlx::{Database, Pool};
use tokio::time::sleep;
use uuid::Uuid;

use super::dialect::Dialect;
use super::unreadable::Unreadable;
use super::{job_states, leases, migrations, prune, runs, stats, time};
use crate::error::{Error, ErrorKind};
use crate::jobs::RunRecord;
use crate::jobs::history::{JobStates, JobStats, Registration, Retention, RunQuery, RunStore};

/// Stores runs and problems in a SQL database: as `SqliteHistory` in SQLite, as `PostgresHistory` in PostgreSQL.
#[derive(Debug)]
pub struct SqlHistory<D: Database> {
    pub(super) readers: Pool<D>,
    /// Writes and renews leases. Readers never use it, unless the pool is a user's.
    pub(super) writer: Pool<D>,
    pub(super) unreadable: Unreadable,
    /// Fails while the database that was opened is not the one at its place.
    pub(super) check: Option<Check>,
}

impl<D: Database> SqlHistory<D> {
    /// Stores runs in the database of this pool, beside other tables.
    ///
    /// In SQLite, a write-ahead log (`journal_mode = WAL`) keeps readers from waiting for writers. Each connection to an
    /// in-memory database opens another database, so the pool must have only one.
    #[must_use]
    pub fn pool(pool: Pool<D>) -> Self {
        Self {
            readers: pool.clone(),
            writer: pool,
            unreadable: Unreadable::default(),
            check: None,
        }
    }
}

impl<D: Database> Clone for SqlHistory<D> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
            unreadable: self.unreadable.clone(),
            check: self.check.clone(),
        }
    }
}

/// A check before each call.
#[derive(Clone)]
pub(super) struct Check(pub(super) Arc<dyn Fn() -> Result<(), Error> + Send + Sync>);

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").finish_non_exhaustive()
    }
}

/// Calls the database, unless it is not the one that was opened.
pub(super) fn checked<'a, D: Dialect, T>(
    history: &'a SqlHistory<D>,
    call: impl Future<Output = Result<T, sqlx::Error>> + Send + 'a,
) -> BoxFuture<'a, Result<T, Error>> {
    Box::pin(async move {
        if let Some(Check(check)) = &history.check {
            check()?;
        }
        call.await.map_err(failed::<D>)
    })
}

fn has_code(error: &sqlx::Error, matches: fn(&str) -> bool) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches(&code))
}

pub(super) fn failed<D: Dialect>(error: sqlx::Error) -> Error {
    let kind = if has_code(&error, D::is_refused) {
        ErrorKind::Refused
    } else {
        ErrorKind::Io
    };
    let advice = D::advice(&error);
    let advice = advice.map(|advice| format!(" ({advice})"));
    let message = format!(
        "the history of jobs in {}{}",
        D::NAME,
        advice.unwrap_or_default()
    );
    Error::new(kind, message).with_source(error)
}

impl<D: Dialect> RunStore for SqlHistory<D> {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            // Switching a new SQLite file to its write-ahead log does not wait for others that do the same.
            for _ in 0..50 {
                match migrations::migrate(&self.writer).await {
                    Err(error) if has_code(&error, D::is_busy) => {
                        sleep(Duration::from_millis(20)).await;
                    }
                    result => return result.map_err(failed::<D>),
                }
            }
            migrations::migrate(&self.writer).await.map_err(failed::<D>)
        })
    }

    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        let registered = job_states::register(&self.writer, jobs);
        checked(self, registered)
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let written = runs::write(&self.writer, runs, lease);
        checked(self, written)
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        let renewed = D::renew(&self.writer, runs, lease);
        checked(self, async { renewed.await.map(time::from_seconds) })
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        checked(self, leases::reap(&self.writer, by))
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        let found = runs::find(&self.readers, query, &self.unreadable);
        checked(self, found)
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        let stats = stats::stats(&self.readers, job_name, &self.unreadable);
        checked(self, stats)
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let last = runs::last_of_each(&self.readers, &self.unreadable);
        checked(self, last)
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        checked(self, job_states::all(&self.readers))
    }

    fn unreadable_rows(&self) -> u64 {
        self.unreadable.count()
    }

    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        max: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        let pruned = prune::prune(&self.writer, retention, max);
        checked(self, pruned)
    }
}
