//! SQL that the stores of jobs and of alerts have in common.
//!
//! A [`Dialect`] knows the differences between the databases. Nothing depends on the session, because PgBouncer's transaction mode
//! gives each transaction any connection to the server: a [`Statement`] runs in a transaction, PostgreSQL's statements have no
//! names, and locks end with the transaction.

mod columns;
mod dialect;
mod fetch;
mod migrations;
mod pools;
#[cfg(any(feature = "alerts-postgres", feature = "jobs-postgres"))]
mod postgres;
#[cfg(any(feature = "alerts-sqlite", feature = "jobs-sqlite"))]
mod sqlite;
mod statement;
pub(crate) mod time;

pub(crate) use self::columns::Columns;
pub(crate) use self::dialect::{Dialect, ROWS};
pub(crate) use self::fetch::DbFuture;
#[cfg(all(test, feature = "jobs-sqlite"))]
pub(crate) use self::migrations::apply;
pub(crate) use self::migrations::{Migrations, has_code, prepare};
pub(crate) use self::pools::Pools;
#[cfg(feature = "alerts-sqlite")]
pub(crate) use self::sqlite::primary_code;
pub(crate) use self::statement::Statement;
