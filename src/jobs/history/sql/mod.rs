//! The stores in SQL databases.
//!
//! [`SqlHistory`] is the same for all databases. A [`Dialect`](dialect::Dialect) knows the differences between them, beside that of
//! [`sql`](crate::sql).
//!
//! A row that cannot be read, because another program or a newer version wrote it, is skipped and counted.

mod dialect;
#[cfg(feature = "jobs-sqlite")]
mod file_watch;
mod job_states;
mod leases;
mod mirror;
mod open_file;
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
mod stats;
mod time;
mod unreadable;

#[cfg(feature = "jobs-postgres")]
pub use self::postgres::PostgresHistory;
pub use self::sql_history::SqlHistory;
#[cfg(feature = "jobs-sqlite")]
pub use self::sqlite::SqliteHistory;
