//! `SqliteHistory`: runs in a SQLite file, for one machine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Connection, QueryBuilder, Sqlite, Transaction};
use uuid::Uuid;

use super::SqlHistory;
use super::dialect::Dialect;
use super::sqlite_file::SqliteFile;
use super::time;
use crate::jobs::{RunRecord, RunStatus};
use crate::sql::{DbFuture, Dialect as _, Migrations};

/// Stores runs and problems in a SQLite file, which all processes of one machine may share.
///
/// The file is created on first use, with a write-ahead log beside it. Runs that
/// [`Jobs::flush`](crate::jobs::Jobs::flush) has waited for survive a crash of the process. After a power loss the last
/// moments may be missing, but the file is intact (`synchronous = NORMAL`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::jobs::{Jobs, SqliteHistory};
///
/// # let path = std::env::temp_dir().join(format!("vitals-doc-{}.db", std::process::id()));
/// let jobs = Jobs::builder().history(SqliteHistory::open(&path)).run()?;
/// # jobs.flush().await;
/// # Ok(()) }
/// ```
///
/// The tables are `job_runs`, `job_run_totals`, `job_states`, `job_problems` and `job_run_migrations`. Times of runs are UTC
/// in RFC 3339.
pub type SqliteHistory = SqlHistory<Sqlite>;

impl SqlHistory<Sqlite> {
    /// Stores runs in this file. Opens nothing yet. Writes and renewals of leases have a connection of their own, so that
    /// readers, which share four others, cannot keep them waiting.
    ///
    /// If the file is deleted, moved or replaced while it is open, each call fails (on Unix), because a write would be lost. Runs
    /// wait in the queue, the health check of jobs says why, and all is written once the file is back at its path.
    /// [`recreate_if_missing`](Self::recreate_if_missing) goes on in a new file instead.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let file = SqliteFile::new(path.as_ref());
        let history = Self::with(file.pools());
        Self {
            file: Some(Arc::new(file)),
            ..history
        }
    }

    /// Sets whether jobs go on in a new file if theirs is deleted, moved or replaced while it is open (on Unix). Defaults to
    /// false: each call then fails until the file is back.
    ///
    /// The next call opens the file at the path, as a restart of the service would, and creates it if it is missing. The new
    /// file gets the present state: the registered jobs with their last starts and failures, the running runs of this process
    /// and the open problems. Ended runs and their totals are gone, which one log line reports. The health check of jobs keeps
    /// succeeding, because no event is lost. It fails while the file cannot be opened: a file that is no SQLite database is
    /// left alone. A file that was moved is complete, because its write-ahead log is merged into it first.
    ///
    /// Set it in all processes that share the file. It has no effect on a [`pool`](Self::pool).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use tower_vitals::jobs::SqliteHistory;
    ///
    /// let history = SqliteHistory::open("jobs.db").recreate_if_missing(true);
    /// # }
    /// ```
    #[must_use]
    pub fn recreate_if_missing(self, recreate: bool) -> Self {
        let file = self.file.map(|file| file.with_recreation(recreate));
        Self { file, ..self }
    }
}

impl Dialect for Sqlite {
    /// Locks the file for writing at once, because a lock that is requested after a read may be denied.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

    const MIGRATIONS: Migrations = Migrations {
        table: "job_run_migrations",
        files: &[
            ("runs", include_str!("../migrations/sqlite/0001_runs.sql")),
            (
                "job states",
                include_str!("../migrations/sqlite/0002_job_states.sql"),
            ),
            (
                "last success and end",
                include_str!("../migrations/sqlite/0003_last_success_and_end.sql"),
            ),
        ],
        begin: Self::BEGIN,
        lock: None,
    };

    const RUN_COLUMNS: &'static str = "id, job_name, started_at, finished_at, status, duration_seconds, error_message, \
        metadata, instance";

    const RUN_TIME: &'static str = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'";

