//! The parts that the PostgreSQL and SQLite checks share: queries, pools and error messages.

use std::time::Duration;

use sqlx::pool::{Pool, PoolConnection};
use sqlx::{ConnectOptions, Connection, Database, Error, Executor};
use tokio::time::{Instant, timeout};

use super::super::Outcome;
use super::latency;
use crate::pgbouncer;

/// The time that a pool with room has to open a connection. While the server is down, the pool retries until its own
/// timeout and then reports only that it timed out.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) async fn ping<DB>(
    connection: &mut DB::Connection,
    query: &'static str,
) -> Result<(), Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    connection.execute(query).await.map(drop)
}

/// Runs the query on a new connection.
pub(super) async fn ping_new<DB>(
    options: &<DB::Connection as Connection>::Options,
    query: &'static str,
) -> Result<(), Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = options.connect().await?;
    ping(&mut connection, query).await?;
    connection.close().await
}

/// Runs the query on a connection of the application's pool. If none is available, or the query fails or takes longer
/// than `query_timeout`, runs it on a new connection, whose error tells the cause.
pub(super) async fn ping_pool<DB>(
    pool: &Pool<DB>,
    query: &'static str,
    query_timeout: Duration,
) -> Outcome
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if pool.is_closed() {
        return Outcome::unhealthy().message("the pool is closed");
    }
    let started = Instant::now();
    let (size, idle, max) = sizes(pool);
    let result = match acquire(pool).await {
        // A failure proves nothing yet: an idle connection may be older than a restart of the server, or its peer may
        // have gone silently.
        Ok(Some(connection)) => match timeout(query_timeout, connection.ping(query)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => ping_new::<DB>(&pool.connect_options(), query).await,
        },
        Ok(None) => ping_new::<DB>(&pool.connect_options(), query).await,
        Err(error) => Err(error),
    };
    let is_full = idle == 0 && size >= max;
    let outcome = match result {
        Err(error) if is_full && is_too_many(&error) => Outcome::degraded().message(format!(
            "all {max} connections of the pool are in use, and the server accepts no more"
        )),
        Ok(()) if is_full => {
            Outcome::degraded().message(format!("all {max} connections of the pool are in use"))
        }
        result => latency::outcome(result, started, explain),
    };
    outcome
        .data("pool_size", size)
        .data("pool_idle", idle)
        .data("pool_max", max)
}

/// Acquires an idle connection, or a new one if the pool has room. Returns `None` if none is available soon.
async fn acquire<DB: Database>(pool: &Pool<DB>) -> Result<Option<Borrowed<DB>>, Error> {
    if let Some(connection) = pool.try_acquire() {
        return Ok(Some(Borrowed(Some(connection))));
    }
    let (size, _, max) = sizes(pool);
    if size >= max {
        return Ok(None);
    }
    match timeout(ACQUIRE_TIMEOUT, pool.acquire()).await {
        Ok(Ok(connection)) => Ok(Some(Borrowed(Some(connection)))),
        Ok(Err(Error::PoolTimedOut)) | Err(_) => Ok(None),
        Ok(Err(error)) => Err(error),
    }
}

/// A connection of the pool that is returned only if it answered, and closed otherwise.
///
/// The pool pings a returned connection without a timeout and counts it as in use meanwhile, so each check of a server
/// that hangs would take another connection from the application.
struct Borrowed<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Borrowed<DB> {
    async fn ping(mut self, query: &'static str) -> Result<(), Error>
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    {
        if let Some(connection) = &mut self.0 {
            ping::<DB>(connection, query).await?;
        }
        drop(self.0.take());
        Ok(())
    }
}

impl<DB: Database> Drop for Borrowed<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// PostgreSQL, appendix A: `too_many_connections`.
fn is_too_many(error: &Error) -> bool {
    matches!(error, Error::Database(error) if error.code().as_deref() == Some("53300"))
}

/// The pool's open connections, its idle ones and its limit.
fn sizes<DB: Database>(pool: &Pool<DB>) -> (u32, u32, u32) {
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    (pool.size(), idle, pool.options().get_max_connections())
}

pub(super) fn explain(error: &Error) -> String {
    match error {
        // PostgreSQL, appendix A, class 28: invalid authorization specification.
        Error::Database(error) if error.code().is_some_and(|code| code.starts_with("28")) => {
            format!("authentication failed: {error}")
        }
        Error::Database(source) => {
            let advice = pgbouncer::advice(error);
            let advice = advice.map(|advice| format!(" ({advice})"));
            let advice = advice.unwrap_or_default();
            format!("the database returned an error: {source}{advice}")
        }
        Error::Io(error) => format!("cannot connect: {error}"),
        error => format!("cannot connect: {error}"),
    }
}
