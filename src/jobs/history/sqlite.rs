//! `SqliteHistory`: runs in a file, for one machine.

mod job_state;
mod lease;
mod prune;
mod schema;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Row, Sqlite, SqliteConnection};
use tokio::time::sleep;
use uuid::Uuid;

use super::job_stats::RECENT;
use super::rows::{self, once_each, record, text_of, time_of_seconds};
use super::{
    JobStates, JobStats, ProblemStore, Registration, Retention, RunQuery, RunStore, RunTotals,
    StateDelta,
};
use crate::error::{Error, ErrorKind};
use crate::jobs::{Problem, RunRecord, RunStatus};
use futures_core::future::BoxFuture;

/// In the order in which they are read.
const COLUMNS: &str = "id, job_name, started_at, finished_at, status, duration_seconds, error_message, metadata, instance";

/// Takes the file for writing at once: to ask for that later, after reading, may fail.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Keeps runs in a file of SQLite: those of all processes of one machine.
///
/// The file is made at its first use, with a write-ahead log beside it. A run that [`Jobs::flush`](crate::jobs::Jobs::flush)
/// has waited for is there after a crash of the process; after a loss of power the last moments may be missing, and the
/// file is whole (`synchronous = NORMAL`).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::jobs::{Jobs, SqliteHistory};
///
/// # let dir = std::env::temp_dir().join(format!("vitals-doc-{}.db", std::process::id()));
/// # let path = dir;
/// let jobs = Jobs::builder().history(SqliteHistory::open(&path)).run()?;
/// # jobs.flush().await;
/// # Ok(()) }
/// ```
///
/// Tables: `job_runs`, and `job_run_totals` for what is counted, `job_standings` and `job_problems` for what is
/// expected; times of runs are UTC in RFC 3339.
#[derive(Debug, Clone)]
pub struct SqliteHistory {
    pool: SqlitePool,
}

