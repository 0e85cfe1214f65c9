//! The stores in SQL databases.
//!
//! [`SqlAlerts`] is the same for all databases. A [`Dialect`](dialect::Dialect) knows the differences between them: how a
//! transaction begins, and how PostgreSQL's SQL is translated.
//!
//! Nothing depends on the session, because PgBouncer's transaction mode gives each transaction any connection to the server:
//! a [`Statement`](statement::Statement) runs in a transaction, PostgreSQL's statements have no names, and locks end with the
//! transaction.

mod changes;
mod columns;
mod dialect;
mod fetch;
mod history;
mod ledgers;
mod migrations;
mod place;
mod pools;
#[cfg(feature = "alerts-postgres")]
mod postgres;
mod prune;
mod sql_alerts;
#[cfg(feature = "alerts-sqlite")]
mod sqlite;
#[cfg(feature = "alerts-sqlite")]
mod sqlite_file;
mod statement;
mod time;
mod unreadable;

#[cfg(feature = "alerts-postgres")]
pub use self::postgres::PostgresAlerts;
pub use self::sql_alerts::SqlAlerts;
#[cfg(feature = "alerts-sqlite")]
pub use self::sqlite::SqliteAlerts;
