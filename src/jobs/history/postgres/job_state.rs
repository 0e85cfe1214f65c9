//! How jobs stand, and what is wrong with them, by the database's clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::jobs::Problem;
use crate::jobs::history::StateDelta;
use crate::jobs::history::rows::{self, seconds_of};
use crate::jobs::history::{JobStates, Registration};

/// In the order of bytes, as all who write here; each once, for one command changes a row once.
pub(super) async fn register(pool: &PgPool, jobs: &[Registration]) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let names: Vec<_> = jobs.iter().map(|job| &*job.job_name).collect();
    let schedules: Vec<_> = jobs.iter().map(|job| job.schedule.as_deref()).collect();
    sqlx::query(
        // One time for both: the clock goes on within a command.
        "WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at) \
         INSERT INTO job_standings AS standing (job_name, known_since, schedule, registered_at) \
         SELECT DISTINCT ON (job_name COLLATE \"C\") job_name, now.at, schedule, now.at \
         FROM UNNEST($1::text[], $2::text[]) AS job (job_name, schedule), now ORDER BY job_name COLLATE \"C\" \
         ON CONFLICT (job_name) DO UPDATE SET registered_at = excluded.registered_at, \
         schedule = COALESCE(excluded.schedule, standing.schedule), \
         known_since = CASE WHEN excluded.schedule IS NOT NULL AND excluded.schedule IS DISTINCT FROM standing.schedule \
           THEN excluded.known_since ELSE standing.known_since END",
    )
    .bind(names)
    .bind(schedules)
    .execute(&mut *transaction)
    .await?;
    add(&mut transaction, StateDelta::of_starts(jobs)).await?;
    transaction.commit().await
}

/// As [`JobState::add`](crate::jobs::JobState) does. In the order of bytes.
pub(super) async fn add(
    connection: &mut PgConnection,
    progress: BTreeMap<&str, StateDelta>,
) -> Result<(), sqlx::Error> {
    for (job_name, progress) in progress {
        let age = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
        sqlx::query(
            "INSERT INTO job_standings AS standing (job_name, known_since, last_start, started_at, failures_in_a_row, \
             last_failure) VALUES ($1, clock_timestamp(), clock_timestamp() - make_interval(secs => $2), to_timestamp($3), \
             $4, clock_timestamp() - make_interval(secs => $5)) \
             ON CONFLICT (job_name) DO UPDATE SET \
             started_at = CASE WHEN standing.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               THEN standing.started_at ELSE excluded.started_at END, \
             last_start = CASE WHEN standing.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               OR standing.started_at = excluded.started_at \
               THEN standing.last_start ELSE excluded.last_start END, \
             failures_in_a_row = excluded.failures_in_a_row + \
               CASE WHEN clock_timestamp() - make_interval(secs => $6) >= COALESCE(standing.last_failure, '-infinity') \
               THEN 0 ELSE standing.failures_in_a_row END, \
             streak = standing.streak + \
               CASE WHEN clock_timestamp() - make_interval(secs => $6) >= COALESCE(standing.last_failure, '-infinity') \
               THEN 1 ELSE 0 END, \
             last_failure = GREATEST(standing.last_failure, excluded.last_failure)",
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

pub(super) async fn all(pool: &PgPool) -> Result<JobStates, sqlx::Error> {
    let now = sqlx::query_scalar::<_, f64>("SELECT extract(epoch FROM clock_timestamp())::float8");
    let now = now.fetch_one(pool).await?;
    let rows = sqlx::query(
        "SELECT job_name, extract(epoch FROM known_since)::float8, extract(epoch FROM registered_at)::float8, \
         extract(epoch FROM last_start)::float8, extract(epoch FROM started_at)::float8, failures_in_a_row, streak, \
         extract(epoch FROM last_failure)::float8 FROM job_standings ORDER BY job_name COLLATE \"C\"",
    )
    .fetch_all(pool)
    .await?;
    Ok(rows::standings(now, &rows))
}

pub(super) async fn problems(pool: &PgPool) -> Result<Vec<Problem>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT job_name, kind, id::text, extract(epoch FROM since)::float8, run_id::text, message, \
         extract(epoch FROM last_start)::float8, streak FROM job_problems WHERE resolved_at IS NULL",
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
        "INSERT INTO job_problems AS known (job_name, kind, id, since, run_id, message, last_start, streak) \
         VALUES ($1, $2, $3::uuid, to_timestamp($4), $5::uuid, $6, to_timestamp($7), $8) \
         ON CONFLICT (job_name, kind) DO UPDATE SET id = excluded.id, since = excluded.since, run_id = excluded.run_id, \
         message = excluded.message, last_start = excluded.last_start, streak = excluded.streak, resolved_at = NULL, \
         resolved_by = NULL \
         WHERE known.resolved_at <= to_timestamp($9) OR (known.id = excluded.id AND known.resolved_at IS NULL)",
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
    pool: &PgPool,
    problem: &Problem,
    caller: Uuid,
) -> Result<bool, sqlx::Error> {
    let resolved = sqlx::query(
        "UPDATE job_problems SET resolved_at = COALESCE(resolved_at, clock_timestamp()), resolved_by = $2::uuid \
         WHERE job_name = $3 AND kind = $4 AND id = $1::uuid AND (resolved_at IS NULL OR resolved_by = $2::uuid)",
    )
    .bind(problem.id.to_string())
    .bind(caller.to_string())
    .bind(&problem.job_name)
    .bind(problem.kind.as_str())
    .execute(pool)
    .await?;
    Ok(resolved.rows_affected() > 0)
}