impl SqliteHistory {
    /// In this file. Nothing is opened yet.
    #[must_use]
    pub fn open(path: impl AsRef<Path>) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            // Below the patience of those who write: what is told is that it is locked.
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        Self::pool(
            SqlitePoolOptions::new()
                .max_connections(4)
                .connect_lazy_with(options),
        )
    }

    /// In the database of this pool, among other tables. With a write-ahead log (`journal_mode = WAL`) readers do not wait for
    /// writers; a database in memory is another one for each connection, so the pool may have one only.
    #[must_use]
    pub fn pool(pool: SqlitePool) -> Self {
        Self { pool }
    }

    async fn migrate(&self) -> Result<(), sqlx::Error> {
        let mut connection = connection(&self.pool).await?;
        let mut transaction = connection.begin_with(BEGIN).await?;
        schema::migrate(&mut transaction).await?;
        transaction.commit().await
    }

    async fn write_all(&self, runs: &[RunRecord], lease: Duration) -> Result<(), sqlx::Error> {
        let mut connection = connection(&self.pool).await?;
        let mut transaction = connection.begin_with(BEGIN).await?;
        // Ten values a run, of which SQLite takes 32,766.
        for some in once_each(runs).chunks(1000) {
            let written = write_some(&mut transaction, some, lease).await?;
            let news = some.iter().filter(|run| written.contains_key(&run.id));
            count(&mut transaction, news.clone().copied()).await?;
            let progress = StateDelta::of_runs(news.copied(), |run| !written[&run.id]);
            job_state::add(&mut transaction, progress).await?;
        }
        transaction.commit().await
    }

    async fn find(&self, query: &RunQuery) -> Result<Vec<RunRecord>, sqlx::Error> {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM job_runs WHERE TRUE"));
        if let Some(id) = query.id {
            sql.push(" AND id = ").push_bind(id.to_string());
        }
        if let Some(name) = &query.job_name {
            sql.push(" AND job_name = ").push_bind(name);
        }
        if let Some(status) = query.status {
            sql.push(" AND status = ").push_bind(status.as_str());
        }
        if let Some(since) = query.since {
            sql.push(" AND started_at >= ").push_bind(text_of(since));
        }
        if let Some((started_at, id)) = query.before {
            sql.push(" AND (started_at, id) < (")
                .push_bind(text_of(started_at));
            sql.push(", ").push_bind(id.to_string()).push(")");
        }
        sql.push(" ORDER BY started_at DESC, id DESC LIMIT ");
        sql.push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX));
        let rows = sql.build().fetch_all(&self.pool).await?;
        Ok(rows.iter().filter_map(record).collect())
    }

    async fn stats_of(&self, job_name: &str) -> Result<Option<JobStats>, sqlx::Error> {
        let last = self
            .find(&RunQuery::new().job_name(job_name).limit(1))
            .await?;
        let totals =
            sqlx::query("SELECT status, runs, seconds FROM job_run_totals WHERE job_name = $1")
                .bind(job_name)
                .fetch_all(&self.pool)
                .await?;
        if totals.is_empty() && last.is_empty() {
            return Ok(None);
        }
        let running = sqlx::query_scalar::<_, i64>(
            "SELECT COUNT(*) FROM job_runs WHERE job_name = $1 AND status = 'running'",
        )
        .bind(job_name)
        .fetch_one(&self.pool)
        .await?;
        let failed = RunQuery::new()
            .job_name(job_name)
            .status(RunStatus::Failed)
            .limit(1);
        let mut stats = JobStats::new(job_name, &rows::totals(&totals));
        stats.running = u64::try_from(running).unwrap_or(0);
        stats.set_recent(self.recent(job_name).await?);
        stats.set_last(last.first(), self.find(&failed).await?.first());
        Ok(Some(stats))
    }

    /// The times of the last runs that say how long the job takes. Each status has its own order in the index, so each is
    /// asked for its last ones.
    async fn recent(&self, job_name: &str) -> Result<Vec<Duration>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT started_at, duration_seconds FROM (SELECT started_at, duration_seconds FROM job_runs \
               WHERE job_name = $1 AND status = 'success' ORDER BY started_at DESC LIMIT $2) \
             UNION ALL SELECT started_at, duration_seconds FROM (SELECT started_at, duration_seconds FROM job_runs \
               WHERE job_name = $1 AND status = 'failed' ORDER BY started_at DESC LIMIT $2) \
             ORDER BY started_at DESC LIMIT $2",
        )
        .bind(job_name)
        .bind(i64::try_from(RECENT).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        let duration = |row: &SqliteRow| {
            let seconds: Option<f64> = row.try_get(1).ok()?;
            Duration::try_from_secs_f64(seconds?).ok()
        };
        Ok(rows.iter().filter_map(duration).collect())
    }

    async fn last_of_each(&self) -> Result<Vec<RunRecord>, sqlx::Error> {
        let names = sqlx::query_scalar::<_, String>(
            "SELECT job_name FROM job_run_totals UNION SELECT job_name FROM job_runs WHERE status = 'running'",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut last = Vec::with_capacity(names.len());
        for name in names {
            let query = RunQuery::new().job_name(name).limit(1);
            last.extend(self.find(&query).await?);
        }
        Ok(last)
    }
}

/// One that is in no transaction. SQLite ends a transaction by itself when the disk is full; sqlx then finds none to roll
/// back, and takes the connection to be within it for ever.
async fn connection(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
    loop {
        let mut connection = pool.acquire().await?;
        // It answers when what was to be rolled back is.
        connection.ping().await?;
        if !connection.is_in_transaction() {
            return Ok(connection);
        }
        connection.close().await?;
    }
}

