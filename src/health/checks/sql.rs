//! What PostgreSQL and SQLite have in common: a query, a pool, and words for their errors.

use std::time::Duration;

use sqlx::pool::{Pool, PoolConnection};
use sqlx::{ConnectOptions, Connection, Database, Error, Executor};
use tokio::time::{Instant, timeout};

use super::super::Outcome;
use crate::time::milliseconds;

pub(super) async fn ask<DB>(
    connection: &mut DB::Connection,
    query: &'static str,
) -> Result<(), Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    connection.execute(query).await.map(drop)
}

/// How long the pool is waited for, where it may still open a connection. While the server is gone it tries again until
/// its own timeout and then says that it timed out, which is not why.
pub(super) const ACQUIRE: Duration = Duration::from_millis(500);

/// Asks by a connection of the application's pool; where none is to be had, or one that does not answer within `patience`,
/// by one of its own, which tells why.
pub(super) async fn ask_pool<DB>(
    pool: &Pool<DB>,
    query: &'static str,
    patience: Duration,
) -> Outcome
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if pool.is_closed() {
        return Outcome::unhealthy().message("the pool is closed");
    }
    let started = Instant::now();
    let (size, idle, max) = figures(pool);
    let asked = match acquire(pool).await {
        // One that was idle may have outlived a restart of the server: that it fails says nothing yet.
        // It may also be one whose peer is gone without a word.
        Ok(Some(connection)) => match timeout(patience, ask_lent(connection, query)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => ask_anew(pool, query).await,
        },
        Ok(None) => ask_anew(pool, query).await,
        Err(error) => Err(error),
    };
    let is_full = idle == 0 && size >= max;
    let outcome = match asked {
        Err(error) if is_full && is_too_many(&error) => Outcome::degraded().message(format!(
            "all {max} connections of the pool are in use, and the server takes no more"
        )),
        Err(error) => Outcome::unhealthy().message(explain(&error)),
        Ok(()) if is_full => {
            Outcome::degraded().message(format!("all {max} connections of the pool are in use"))
        }
        Ok(()) => answered(started),
    };
    outcome
        .data("pool_size", size)
        .data("pool_idle", idle)
        .data("pool_max", max)
}

/// An idle connection, or a new one if there is room for it; `None` if none is to be had soon.
async fn acquire<DB: Database>(pool: &Pool<DB>) -> Result<Option<Lent<DB>>, Error> {
    if let Some(connection) = pool.try_acquire() {
        return Ok(Some(Lent(Some(connection))));
    }
    let (size, _, max) = figures(pool);
    if size >= max {
        return Ok(None);
    }
    match timeout(ACQUIRE, pool.acquire()).await {
        Ok(Ok(connection)) => Ok(Some(Lent(Some(connection)))),
        Ok(Err(Error::PoolTimedOut)) | Err(_) => Ok(None),
        Ok(Err(error)) => Err(error),
    }
}

/// A connection of the pool, which goes back only if it answered.
///
/// Given back unasked, the pool would first ask it itself, without a timeout, and count it as in use meanwhile: one more
/// of the application's connections for every check of a server that hangs.
struct Lent<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Drop for Lent<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

async fn ask_lent<DB>(mut lent: Lent<DB>, query: &'static str) -> Result<(), Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if let Some(connection) = &mut lent.0 {
        ask::<DB>(connection, query).await?;
    }
    drop(lent.0.take());
    Ok(())
}

/// PostgreSQL, appendix A: `too_many_connections`.
fn is_too_many(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if refusal.code().as_deref() == Some("53300"))
}

fn figures<DB: Database>(pool: &Pool<DB>) -> (u32, u32, u32) {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    (pool.size(), idle, pool.options().get_max_connections())
}

async fn ask_anew<DB>(pool: &Pool<DB>, query: &'static str) -> Result<(), Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = pool.connect_options().connect().await?;
    ask(&mut connection, query).await?;
    connection.close().await
}

pub(super) fn answered(started: Instant) -> Outcome {
    Outcome::healthy().data("latency_ms", milliseconds(started.elapsed()))
}

pub(super) fn explain(error: &Error) -> String {
    match error {
        // PostgreSQL, appendix A, class 28: invalid authorization specification.
        Error::Database(refusal) if refusal.code().is_some_and(|code| code.starts_with("28")) => {
            format!("authentication failed: {refusal}")
        }
        Error::Database(refusal) => format!("the database refused: {refusal}"),
        Error::Io(error) => format!("cannot connect: {error}"),
        error => format!("cannot connect: {error}"),
    }
}
