//! `Dialect`: the differences between the databases that only the stores of alerts need.

use std::time::Duration;

use crate::sql::{self, Migrations};

/// A database that can hold [`SqlAlerts`](super::SqlAlerts).
pub(super) trait Dialect: sql::Dialect {
    /// The kind of the store.
    const KIND: &'static str;
    /// Whether several engines use the store at the same time.
    const IS_SHARED: bool;

    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Begins a transaction that only reads, and sees one state of the database.
    const BEGIN_READ: &'static str;

    /// A call that takes longer fails.
    const TIMEOUT: Duration;

    const MIGRATIONS: Migrations;

    /// The cause of an error that the message of the database does not name clearly, and the way out.
    fn advice(error: &sqlx::Error) -> Option<&'static str>;
}
