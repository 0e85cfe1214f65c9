//! `Dialect`: the differences between the databases.

use std::time::Duration;

use sqlx::migrate::Migrate;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};

use super::columns::Columns;
use super::fetch::{DbFuture, Fetch};

/// The name and the text of a file. Files are never changed, only added: the first is version 1.
pub(super) type MigrationFile = (&'static str, &'static str);

/// A database that can hold [`SqlAlerts`](super::SqlAlerts).
pub(super) trait Dialect: Database<Connection: Fetch + Migrate, Row: Columns> {
    /// The kind of the store.
    const KIND: &'static str;
    /// Whether several engines use the store at the same time.
    const IS_SHARED: bool;

    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Begins a transaction that only reads, and sees one state of the database.
    const BEGIN_READ: &'static str;

    /// Whether a connection keeps its prepared statements for their next use.
    const KEEPS_STATEMENTS: bool;

    /// A call that takes longer fails.
    const TIMEOUT: Duration;

    const MIGRATIONS: &'static [MigrationFile];

    /// Locks the migrations until the transaction ends, if `BEGIN` does not.
    const MIGRATION_LOCK: Option<&'static str>;

    /// Selects a row if the table with this name exists.
    const TABLE_EXISTS: &'static str;

    /// Translates a statement that is written for PostgreSQL.
    fn translate(sql: String) -> String;

    /// The cause of an error that the message of the database does not name clearly, and the way out.
    fn advice(error: &sqlx::Error) -> Option<&'static str>;

    /// Whether this error code means that a value will never be accepted.
    fn is_refused(code: &str) -> bool;

    /// Whether this error code means that another writer holds the database.
    fn is_busy(code: &str) -> bool;

    /// Returns a connection that is in no transaction.
    fn acquire(pool: &Pool<Self>) -> DbFuture<'_, PoolConnection<Self>>;
}

/// The rows of [`Statement::rows`](super::statement::Statement::rows) in the parameter `$1`, in their order.
pub(super) const ROWS: &str = "json_array_elements($1::json) WITH ORDINALITY AS item (value, key) WHERE TRUE ORDER BY item.key";
