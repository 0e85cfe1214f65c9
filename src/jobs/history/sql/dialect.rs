//! `Dialect`: the differences between the databases.

use std::time::Duration;

use sqlx::migrate::Migrate;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool, Transaction};
use uuid::Uuid;

use super::columns::Columns;
use super::fetch::{DbFuture, Fetch};
use crate::jobs::RunRecord;

/// The name and the text of a file. Files are never changed, only added: the first is version 1.
pub(super) type MigrationFile = (&'static str, &'static str);

/// A database that can hold a [`SqlHistory`](super::SqlHistory).
pub(super) trait Dialect: Database<Connection: Fetch + Migrate, Row: Columns> {
    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Begins a transaction that writes nothing.
    const BEGIN_READ: &'static str = "BEGIN";

    /// Whether a connection keeps its prepared statements for their next use.
    const KEEPS_STATEMENTS: bool;

    const MIGRATIONS: &'static [MigrationFile];

    /// Locks the migrations until the transaction ends, if `BEGIN` does not.
    const MIGRATION_LOCK: Option<&'static str>;

    /// The columns of `job_runs` that [`runs::read`](super::runs::read) reads, all but the duration as texts.
    const RUN_COLUMNS: &'static str;

    /// The current time, as a column of `job_runs` holds it.
    const RUN_TIME: &'static str;

    /// Translates a statement that is written for PostgreSQL.
    fn translate(sql: String) -> String;

    /// Advice on this error, in parentheses after the name of the history.
    fn advice(error: &sqlx::Error) -> Option<&'static str>;

    /// Whether this error code means that a value will never be accepted.
    fn is_refused(code: &str) -> bool;

    /// Whether this error code means that another writer holds the database.
    fn is_busy(code: &str) -> bool;

    /// Returns a connection that is in no transaction.
    fn acquire(pool: &Pool<Self>) -> DbFuture<'_, PoolConnection<Self>>;

    /// Inserts runs. Returns the id of each row that it wrote, and whether the row existed before. `on_conflict` ends the
    /// statement.
    fn upsert_runs<'a>(
        transaction: &'a mut Transaction<'_, Self>,
        runs: &'a [&RunRecord],
        lease: Duration,
        on_conflict: &str,
    ) -> DbFuture<'a, Vec<Self::Row>>;

    /// Renews leases, and returns the database's time in seconds since 1970.
    fn renew<'a>(pool: &'a Pool<Self>, runs: &'a [Uuid], lease: Duration) -> DbFuture<'a, f64>;
}
