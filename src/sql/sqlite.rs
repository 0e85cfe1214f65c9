//! The dialect of SQLite.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Connection, Sqlite};

use super::dialect::Dialect;
use super::fetch::DbFuture;

/// What PostgreSQL has and SQLite has not. Times are seconds since 1970, ids are texts.
const TRANSLATIONS: [(&str, &str); 14] = [
    ("clock_timestamp()", "unixepoch('subsec')"),
    ("make_interval(secs => ", "("),
    ("to_timestamp(", "("),
    ("extract(epoch FROM ", "("),
    ("json_array_elements(", "json_each("),
    ("::json)", ")"),
    (" WITH ORDINALITY AS item (value, key)", " AS item"),
    ("::bigint", ""),
    ("::float8", ""),
    ("::text", ""),
    ("::timestamptz", ""),
    ("::uuid", ""),
    (" COLLATE \"C\"", ""),
    // A transaction has the whole file.
    (" FOR UPDATE SKIP LOCKED", ""),
];

impl Dialect for Sqlite {
    const KEEPS_STATEMENTS: bool = true;

    const TABLE_EXISTS: &'static str =
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1";

    fn translate(sql: String) -> String {
        let replace = |sql: String, (from, to): &(&str, &str)| sql.replace(from, to);
        TRANSLATIONS.iter().fold(sql, replace)
    }

    /// `SQLITE_TOOBIG`, `SQLITE_CONSTRAINT` and `SQLITE_MISMATCH`.
    fn is_refused(code: &str) -> bool {
        primary_code(code).is_some_and(|code| (18..=20).contains(&code))
    }

    /// `SQLITE_BUSY`.
    fn is_busy(code: &str) -> bool {
        primary_code(code) == Some(5)
    }

    /// SQLite ends a transaction by itself when the disk is full. sqlx then finds none to roll back, and counts the connection
    /// as being in it for ever.
    fn acquire(pool: &SqlitePool) -> DbFuture<'_, PoolConnection<Sqlite>> {
        Box::pin(async {
            loop {
                let mut connection = pool.acquire().await?;
                // Waits for a pending rollback.
                connection.ping().await?;
                if !connection.is_in_transaction() {
                    return Ok(connection);
                }
                connection.close().await?;
            }
        })
    }
}

/// The primary result code of an extended one.
pub(crate) fn primary_code(code: &str) -> Option<i32> {
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
