//! How jobs stand, and what is wrong with them. Times are seconds since 1970 by SQLite's clock.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sqlx::{Connection, SqliteConnection, SqlitePool};

use crate::jobs::history::rows;
use crate::jobs::history::standing::{MOST_AHEAD, Progress};
use crate::jobs::{Problem, Standings};

pub(super) async fn register(pool: &SqlitePool, job_names: &[&str]) -> Result<(), sqlx::Error> {
    let mut connection = super::connection(pool).await?;
    let mut transaction = connection.begin_with(super::BEGIN).await?;
    for name in job_names {
        sqlx::query(
            "INSERT INTO job_standings (job_name, known_since, failures_in_a_row) \
             VALUES ($1, unixepoch('subsec'), 0) ON CONFLICT (job_name) DO NOTHING",
        )
        .bind(name)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}

pub(super) async fn add(
    connection: &mut SqliteConnection,
    progress: BTreeMap<&str, Progress>,
) -> Result<(), sqlx::Error> {
    for (job_name, progress) in progress {
        // Of nothing MIN and MAX make nothing.
        sqlx::query(
            "INSERT INTO job_standings (job_name, known_since, last_start, failures_in_a_row) VALUES ($1, \
             unixepoch('subsec'), MAX(unixepoch('subsec') - $2, MIN($3, unixepoch('subsec') + $4)), $5) \
             ON CONFLICT (job_name) DO UPDATE SET \
             last_start = COALESCE(MAX(last_start, excluded.last_start), last_start, excluded.last_start), \
             failures_in_a_row = CASE WHEN $6 THEN 0 ELSE failures_in_a_row END + excluded.failures_in_a_row",
        )
        .bind(job_name)
        .bind(progress.start.map(|start| start.age.as_secs_f64()))
        .bind(progress.start.map(|start| rows::seconds_of(start.at)))
        .bind(MOST_AHEAD.as_secs_f64())
        .bind(i64::try_from(progress.failures).unwrap_or(i64::MAX))
        .bind(progress.has_succeeded)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn all(pool: &SqlitePool) -> Result<Standings, sqlx::Error> {
    let now = sqlx::query_scalar::<_, f64>("SELECT unixepoch('subsec')");
    let now = now.fetch_one(pool).await?;
    let rows = sqlx::query(
        "SELECT job_name, known_since, last_start, failures_in_a_row FROM job_standings ORDER BY job_name",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::standings(now, &rows))
}

pub(super) async fn problems(pool: &SqlitePool) -> Result<Vec<Problem>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT job_name, kind, since, run_id, message FROM job_problems WHERE resolved_at IS NULL",
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
        "INSERT INTO job_problems (job_name, kind, since, run_id, message, reported_at) \
         VALUES ($1, $2, $3, $4, $5, unixepoch('subsec')) \
         ON CONFLICT (job_name, kind) DO UPDATE SET since = excluded.since, run_id = excluded.run_id, \
         message = excluded.message, reported_at = excluded.reported_at, resolved_at = NULL \
         WHERE job_problems.resolved_at <= $6",
    )
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .bind(rows::seconds_of(problem.since))
    .bind(problem.run.map(|run| run.to_string()))
    .bind(&problem.message)
    .bind(rows::seconds_of(seen))
    .execute(pool)
    .await?;
    Ok(reported.rows_affected() > 0)
}

pub(super) async fn resolve(
    pool: &SqlitePool,
    problem: &Problem,
    seen: SystemTime,
) -> Result<bool, sqlx::Error> {
    let resolved = sqlx::query(
        "UPDATE job_problems SET resolved_at = unixepoch('subsec') \
         WHERE job_name = $1 AND kind = $2 AND resolved_at IS NULL AND reported_at <= $3",
    )
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .bind(rows::seconds_of(seen))
    .execute(pool)
    .await?;
    Ok(resolved.rows_affected() > 0)
}
