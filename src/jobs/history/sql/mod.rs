//! The stores in SQL databases.
//!
//! [`SqlHistory`] is the same for all databases. A [`Dialect`](dialect::Dialect) knows the differences between them: how a
//! transaction begins, how many rows are written at once, and how PostgreSQL's SQL is translated.
//!
//! Nothing depends on the session, because PgBouncer's transaction mode gives each transaction any connection to the server:
//! a [`Statement`](statement::Statement) runs in a transaction, PostgreSQL's statements have no names, and locks end with the
//! transaction.
//!
//! A row that cannot be read, because another program or a newer version wrote it, is skipped and counted.

mod columns;
mod dialect;
mod fetch;
#[cfg(feature = "jobs-sqlite")]
mod file_watch;
mod job_states;
mod leases;
mod migrations;
mod mirror;
mod open_file;
mod pools;
#[cfg(feature = "jobs-postgres")]
mod postgres;
mod problem_store;
mod problems;
mod prune;
mod runs;
mod sql_history;
#[cfg(feature = "jobs-sqlite")]
mod sqlite;
#[cfg(feature = "jobs-sqlite")]
mod sqlite_file;
mod statement;
mod stats;
mod time;
mod unreadable;

#[cfg(feature = "jobs-postgres")]
pub use self::postgres::PostgresHistory;
pub use self::sql_history::SqlHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::sqlite::SqliteHistory;
