//! `Dialect`: the differences between the databases.

use sqlx::migrate::Migrate;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};

use super::columns::Columns;
use super::fetch::{DbFuture, Fetch};

/// A database that statements are written for once. The stores add what only they need.
pub(crate) trait Dialect: Database<Connection: Fetch + Migrate, Row: Columns> {
    /// Whether a connection keeps its prepared statements for their next use.
    const KEEPS_STATEMENTS: bool;

    /// Selects a row if the table with this name exists.
    const TABLE_EXISTS: &'static str;

    /// Translates a statement that is written for PostgreSQL.
    fn translate(sql: String) -> String;

    /// Whether this error code means that a value will never be accepted.
    fn is_refused(code: &str) -> bool;

    /// Whether this error code means that another writer holds the database.
    fn is_busy(code: &str) -> bool;

    /// Returns a connection that is in no transaction.
    fn acquire(pool: &Pool<Self>) -> DbFuture<'_, PoolConnection<Self>>;
}

/// The rows of [`Statement::rows`](super::Statement::rows) in the parameter `$1`, in their order.
pub(crate) const ROWS: &str = "json_array_elements($1::json) WITH ORDINALITY AS item (value, key) WHERE TRUE ORDER BY item.key";
