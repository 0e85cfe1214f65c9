//! What PostgreSQL and SQLite have in common: a query, a pool, and words for their errors.

use sqlx::pool::Pool;
use sqlx::{ConnectOptions, Connection, Database, Error, Executor};
use tokio::time::Instant;

use super::super::Outcome;
use super::super::report::milliseconds;

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

/// Asks by an idle connection of the application's pool, else by a new one.
///
/// The pool itself is never waited for: while the server is gone it tries again until its own timeout and then says that
/// it timed out, which is not why; and while all its connections are in use, that is what there is to say.
pub(super) async fn ask_pool<DB>(pool: &Pool<DB>, query: &'static str) -> Outcome
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    if pool.is_closed() {
        return Outcome::unhealthy().message("the pool is closed");
    }
    let started = Instant::now();
    let (size, idle, max) = figures(pool);
    let asked = match pool.try_acquire() {
        // An idle connection may have outlived a restart of the server: that it fails says nothing yet.
        Some(mut connection) => match ask(&mut *connection, query).await {
            Ok(()) => Ok(()),
            Err(_) => ask_anew(pool, query).await,
        },
        None => ask_anew(pool, query).await,
    };
    let outcome = match asked {
        Err(error) => Outcome::unhealthy().message(explain(&error)),
        Ok(()) if idle == 0 && size >= max => {
            Outcome::degraded().message(format!("all {max} connections of the pool are in use"))
        }
        Ok(()) => answered(started),
    };
    outcome
        .data("pool_size", size)
        .data("pool_idle", idle)
        .data("pool_max", max)
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
