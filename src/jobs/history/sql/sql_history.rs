//! `SqlHistory`: runs and problems in a SQL database.

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
        }
    }
}

impl<D: Database> Clone for SqlHistory<D> {
    fn clone(&self) -> Self {
        Self {
            readers: self.readers.clone(),
            writer: self.writer.clone(),
            unreadable: self.unreadable.clone(),
        }
    }
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
        Box::pin(async { registered.await.map_err(failed::<D>) })
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let written = runs::write(&self.writer, runs, lease);
        Box::pin(async { written.await.map_err(failed::<D>) })
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        let renewed = D::renew(&self.writer, runs, lease);
        Box::pin(async { renewed.await.map(time::from_seconds).map_err(failed::<D>) })
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        Box::pin(async move { leases::reap(&self.writer, by).await.map_err(failed::<D>) })
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        let found = runs::find(&self.readers, query, &self.unreadable);
        Box::pin(async { found.await.map_err(failed::<D>) })
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        let stats = stats::stats(&self.readers, job_name, &self.unreadable);
        Box::pin(async { stats.await.map_err(failed::<D>) })
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let last = runs::last_of_each(&self.readers, &self.unreadable);
        Box::pin(async { last.await.map_err(failed::<D>) })
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        Box::pin(async { job_states::all(&self.readers).await.map_err(failed::<D>) })
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
        Box::pin(async { pruned.await.map_err(failed::<D>) })
    }
}