    fn advice(_: &sqlx::Error) -> Option<&'static str> {
        None
    }

    fn upsert_runs<'a>(
        transaction: &'a mut Transaction<'_, Sqlite>,
        runs: &'a [&RunRecord],
        lease: Duration,
        on_conflict: &str,
    ) -> DbFuture<'a, Vec<SqliteRow>> {
        let columns = Self::RUN_COLUMNS;
        let mut query =
            QueryBuilder::new(format!("INSERT INTO job_runs ({columns}, lease_until) "));
        query.push_values(runs, |mut row, run| {
            row.push_bind(run.id.to_string())
                .push_bind(&run.job_name)
                .push_bind(time::to_text(run.started_at))
                .push_bind(run.finished_at.map(time::to_text))
                .push_bind(run.status.as_str())
                .push_bind(run.duration.map(|duration| duration.as_secs_f64()))
                .push_bind(&run.error_message)
                .push_bind(serde_json::Value::Object(run.metadata.clone()).to_string())
                .push_bind(&run.instance);
            let lease = (run.status == RunStatus::Running).then_some(lease.as_secs_f64());
            // NULL stays NULL.
            row.push("unixepoch('subsec') + ")
                .push_bind_unseparated(lease);
        });
        query.push(format!(" {on_conflict} RETURNING id, was_updated"));
        // The statement is not cached, because its text depends on the number of runs.
        Box::pin(async move {
            query
                .build()
                .persistent(false)
                .fetch_all(&mut **transaction)
                .await
        })
    }

    /// Writes something even if there is nothing to renew, because a locked file or a full disk keeps other instances from
    /// renewing their leases too.
    fn renew<'a>(pool: &'a SqlitePool, runs: &'a [Uuid], lease: Duration) -> DbFuture<'a, f64> {
        Box::pin(async move {
            let mut connection = Self::acquire(pool).await?;
            let mut transaction = connection.begin_with(Self::BEGIN).await?;
            for chunk in runs.chunks(1000) {
                let mut query =
                    QueryBuilder::new("UPDATE job_runs SET lease_until = unixepoch('subsec') + ");
                query.push_bind(lease.as_secs_f64());
                query.push(" WHERE status = 'running' AND id IN (");
                let mut ids = query.separated(", ");
                for id in chunk {
                    ids.push_bind(id.to_string());
                }
                query.push(")");
                let renewed = query.build().persistent(false);
                renewed.execute(&mut *transaction).await?;
            }
            sqlx::query("UPDATE job_run_migrations SET version = version")
                .execute(&mut *transaction)
                .await?;
            let now = sqlx::query_scalar("SELECT unixepoch('subsec')");
            let now = now.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(now)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::apply;
    use sqlx::migrate::MigrateError;
    use sqlx::{Row, SqliteConnection};

    const NOW: Migrations = Sqlite::MIGRATIONS;

    async fn versions(file: &mut SqliteConnection) -> Vec<i64> {
        sqlx::query_scalar("SELECT version FROM job_run_migrations")
            .fetch_all(file)
            .await
            .unwrap()
    }

    async fn apply_to(
        file: &mut SqliteConnection,
        files: &'static [(&'static str, &'static str)],
    ) -> Result<(), MigrateError> {
        let mut transaction = file.begin().await?;
        apply(&mut transaction, Migrations { files, ..NOW }).await?;
        Ok(transaction.commit().await?)
    }

    #[tokio::test]
    async fn tables_of_an_older_version_are_updated() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply_to(&mut file, &NOW.files[..1]).await.unwrap();
        assert_eq!(versions(&mut file).await, [1]);
        let run = "INSERT INTO job_runs VALUES ('0', 'nightly', '2026-01-01T00:00:01.500000Z', NULL, 'running', NULL, \
                   NULL, '{}', 'shop-1', 1.0)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        let run = "INSERT INTO job_runs VALUES ('1', 'nightly', '2026-01-01T00:00:00.000000Z', \
                   '2026-01-01T00:00:01.250000Z', 'success', 1.25, NULL, '{}', 'shop-1', NULL)";
        sqlx::raw_sql(run).execute(&mut file).await.unwrap();
        for _ in 0..2 {
            apply_to(&mut file, NOW.files).await.unwrap();
            let rows = sqlx::query(
                "SELECT job_name, last_start, failures_in_a_row, last_success, last_end FROM job_states",
            );
            let rows = rows.fetch_all(&mut file).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].get::<String, _>(0), "nightly");
            assert!((rows[0].get::<f64, _>(1) - 1_767_225_601.5).abs() < 0.001);
            assert_eq!(rows[0].get::<i64, _>(2), 0);
            for column in [3, 4] {
                let ended = rows[0].get::<f64, _>(column);
                assert!((ended - 1_767_225_601.25).abs() < 0.001, "{ended}");
            }
        }
        assert_eq!(versions(&mut file).await, [1, 2, 3]);
    }

    #[tokio::test]
    async fn tables_of_a_newer_version_are_left_alone() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let newer = ("newer", "CREATE TABLE newer (id INTEGER)");
        let newer = [NOW.files, &[newer]].concat().leak();
        apply_to(&mut file, newer).await.unwrap();
        apply_to(&mut file, NOW.files).await.unwrap();
        assert_eq!(versions(&mut file).await, [1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_migration_that_was_changed_is_an_error() {
        let mut file = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        apply_to(&mut file, NOW.files).await.unwrap();
        let changed = &[("runs", "CREATE TABLE job_runs (id TEXT)")];
        let error = apply_to(&mut file, changed).await.unwrap_err();
        assert!(matches!(error, MigrateError::VersionMismatch(1)), "{error}");
    }
}