/// Those that were new, or had not ended, and whether they were there; the others stay as they are.
async fn write_some(
    connection: &mut SqliteConnection,
    runs: &[&RunRecord],
    lease: Duration,
) -> Result<HashMap<Uuid, bool>, sqlx::Error> {
    let mut query = QueryBuilder::new(format!("INSERT INTO job_runs ({COLUMNS}, lease_until) "));
    query.push_values(runs, |mut row, run| {
        row.push_bind(run.id.to_string())
            .push_bind(&run.job_name)
            .push_bind(text_of(run.started_at))
            .push_bind(run.finished_at.map(text_of))
            .push_bind(run.status.as_str())
            .push_bind(run.duration.map(|duration| duration.as_secs_f64()))
            .push_bind(&run.error_message)
            .push_bind(serde_json::Value::Object(run.metadata.clone()).to_string())
            .push_bind(&run.instance);
        let lease = (run.status == RunStatus::Running).then_some(lease.as_secs_f64());
        // None stays none.
        row.push("unixepoch('subsec') + ")
            .push_bind_unseparated(lease);
    });
    query.push(
        " ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, status = excluded.status, \
         duration_seconds = excluded.duration_seconds, error_message = excluded.error_message, \
         metadata = excluded.metadata, lease_until = excluded.lease_until, was_there = TRUE \
         WHERE job_runs.status = 'running' RETURNING id, was_there",
    );
    // Not kept: its text is as long as the batch.
    let rows = query
        .build()
        .persistent(false)
        .fetch_all(connection)
        .await?;
    let written = |row: &SqliteRow| {
        Some((
            row.try_get::<&str, _>(0).ok()?.parse().ok()?,
            row.try_get(1).ok()?,
        ))
    };
    Ok(rows.iter().filter_map(written).collect())
}

/// Adds what ended to the totals.
async fn count(
    connection: &mut SqliteConnection,
    runs: impl Iterator<Item = &RunRecord>,
) -> Result<(), sqlx::Error> {
    let mut totals: HashMap<&str, RunTotals> = HashMap::new();
    for run in runs.filter(|run| run.status != RunStatus::Running) {
        totals.entry(&run.job_name).or_default().add(run);
    }
    for (job_name, totals) in totals {
        for (status, runs, seconds) in totals.iter() {
            sqlx::query(
                "INSERT INTO job_run_totals (job_name, status, runs, seconds) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (job_name, status) DO UPDATE SET runs = runs + excluded.runs, \
                 seconds = seconds + excluded.seconds",
            )
            .bind(job_name)
            .bind(status)
            .bind(i64::try_from(runs).unwrap_or(i64::MAX))
            .bind(seconds)
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// The primary result code, whatever extends it.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    let code: i32 = code.parse().ok()?;
    Some(code & 0xff)
}

/// `SQLITE_BUSY`.
fn is_busy(error: &sqlx::Error) -> bool {
    code(error) == Some(5)
}

/// `SQLITE_TOOBIG`, `SQLITE_CONSTRAINT` and `SQLITE_MISMATCH` are of what was given, and of nothing that passes.
fn failed(error: sqlx::Error) -> Error {
    let kind = match code(&error) {
        Some(18..=20) => ErrorKind::Refused,
        _ => ErrorKind::Io,
    };
    Error::new(kind, "the history of jobs in SQLite").with_source(error)
}

impl RunStore for SqliteHistory {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            // To switch a new file to its log does not wait for others who do: it is tried again.
            for _ in 0..50 {
                match self.migrate().await {
                    Err(error) if is_busy(&error) => sleep(Duration::from_millis(20)).await,
                    done => return done.map_err(failed),
                }
            }
            self.migrate().await.map_err(failed)
        })
    }

    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        let registered = job_state::register(&self.pool, jobs);
        Box::pin(async { registered.await.map_err(failed) })
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.write_all(runs, lease).await.map_err(failed) })
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        let renewed = lease::renew(&self.pool, runs, lease);
        Box::pin(async { renewed.await.map(time_of_seconds).map_err(failed) })
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        Box::pin(async move { lease::reap(&self.pool, by).await.map_err(failed) })
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        Box::pin(async { self.find(query).await.map_err(failed) })
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        Box::pin(async { self.stats_of(job_name).await.map_err(failed) })
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        Box::pin(async { self.last_of_each().await.map_err(failed) })
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        Box::pin(async { job_state::all(&self.pool).await.map_err(failed) })
    }

    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        most: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        Box::pin(async move {
            prune::some(&self.pool, retention, most)
                .await
                .map_err(failed)
        })
    }
}

impl ProblemStore for SqliteHistory {
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>> {
        Box::pin(async { job_state::problems(&self.pool).await.map_err(failed) })
    }

    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        seen: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let reported = job_state::report(&self.pool, problem, seen);
        Box::pin(async { reported.await.map_err(failed) })
    }

    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let resolved = job_state::resolve(&self.pool, problem, caller);
        Box::pin(async { resolved.await.map_err(failed) })
    }
}
