//! `PostgresHistory`: runs in a database, for many instances.

mod job_state;
mod prune;
mod schema;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Postgres, QueryBuilder, Row};
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

/// In the order in which they are read, as texts: times and ids need no further crate then.
const COLUMNS: &str = "id::text, job_name, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
                       to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), status, \
                       duration_seconds, error_message, metadata::text, instance";

/// Keeps runs in PostgreSQL: those of all instances of a service, whose clocks may differ, for leases go by the database's.
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
/// Tables, in the schema that connections find first: `job_runs`, `job_run_totals` for what is counted,
/// `job_standings` and `job_problems` for what is expected, and `job_run_migrations`.
#[derive(Debug, Clone)]
pub struct PostgresHistory {
    pool: PgPool,
}

impl PostgresHistory {
    /// By connections of its own, at most four, which are opened when they are needed.
    ///
    /// # Errors
    ///
    /// The URL is not one of PostgreSQL. The message does not show it.
    pub fn url(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            Error::invalid(
                "the history of jobs has no URL of PostgreSQL: postgres://user:password@host/database is needed",
            )
        })?;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.disable_statement_logging());
        Ok(Self::pool(pool))
    }

    /// In the database of this pool, among other tables.
    #[must_use]
    pub fn pool(pool: PgPool) -> Self {
        Self { pool }
    }

    async fn write_all(&self, runs: &[RunRecord], lease: Duration) -> Result<(), sqlx::Error> {
        let runs = once_each(runs);
        let mut transaction = self.pool.begin().await?;
        let written = write_some(&mut transaction, &runs, lease).await?;
        let news = runs.iter().filter(|run| written.contains_key(&run.id));
        count(&mut transaction, news.clone().copied()).await?;
        let progress = StateDelta::of_runs(news.copied(), |run| !written[&run.id]);
        job_state::add(&mut transaction, progress).await?;
        transaction.commit().await
    }

    /// In the order of ids, as they are written: two who lock in another order would wait for each other. Gives the time.
    async fn renew_all(&self, runs: &[Uuid], lease: Duration) -> Result<f64, sqlx::Error> {
        let (renewed, now): (i64, f64) = sqlx::query_as(
            "WITH renewed AS (UPDATE job_runs SET lease_until = clock_timestamp() + make_interval(secs => $1) \
               WHERE id IN (SELECT id FROM job_runs WHERE status = 'running' AND id = ANY ($2::uuid[]) \
                 ORDER BY id FOR UPDATE) RETURNING TRUE) \
             SELECT COUNT(*), extract(epoch FROM clock_timestamp())::float8 FROM renewed",
        )
        .bind(lease.as_secs_f64())
        .bind(runs.iter().map(Uuid::to_string).collect::<Vec<_>>())
        .fetch_one(&self.pool)
        .await?;
        if renewed == 0 {
            // Alone, for all instances come here: nobody is to wait for who waits for something else.
            sqlx::query("UPDATE job_run_migrations SET version = version WHERE version = 1")
                .execute(&self.pool)
                .await?;
        }
        Ok(now)
    }

    /// What another instance has in hand is left to it.
    async fn reap_all(&self, by: SystemTime) -> Result<Vec<RunRecord>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let lost = sqlx::query(AssertSqlSafe(format!(
            "UPDATE job_runs SET status = 'lost', lease_until = NULL, finished_at = clock_timestamp() WHERE id IN \
             (SELECT id FROM job_runs WHERE status = 'running' AND lease_until < to_timestamp($1) \
              FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
        )))
        .bind(rows::seconds_of(by))
        .fetch_all(&mut *transaction)
        .await?;
        let lost: Vec<_> = lost.iter().filter_map(record).collect();
        count(&mut transaction, lost.iter()).await?;
        job_state::add(&mut transaction, StateDelta::of_lost(&lost)).await?;
        transaction.commit().await?;
        Ok(lost)
    }

    async fn find(&self, query: &RunQuery) -> Result<Vec<RunRecord>, sqlx::Error> {
        let mut sql: QueryBuilder<Postgres> =
            QueryBuilder::new(format!("SELECT {COLUMNS} FROM job_runs WHERE TRUE"));
        if let Some(id) = query.id {
            sql.push(" AND id = ").push_bind(id.to_string());
            sql.push("::uuid");
        }
        if let Some(name) = &query.job_name {
            sql.push(" AND job_name = ").push_bind(name);
        }
        if let Some(status) = query.status {
            sql.push(" AND status = ").push_bind(status.as_str());
        }
        if let Some(since) = query.since {
            sql.push(" AND started_at >= ").push_bind(text_of(since));
            sql.push("::timestamptz");
        }
        if let Some((started_at, id)) = query.before {
            sql.push(" AND (started_at, id) < (")
                .push_bind(text_of(started_at));
            sql.push("::timestamptz, ").push_bind(id.to_string());
            sql.push("::uuid)");
        }
        // By the columns: their names alone are those of the texts that are read, which no index has.
        sql.push(" ORDER BY job_runs.started_at DESC, job_runs.id DESC LIMIT ");
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

    /// The times of the last runs that say how long the job takes: the last ones of each status, and of those the last.
    async fn recent(&self, job_name: &str) -> Result<Vec<Duration>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT duration_seconds FROM ((SELECT started_at, duration_seconds FROM job_runs \
               WHERE job_name = $1 AND status = 'success' ORDER BY started_at DESC LIMIT $2) \
             UNION ALL (SELECT started_at, duration_seconds FROM job_runs \
               WHERE job_name = $1 AND status = 'failed' ORDER BY started_at DESC LIMIT $2)) AS timed \
             ORDER BY started_at DESC LIMIT $2",
        )
        .bind(job_name)
        .bind(i64::try_from(RECENT).unwrap_or(i64::MAX))
        .fetch_all(&self.pool)
        .await?;
        let duration = |row: &PgRow| {
            let seconds: Option<f64> = row.try_get(0).ok()?;
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
        // In the order of bytes, whatever the database's collation.
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            let query = RunQuery::new().job_name(name).limit(1);
            last.extend(self.find(&query).await?);
        }
        Ok(last)
    }
}

