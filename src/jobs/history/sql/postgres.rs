//! `PostgresHistory`: runs in PostgreSQL, for many instances.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Transaction, raw_sql};
use uuid::Uuid;

use super::SqlHistory;
use super::dialect::Dialect;
use super::time;
use crate::error::Error;
use crate::jobs::RunRecord;
use crate::pgbouncer;
use crate::redact::register_url;
use crate::sql::{DbFuture, Dialect as _, Migrations};

/// Stores runs and problems in PostgreSQL, which all instances of a service may share. Their clocks may differ, because leases
/// use the database's clock.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::jobs::{Jobs, PostgresHistory};
///
/// let history = PostgresHistory::url("postgres://shop:s3cret@db/shop")?;
/// let jobs = Jobs::builder().history(history).instance("shop-1").run()?;
/// # Ok(()) }
/// ```
///
/// The tables are `job_runs`, `job_run_totals`, `job_states`, `job_problems` and `job_run_migrations`, in the first schema of
/// the search path.
pub type PostgresHistory = SqlHistory<Postgres>;

impl SqlHistory<Postgres> {
    /// Stores runs in the database of this URL, with at most four connections, which are opened when they are needed.
    ///
    /// # Errors
    ///
    /// The URL is not a PostgreSQL URL. The message does not show it.
    pub fn url(url: &str) -> Result<Self, Error> {
        register_url(url);
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            Error::invalid(
                "the URL of the job history is not a PostgreSQL URL: postgres://user:password@host/database is allowed",
            )
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(
                options
                    .disable_statement_logging()
                    // PgBouncer refuses this parameter by default. Floats are read in binary, whose digits it does not change.
                    .extra_float_digits(None),
            );
        Ok(Self::pool(pool))
    }
}

impl Dialect for Postgres {
    const BEGIN: &'static str = "BEGIN";

    const MIGRATIONS: Migrations = Migrations {
        table: "job_run_migrations",
        files: &[
            ("runs", include_str!("../migrations/postgres/0001_runs.sql")),
            (
                "job states",
                include_str!("../migrations/postgres/0002_job_states.sql"),
            ),
            (
                "last success and end",
                include_str!("../migrations/postgres/0003_last_success_and_end.sql"),
            ),
        ],
        begin: Self::BEGIN,
        // Advisory locks have no names. The number is that of the letters "vitals".
        lock: Some("SELECT pg_advisory_xact_lock(x'766974616c73'::bigint)"),
    };

    /// Times and ids are read as texts, which needs no other crates.
    const RUN_COLUMNS: &'static str = "id::text, job_name, \
        to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
        to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), status, \
        duration_seconds, error_message, metadata::text, instance";

    const RUN_TIME: &'static str = "clock_timestamp()";

    fn advice(error: &sqlx::Error) -> Option<&'static str> {
        pgbouncer::advice(error)
    }

    fn upsert_runs<'a>(
        transaction: &'a mut Transaction<'_, Postgres>,
        runs: &'a [&RunRecord],
        lease: Duration,
        on_conflict: &str,
    ) -> DbFuture<'a, Vec<PgRow>> {
        fn all<T>(runs: &[&RunRecord], of: impl Fn(&RunRecord) -> T) -> Vec<T> {
            runs.iter().map(|run| of(run)).collect()
        }
        let query = sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO job_runs (id, job_name, started_at, finished_at, status, duration_seconds, error_message, metadata, \
             instance, lease_until) \
             SELECT id::uuid, job_name, started_at::timestamptz, finished_at::timestamptz, status, duration_seconds, \
               error_message, metadata::jsonb, instance, \
               CASE WHEN status = 'running' THEN clock_timestamp() + make_interval(secs => $10) END \
             FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[], \
               $8::text[], $9::text[]) AS run (id, job_name, started_at, finished_at, status, duration_seconds, \
               error_message, metadata, instance) \
             {on_conflict} RETURNING id::text, was_updated"
        )))
        .bind(all(runs, |run| run.id.to_string()))
        .bind(all(runs, |run| run.job_name.clone()))
        .bind(all(runs, |run| time::to_text(run.started_at)))
        .bind(all(runs, |run| run.finished_at.map(time::to_text)))
        .bind(all(runs, |run| run.status.as_str()))
        .bind(all(runs, |run| run.duration.map(|duration| duration.as_secs_f64())))
        .bind(all(runs, |run| run.error_message.clone()))
        .bind(all(runs, |run| serde_json::Value::Object(run.metadata.clone()).to_string()))
        .bind(all(runs, |run| run.instance.clone()))
        .bind(lease.as_secs_f64())
        .persistent(Self::KEEPS_STATEMENTS);
        Box::pin(query.fetch_all(&mut **transaction))
    }

    /// Locks rows in the order of ids, as `upsert_runs` does, so that they cannot deadlock.
    fn renew<'a>(pool: &'a PgPool, runs: &'a [Uuid], lease: Duration) -> DbFuture<'a, f64> {
        Box::pin(async move {
            let mut connection = Self::acquire(pool).await?;
            let mut transaction = connection.begin_with(Self::BEGIN).await?;
            let (renewed, now): (i64, f64) = sqlx::query_as(
                "WITH renewed AS (UPDATE job_runs SET lease_until = clock_timestamp() + make_interval(secs => $1) \
                   WHERE id IN (SELECT id FROM job_runs WHERE status = 'running' AND id = ANY ($2::uuid[]) \
                     ORDER BY id FOR UPDATE) RETURNING TRUE) \
                 SELECT COUNT(*), extract(epoch FROM clock_timestamp())::float8 FROM renewed",
            )
            .bind(lease.as_secs_f64())
            .bind(runs.iter().map(Uuid::to_string).collect::<Vec<_>>())
            .persistent(Self::KEEPS_STATEMENTS)
            .fetch_one(&mut *transaction)
            .await?;
            transaction.commit().await?;
            if renewed == 0 {
                // After the transaction: all instances write this row, so none may hold it while it waits for another.
                raw_sql("UPDATE job_run_migrations SET version = version WHERE version = 1")
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(now)
        })
    }
}
