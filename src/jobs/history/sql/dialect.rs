//! `Dialect`: the differences between the databases that only the histories of jobs need.

use std::time::Duration;

use sqlx::{Pool, Transaction};
use uuid::Uuid;

use crate::jobs::RunRecord;
use crate::sql::{self, DbFuture, Migrations};

/// A database that can hold a [`SqlHistory`](super::SqlHistory).
pub(super) trait Dialect: sql::Dialect {
    /// Begins a transaction that writes.
    const BEGIN: &'static str;

    /// Begins a transaction that writes nothing.
    const BEGIN_READ: &'static str = "BEGIN";

    const MIGRATIONS: Migrations;

    /// The columns of `job_runs` that [`runs::read`](super::runs::read) reads, all but the duration as texts.
    const RUN_COLUMNS: &'static str;

    /// The current time, as a column of `job_runs` holds it.
    const RUN_TIME: &'static str;

    /// Advice on this error, in parentheses after the name of the history.
    fn advice(error: &sqlx::Error) -> Option<&'static str>;

    /// Inserts runs. Returns the id of each row that it wrote, and whether the row existed before. `on_conflict` ends the
    /// statement.
    fn upsert_runs<'a>(
        transaction: &'a mut Transaction<'_, Self>,
        runs: &'a [&RunRecord],
        lease: Duration,
        on_conflict: &str,
    ) -> DbFuture<'a, Vec<Self::Row>>;

    /// Renews leases, and returns the database's time in seconds since 1970.
    fn renew<'a>(pool: &'a Pool<Self>, runs: &'a [Uuid], lease: Duration) -> DbFuture<'a, f64>;
}