/// Those that were new, or had not ended, and whether they were there; the others stay as they are.
async fn write_some(
    connection: &mut PgConnection,
    runs: &[&RunRecord],
    lease: Duration,
) -> Result<HashMap<Uuid, bool>, sqlx::Error> {
    fn all<T>(runs: &[&RunRecord], of: impl Fn(&RunRecord) -> T) -> Vec<T> {
        runs.iter().map(|run| of(run)).collect()
    }
    let rows = sqlx::query(
        "INSERT INTO job_runs (id, job_name, started_at, finished_at, status, duration_seconds, error_message, metadata, \
         instance, lease_until) \
         SELECT id::uuid, job_name, started_at::timestamptz, finished_at::timestamptz, status, duration_seconds, \
           error_message, metadata::jsonb, instance, \
           CASE WHEN status = 'running' THEN clock_timestamp() + make_interval(secs => $10) END \
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::text[], $8::text[], \
           $9::text[]) AS run (id, job_name, started_at, finished_at, status, duration_seconds, error_message, metadata, \
           instance) \
         ON CONFLICT (id) DO UPDATE SET finished_at = excluded.finished_at, status = excluded.status, \
         duration_seconds = excluded.duration_seconds, error_message = excluded.error_message, \
         metadata = excluded.metadata, lease_until = excluded.lease_until, was_there = TRUE \
         WHERE job_runs.status = 'running' RETURNING id::text, was_there",
    )
    .bind(all(runs, |run| run.id.to_string()))
    .bind(all(runs, |run| run.job_name.clone()))
    .bind(all(runs, |run| text_of(run.started_at)))
    .bind(all(runs, |run| run.finished_at.map(text_of)))
    .bind(all(runs, |run| run.status.as_str()))
    .bind(all(runs, |run| run.duration.map(|duration| duration.as_secs_f64())))
    .bind(all(runs, |run| run.error_message.clone()))
    .bind(all(runs, |run| serde_json::Value::Object(run.metadata.clone()).to_string()))
    .bind(all(runs, |run| run.instance.clone()))
    .bind(lease.as_secs_f64())
    .fetch_all(connection)
    .await?;
    let written = |row: &PgRow| {
        Some((
            row.try_get::<&str, _>(0).ok()?.parse().ok()?,
            row.try_get(1).ok()?,
        ))
    };
    Ok(rows.iter().filter_map(written).collect())
}

/// Adds what ended to the totals, in one order for all who do.
async fn count(
    connection: &mut PgConnection,
    runs: impl Iterator<Item = &RunRecord>,
) -> Result<(), sqlx::Error> {
    let mut totals: BTreeMap<&str, RunTotals> = BTreeMap::new();
    for run in runs.filter(|run| run.status != RunStatus::Running) {
        totals.entry(&run.job_name).or_default().add(run);
    }
    for (job_name, totals) in totals {
        for (status, runs, seconds) in totals.iter() {
            sqlx::query(
                "INSERT INTO job_run_totals AS total (job_name, status, runs, seconds) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (job_name, status) DO UPDATE SET runs = total.runs + excluded.runs, \
                 seconds = total.seconds + excluded.seconds",
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

/// Data exceptions and violated constraints (SQLSTATE classes 22 and 23) are of what was given, and of nothing that passes.
fn failed(error: sqlx::Error) -> Error {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let is_refused = code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"));
    let kind = if is_refused {
        ErrorKind::Refused
    } else {
        ErrorKind::Io
    };
    Error::new(kind, "the history of jobs in PostgreSQL").with_source(error)
}

impl RunStore for PostgresHistory {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let mut transaction = self.pool.begin().await.map_err(failed)?;
            schema::migrate(&mut transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
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
        Box::pin(async move {
            let now = self.renew_all(runs, lease).await.map_err(failed)?;
            Ok(time_of_seconds(now))
        })
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        Box::pin(async move { self.reap_all(by).await.map_err(failed) })
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

impl ProblemStore for PostgresHistory {
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
