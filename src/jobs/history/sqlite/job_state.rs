//! How jobs stand, and what is wrong with them. Times are seconds since 1970 by SQLite's clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sqlx::{Connection, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::jobs::Problem;
use crate::jobs::history::StateDelta;
use crate::jobs::history::rows::{self, seconds_of};
use crate::jobs::history::{JobStates, Registration};

pub(super) async fn register(pool: &SqlitePool, jobs: &[Registration]) -> Result<(), sqlx::Error> {
    let mut connection = super::connection(pool).await?;
    let mut transaction = connection.begin_with(super::BEGIN).await?;
    for job in jobs {
        sqlx::query(
            "INSERT INTO job_standings (job_name, known_since, schedule, registered_at) \
             VALUES ($1, unixepoch('subsec'), $2, unixepoch('subsec')) \
             ON CONFLICT (job_name) DO UPDATE SET registered_at = excluded.registered_at, \
             schedule = COALESCE(excluded.schedule, schedule), \
             known_since = iif(COALESCE(excluded.schedule, schedule) IS schedule, known_since, excluded.known_since)",
        )
        .bind(&job.job_name)
        .bind(&job.schedule)
        .execute(&mut *transaction)
        .await?;
    }
    add(&mut transaction, StateDelta::of_starts(jobs)).await?;
    transaction.commit().await
}

/// As [`JobState::add`](crate::jobs::JobState) does. Of what is not known SQLite's clock less it is not known either.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    progress: BTreeMap<&str, StateDelta>,
) -> Result<(), sqlx::Error> {
    for (job_name, progress) in progress {
        let age = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
        sqlx::query(
            "INSERT INTO job_standings AS standing (job_name, known_since, last_start, started_at, failures_in_a_row, \
             last_failure) VALUES ($1, unixepoch('subsec'), unixepoch('subsec') - $2, $3, $4, unixepoch('subsec') - $5) \
             ON CONFLICT (job_name) DO UPDATE SET \
             started_at = CASE WHEN standing.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               THEN standing.started_at ELSE excluded.started_at END, \
             last_start = CASE WHEN standing.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               OR standing.started_at = excluded.started_at \
               THEN standing.last_start ELSE excluded.last_start END, \
             failures_in_a_row = excluded.failures_in_a_row + \
               CASE WHEN unixepoch('subsec') - $6 >= COALESCE(standing.last_failure, 0) THEN 0 \
               ELSE standing.failures_in_a_row END, \
             streak = standing.streak + \
               CASE WHEN unixepoch('subsec') - $6 >= COALESCE(standing.last_failure, 0) THEN 1 ELSE 0 END, \
             last_failure = COALESCE(MAX(standing.last_failure, excluded.last_failure), standing.last_failure, \
               excluded.last_failure)",
        )
        .bind(job_name)
        .bind(age(progress.start))
        .bind(progress.started_at.map(seconds_of))
        .bind(i64::try_from(progress.failures).unwrap_or(i64::MAX))
        .bind(age(progress.failure))
        .bind(age(progress.success).map(|age| age - StateDelta::REORDER_WINDOW.as_secs_f64()))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn all(pool: &SqlitePool) -> Result<JobStates, sqlx::Error> {
    let now = sqlx::query_scalar::<_, f64>("SELECT unixepoch('subsec')");
    let now = now.fetch_one(pool).await?;
    let rows = sqlx::query(
        "SELECT job_name, known_since, registered_at, last_start, started_at, failures_in_a_row, streak, last_failure \
         FROM job_standings ORDER BY job_name",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::standings(now, &rows))
}

pub(super) async fn problems(pool: &SqlitePool) -> Result<Vec<Problem>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT job_name, kind, id, since, run_id, message, last_start, streak FROM job_problems \
         WHERE resolved_at IS NULL",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::problems(&rows))
}

pub(super) async fn report(
    pool: &SqlitePool,
    problem: &Problem,
    seen: SystemTime,
) -> Result<bool, sqlx::Error> {
    let reported = sqlx::query(
        "INSERT INTO job_problems AS known (job_name, kind, id, since, run_id, message, last_start, streak) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (job_name, kind) DO UPDATE SET id = excluded.id, since = excluded.since, run_id = excluded.run_id, \
         message = excluded.message, last_start = excluded.last_start, streak = excluded.streak, resolved_at = NULL, \
         resolved_by = NULL \
         WHERE known.resolved_at <= $9 OR (known.id = excluded.id AND known.resolved_at IS NULL)",
    )
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .bind(problem.id.to_string())
    .bind(seconds_of(problem.since))
    .bind(problem.run.map(|run| run.to_string()))
    .bind(&problem.message)
    .bind(problem.last_start.map(seconds_of))
    .bind(i64::try_from(problem.success_epoch).unwrap_or(i64::MAX))
    .bind(seconds_of(seen))
    .execute(pool)
    .await?;
    Ok(reported.rows_affected() > 0)
}

pub(super) async fn resolve(
    pool: &SqlitePool,
    problem: &Problem,
    caller: Uuid,
) -> Result<bool, sqlx::Error> {
    let resolved = sqlx::query(
        "UPDATE job_problems SET resolved_at = COALESCE(resolved_at, unixepoch('subsec')), resolved_by = $2 \
         WHERE job_name = $3 AND kind = $4 AND id = $1 AND (resolved_at IS NULL OR resolved_by = $2)",
    )
    .bind(problem.id.to_string())
    .bind(caller.to_string())
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .execute(pool)
    .await?;
    Ok(resolved.rows_affected() > 0)
}
