//! `SqlHistory`: runs and problems in a SQL database.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use sqlx::{Database, Pool};
use tokio::sync::{RwLock, RwLockReadGuard};
use uuid::Uuid;

use super::dialect::Dialect;
use super::mirror::Mirror;
use super::open_file::OpenFile;
use super::unreadable::Unreadable;
use super::{job_states, leases, prune, runs, stats, time};
use crate::error::{Error, ErrorKind};
use crate::jobs::RunRecord;
use crate::jobs::history::{JobStates, JobStats, Registration, Retention, RunQuery, RunStore};
use crate::sql::{self, Pools};

/// Stores runs and problems in a SQL database: as `SqliteHistory` in SQLite, as `PostgresHistory` in PostgreSQL.
#[derive(Debug)]
pub struct SqlHistory<D: Database> {
    /// A call holds them shared, so that they change between calls only.
    pub(super) pools: Arc<RwLock<Pools<D>>>,
    pub(super) unreadable: Unreadable,
    /// `None` if the database is a user's pool.
    pub(super) file: Option<Arc<dyn OpenFile<D>>>,
}

impl<D: Database> SqlHistory<D> {
    /// Stores runs in the database of this pool, beside other tables.
    ///
    /// In SQLite, a write-ahead log (`journal_mode = WAL`) keeps readers from waiting for writers. Each connection to an
    /// in-memory database opens another database, so the pool must have only one.
    #[must_use]
    pub fn pool(pool: Pool<D>) -> Self {
        Self::with(Pools {
            readers: pool.clone(),
            writer: pool,
        })
    }

    pub(super) fn with(pools: Pools<D>) -> Self {
        Self {
            pools: Arc::new(RwLock::new(pools)),
            unreadable: Unreadable::default(),
            file: None,
        }
    }
}

impl<D: Database> Clone for SqlHistory<D> {
    fn clone(&self) -> Self {
        Self {
            pools: Arc::clone(&self.pools),
            unreadable: self.unreadable.clone(),
            file: self.file.clone(),
        }
    }
}

/// The most files that are opened for one call.
const MAX_ATTEMPTS: usize = 5;

/// Calls the database, unless it is not the one that was opened.
pub(super) fn call<'a, D: Dialect, T, F>(
    history: &'a SqlHistory<D>,
    call: impl Fn(Pools<D>) -> F + Send + Sync + 'a,
) -> BoxFuture<'a, Result<T, Error>>
where
    T: Send + 'a,
    F: Future<Output = Result<T, sqlx::Error>> + Send + 'a,
{
    call_noting(history, call, |_, _| {})
}

/// Notes the result for a new file, too.
pub(super) fn call_noting<'a, D: Dialect, T, F>(
    history: &'a SqlHistory<D>,
    call: impl Fn(Pools<D>) -> F + Send + Sync + 'a,
    note: impl FnOnce(&Mirror, &T) + Send + 'a,
) -> BoxFuture<'a, Result<T, Error>>
where
    T: Send + 'a,
    F: Future<Output = Result<T, sqlx::Error>> + Send + 'a,
{
    Box::pin(async move {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let pools = checked_pools(history).await?;
            let Some(file) = &history.file else {
                return call(pools.clone()).await.map_err(failed::<D>);
            };
            let lost = file.lost();
            let result = unless(lost, call(pools.clone())).await;
            match (result, file.check(), file.mirror()) {
                (Some(result), Ok(()), mirror) => {
                    let result = result.map_err(failed::<D>)?;
                    if let Some(mirror) = mirror {
                        file.used();
                        note(mirror, &result);
                    }
                    return Ok(result);
                }
                // It is back.
                (None, Ok(()), _) => {}
                // Calls the next file.
                (_, Err(_), Some(_)) if attempt < MAX_ATTEMPTS => {}
                // A write to a file that was deleted meanwhile is lost.
                (_, Err(error), _) => return Err(error),
            }
        }
    })
}

/// Returns the output of `call`, or `None` once `lost` is ready.
async fn unless<T>(lost: impl Future<Output = ()>, call: impl Future<Output = T>) -> Option<T> {
    let (mut lost, mut call) = (pin!(lost), pin!(call));
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => lost.as_mut().poll(cx).map(|()| None),
    })
    .await
}

async fn checked_pools<D: Dialect>(
    history: &SqlHistory<D>,
) -> Result<RwLockReadGuard<'_, Pools<D>>, Error> {
    let pools = history.pools.read().await;
    let Some(file) = &history.file else {
        return Ok(pools);
    };
    let mirror = match (file.check(), file.mirror()) {
        (Ok(()), _) => return Ok(pools),
        (Err(error), None) => return Err(error),
        (Err(_), Some(mirror)) => mirror,
    };
    drop(pools);
    let mut pools = history.pools.write().await;
    // Another call may have done it meanwhile.
    if file.check().is_err() {
        recreate(&**file, mirror, &mut pools)
            .await
            .map_err(failed::<D>)?;
    }
    Ok(pools.downgrade())
}

/// After a failure, or if it is dropped, the next call goes on with it.
async fn recreate<D: Dialect>(
    file: &dyn OpenFile<D>,
    mirror: &Mirror,
    pools: &mut Pools<D>,
) -> Result<(), sqlx::Error> {
    file.reopen(pools).await?;
    sql::prepare(&pools.writer, D::MIGRATIONS).await?;
    mirror.restore(&pools.writer).await?;
    file.completed();
    Ok(())
}

pub(super) fn failed<D: Dialect>(error: sqlx::Error) -> Error {
    let kind = if sql::has_code(&error, D::is_refused) {
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
        call(self, |pools| async move {
            sql::prepare(&pools.writer, D::MIGRATIONS).await
        })
    }

    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        call_noting(
            self,
            move |pools| async move { job_states::register(&pools.writer, jobs).await },
            |mirror, ()| mirror.registered(jobs),
        )
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        call_noting(
            self,
            move |pools| async move { runs::write(&pools.writer, runs, lease).await },
            move |mirror, ()| mirror.wrote(runs, lease),
        )
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        call(self, move |pools| async move {
            let renewed = D::renew(&pools.writer, runs, lease).await;
            renewed.map(time::from_seconds)
        })
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        call_noting(
            self,
            move |pools| async move { leases::reap(&pools.writer, by).await },
            |mirror, lost| mirror.lost(lost),
        )
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        call(self, move |pools| async move {
            runs::find(&pools.readers, query, &self.unreadable).await
        })
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        call(self, move |pools| async move {
            stats::stats(&pools.readers, job_name, &self.unreadable).await
        })
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        call(self, move |pools| async move {
            runs::last_of_each(&pools.readers, &self.unreadable).await
        })
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        call_noting(
            self,
            |pools| async move { job_states::all(&pools.readers).await },
            Mirror::read_states,
        )
    }

    fn unreadable_rows(&self) -> u64 {
        self.unreadable.count()
    }

    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        max: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        call(self, move |pools| async move {
            prune::prune(&pools.writer, retention, max).await
        })
    }
}
