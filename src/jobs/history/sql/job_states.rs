//! Registers jobs and keeps their states, by the database's clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sqlx::{Connection, Pool, Transaction};

use super::dialect::Dialect;
use super::time;
use crate::jobs::history::{JobState, JobStates, Registration, StateDelta};
use crate::sql::{Columns, Statement};

/// Rows are locked in the order of names, as everywhere.
pub(super) async fn register<D: Dialect>(
    pool: &Pool<D>,
    jobs: &[Registration],
) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let mut by_name: Vec<_> = jobs.iter().collect();
    by_name.sort_by_key(|job| &job.job_name);
    for job in by_name {
        // Both times are the same: the clock advances within a statement.
        Statement::new(
            "WITH now AS MATERIALIZED (SELECT clock_timestamp() AS at) \
             INSERT INTO job_states AS known (job_name, known_since, schedule, registered_at) \
             SELECT $1, now.at, $2, now.at FROM now WHERE TRUE \
             ON CONFLICT (job_name) DO UPDATE SET registered_at = excluded.registered_at, \
             schedule = COALESCE(excluded.schedule, known.schedule), \
             known_since = CASE WHEN excluded.schedule IS NOT NULL AND excluded.schedule IS DISTINCT FROM known.schedule \
               THEN excluded.known_since ELSE known.known_since END",
        )
        .text(job.job_name.clone())
        .optional_text(job.schedule.clone())
        .fetch(&mut transaction)
        .await?;
    }
    apply::<D>(&mut transaction, StateDelta::of_starts(jobs)).await?;
    transaction.commit().await
}

/// Writes states with their schedules. A known state stays, and gets its schedule if it has none.
pub(super) async fn restore<D: Dialect>(
    pool: &Pool<D>,
    states: Vec<(JobState, Option<String>)>,
) -> Result<(), sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    for (state, schedule) in states {
        let time = |at: Option<SystemTime>| at.map(time::to_seconds);
        Statement::new(
            "INSERT INTO job_states AS known (job_name, schedule, known_since, registered_at, last_start, started_at, \
             failures_in_a_row, success_epoch, last_failure, last_success, last_end) \
             VALUES ($1, $2, to_timestamp($3), to_timestamp($4), to_timestamp($5), to_timestamp($6), $7, $8, \
             to_timestamp($9), to_timestamp($10), to_timestamp($11)) \
             ON CONFLICT (job_name) DO UPDATE SET schedule = COALESCE(known.schedule, excluded.schedule)",
        )
        .text(state.job_name.clone())
        .optional_text(schedule)
        .float(time::to_seconds(state.known_since))
        .float(time(state.registered_at))
        .float(time(state.last_start))
        .float(time(state.started_at))
        .integer(state.failures_in_a_row)
        .integer(state.success_epoch)
        .float(time(state.last_failure))
        .float(time(state.last_success))
        .float(time(state.last_end))
        .fetch(&mut transaction)
        .await?;
    }
    transaction.commit().await
}

/// Does what [`JobState::apply`](crate::jobs::store::JobState::apply) does. An unknown age gives an unknown time.
pub(super) async fn apply<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    deltas: BTreeMap<&str, StateDelta>,
) -> Result<(), sqlx::Error> {
    for (job_name, delta) in deltas {
        let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
        let window = StateDelta::REORDER_WINDOW.as_secs_f64();
        Statement::new(
            "INSERT INTO job_states AS known (job_name, known_since, last_start, started_at, failures_in_a_row, \
             last_failure, last_success, last_end) \
             VALUES ($1, clock_timestamp(), clock_timestamp() - make_interval(secs => $2), to_timestamp($3), \
             $4, clock_timestamp() - make_interval(secs => $5), clock_timestamp() - make_interval(secs => $7), \
             clock_timestamp() - make_interval(secs => $8)) \
             ON CONFLICT (job_name) DO UPDATE SET \
             started_at = CASE WHEN known.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               THEN known.started_at ELSE excluded.started_at END, \
             last_start = CASE WHEN known.last_start >= excluded.last_start OR excluded.last_start IS NULL \
               OR known.started_at = excluded.started_at \
               THEN known.last_start ELSE excluded.last_start END, \
             failures_in_a_row = excluded.failures_in_a_row + \
               CASE WHEN clock_timestamp() - make_interval(secs => $6) >= COALESCE(known.last_failure, to_timestamp(0)) \
               THEN 0 ELSE known.failures_in_a_row END, \
             success_epoch = known.success_epoch + \
               CASE WHEN clock_timestamp() - make_interval(secs => $6) >= COALESCE(known.last_failure, to_timestamp(0)) \
               THEN 1 ELSE 0 END, \
             last_failure = CASE WHEN known.last_failure >= excluded.last_failure OR excluded.last_failure IS NULL \
               THEN known.last_failure ELSE excluded.last_failure END, \
             last_success = CASE WHEN known.last_success >= excluded.last_success OR excluded.last_success IS NULL \
               THEN known.last_success ELSE excluded.last_success END, \
             last_end = CASE WHEN known.last_end >= excluded.last_end OR excluded.last_end IS NULL \
               THEN known.last_end ELSE excluded.last_end END",
        )
        .text(job_name.to_owned())
        .float(seconds(delta.start))
        .float(delta.started_at.map(time::to_seconds))
        .integer(delta.failures)
        .float(seconds(delta.failure))
        .float(seconds(delta.success).map(|age| age - window))
        .float(seconds(delta.success))
        .float(seconds(delta.end))
        .fetch(transaction)
        .await?;
    }
    Ok(())
}

pub(super) async fn all<D: Dialect>(pool: &Pool<D>) -> Result<JobStates, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let now = Statement::new("SELECT extract(epoch FROM clock_timestamp())::float8");
    let now = now.fetch(&mut transaction).await?;
    let now = now.first().ok_or(sqlx::Error::RowNotFound)?.float(0)?;
    let rows = Statement::new(
        "SELECT job_name, extract(epoch FROM known_since)::float8, extract(epoch FROM registered_at)::float8, \
         extract(epoch FROM last_start)::float8, extract(epoch FROM started_at)::float8, failures_in_a_row, \
         success_epoch, extract(epoch FROM last_failure)::float8, extract(epoch FROM last_success)::float8, \
         extract(epoch FROM last_end)::float8 FROM job_states ORDER BY job_name COLLATE \"C\"",
    )
    .fetch(&mut transaction)
    .await?;
    transaction.commit().await?;
    let jobs = rows.iter().filter_map(job_state).collect();
    Ok(JobStates::new(time::from_seconds(now.unwrap_or(0.0)), jobs))
}

/// Reads the columns `job_name`, `known_since`, `registered_at`, `last_start`, `started_at`, `failures_in_a_row`,
/// `success_epoch`, `last_failure`, `last_success`, `last_end`.
fn job_state(row: &impl Columns) -> Option<JobState> {
    let time = |column: usize| Some(row.float(column).ok()?.map(time::from_seconds));
    let number = |column: usize| Some(u64::try_from(row.integer(column).ok()?).unwrap_or(0));
    let mut state = JobState::new(row.text(0).ok()??, time(1)??);
    state.registered_at = time(2)?;
    state.last_start = time(3)?;
    state.started_at = time(4)?;
    state.failures_in_a_row = number(5)?;
    state.success_epoch = number(6)?;
    state.last_failure = time(7)?;
    state.last_success = time(8)?;
    state.last_end = time(9)?;
    Some(state)
}
