//! The dialect of PostgreSQL, which statements are written in.

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;

use super::dialect::Dialect;
use super::fetch::DbFuture;

impl Dialect for Postgres {
    /// In PgBouncer's transaction mode, the next transaction may have another connection to the server, where the name of a
    /// statement may be missing, or that of another client's statement.
    const KEEPS_STATEMENTS: bool = false;

    const TABLE_EXISTS: &'static str = "SELECT 1 WHERE to_regclass($1) IS NOT NULL";

    fn translate(sql: String) -> String {
        sql
    }

    /// Data exceptions, violated constraints and exceeded limits (SQLSTATE classes 22, 23 and 54).
    fn is_refused(code: &str) -> bool {
        ["22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class))
    }

    /// Writers wait for each other.
    fn is_busy(_: &str) -> bool {
        false
    }

    fn acquire(pool: &PgPool) -> DbFuture<'_, PoolConnection<Postgres>> {
        Box::pin(pool.acquire())
    }
}
