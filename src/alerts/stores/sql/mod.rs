//! The stores in SQL databases.
//!
//! [`SqlAlerts`] is the same for all databases. A [`Dialect`](dialect::Dialect) knows the differences between them, beside that of
//! [`sql`](crate::sql).

mod changes;
mod dialect;
mod history;
mod ledgers;
mod place;
#[cfg(feature = "alerts-postgres")]
mod postgres;
mod prune;
mod sql_alerts;
#[cfg(feature = "alerts-sqlite")]
mod sqlite;
#[cfg(feature = "alerts-sqlite")]
mod sqlite_file;
mod unreadable;

#[cfg(feature = "alerts-postgres")]
pub use self::postgres::PostgresAlerts;
pub use self::sql_alerts::SqlAlerts;
#[cfg(feature = "alerts-sqlite")]
pub use self::sqlite::SqliteAlerts;
