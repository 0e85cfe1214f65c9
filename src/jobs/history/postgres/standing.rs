//! How jobs stand, and what is wrong with them, by the database's clock.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sqlx::{PgConnection, PgPool};

use crate::jobs::history::rows;
use crate::jobs::history::standing::{MOST_AHEAD, Progress};
use crate::jobs::{Problem, Standings};

pub(super) async fn register(pool: &PgPool, job_names: &[&str]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO job_standings (job_name, known_since, failures_in_a_row) \
         SELECT job_name, clock_timestamp(), 0 FROM UNNEST($1::text[]) AS job (job_name) ORDER BY job_name \
         ON CONFLICT (job_name) DO NOTHING",
    )
    .bind(job_names)
    .execute(pool)
    .await?;
    Ok(())
}

/// In one order for all who do.
pub(super) async fn add(
    connection: &mut PgConnection,
    progress: BTreeMap<&str, Progress>,
) -> Result<(), sqlx::Error> {
    for (job_name, progress) in progress {
        // LEAST and GREATEST pass over what is nothing, so that is asked for first.
        sqlx::query(
            "INSERT INTO job_standings AS standing (job_name, known_since, last_start, failures_in_a_row) VALUES ($1, \
             clock_timestamp(), CASE WHEN $2::float8 IS NOT NULL THEN GREATEST(clock_timestamp() - make_interval(secs => $2), \
             LEAST(to_timestamp($3), clock_timestamp() + make_interval(secs => $4))) END, $5) \
             ON CONFLICT (job_name) DO UPDATE SET last_start = GREATEST(standing.last_start, excluded.last_start), \
             failures_in_a_row = CASE WHEN $6 THEN 0 ELSE standing.failures_in_a_row END + excluded.failures_in_a_row",
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

pub(super) async fn all(pool: &PgPool) -> Result<Standings, sqlx::Error> {
    let now = sqlx::query_scalar::<_, f64>("SELECT extract(epoch FROM clock_timestamp())::float8");
    let now = now.fetch_one(pool).await?;
    let rows = sqlx::query(
        "SELECT job_name, extract(epoch FROM known_since)::float8, extract(epoch FROM last_start)::float8, \
         failures_in_a_row FROM job_standings ORDER BY job_name COLLATE \"C\"",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::standings(now, &rows))
}

pub(super) async fn problems(pool: &PgPool) -> Result<Vec<Problem>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT job_name, kind, extract(epoch FROM since)::float8, run_id::text, message FROM job_problems \
         WHERE resolved_at IS NULL",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::problems(&rows))
}

pub(super) async fn report(
    pool: &PgPool,
    problem: &Problem,
    seen: SystemTime,
) -> Result<bool, sqlx::Error> {
    let reported = sqlx::query(
        "INSERT INTO job_problems AS known (job_name, kind, since, run_id, message, reported_at) \
         VALUES ($1, $2, to_timestamp($3), $4::uuid, $5, clock_timestamp()) \
         ON CONFLICT (job_name, kind) DO UPDATE SET since = excluded.since, run_id = excluded.run_id, \
         message = excluded.message, reported_at = excluded.reported_at, resolved_at = NULL \
         WHERE known.resolved_at <= to_timestamp($6)",
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
    pool: &PgPool,
    problem: &Problem,
    seen: SystemTime,
) -> Result<bool, sqlx::Error> {
    let resolved = sqlx::query(
        "UPDATE job_problems SET resolved_at = clock_timestamp() \
         WHERE job_name = $1 AND kind = $2 AND resolved_at IS NULL AND reported_at <= to_timestamp($3)",
    )
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .bind(rows::seconds_of(seen))
    .execute(pool)
    .await?;
    Ok(resolved.rows_affected() > 0)
}
