//! Finds, reports and resolves problems.

use std::time::SystemTime;

use sqlx::Pool;
use uuid::Uuid;

use super::dialect::Dialect;
use super::time;
use crate::jobs::{Problem, ProblemKind};
use crate::sql::{Columns, Statement};

const OPEN: &str = "SELECT job_name, kind, id::text, extract(epoch FROM since)::float8, run_id::text, message, \
    extract(epoch FROM last_start)::float8, success_epoch FROM job_problems WHERE resolved_at IS NULL";

const REPORT: &str = "INSERT INTO job_problems AS known \
    (job_name, kind, id, since, run_id, message, last_start, success_epoch) \
    VALUES ($1, $2, $3::uuid, to_timestamp($4), $5::uuid, $6, to_timestamp($7), $8) \
    ON CONFLICT (job_name, kind) DO UPDATE SET id = excluded.id, since = excluded.since, run_id = excluded.run_id, \
    message = excluded.message, last_start = excluded.last_start, success_epoch = excluded.success_epoch, \
    resolved_at = NULL, resolved_by = NULL \
    WHERE known.resolved_at <= to_timestamp($9) OR (known.id = excluded.id AND known.resolved_at IS NULL) \
    RETURNING TRUE";

const RESOLVE: &str = "UPDATE job_problems \
    SET resolved_at = COALESCE(resolved_at, clock_timestamp()), resolved_by = $2::uuid \
    WHERE job_name = $3 AND kind = $4 AND id = $1::uuid AND (resolved_at IS NULL OR resolved_by = $2::uuid) \
    RETURNING TRUE";

pub(super) async fn open<D: Dialect>(pool: &Pool<D>) -> Result<Vec<Problem>, sqlx::Error> {
    let rows = Statement::new(OPEN)
        .fetch_alone(pool, D::BEGIN_READ)
        .await?;
    let mut problems: Vec<_> = rows.iter().filter_map(problem).collect();
    problems.sort_by(|a, b| (&a.job_name, a.kind).cmp(&(&b.job_name, b.kind)));
    Ok(problems)
}

pub(super) async fn report<D: Dialect>(
    pool: &Pool<D>,
    problem: &Problem,
    observed_at: SystemTime,
) -> Result<bool, sqlx::Error> {
    let reported = Statement::new(REPORT)
        .text(problem.job_name.clone())
        .text(problem.kind.to_string())
        .text(problem.id.to_string())
        .float(time::to_seconds(problem.since))
        .optional_text(problem.run.map(|run| run.to_string()))
        .text(problem.message.clone())
        .float(problem.last_start.map(time::to_seconds))
        .integer(problem.success_epoch)
        .float(time::to_seconds(observed_at))
        .fetch_alone(pool, D::BEGIN)
        .await?;
    Ok(!reported.is_empty())
}

pub(super) async fn resolve<D: Dialect>(
    pool: &Pool<D>,
    problem: &Problem,
    caller: Uuid,
) -> Result<bool, sqlx::Error> {
    let resolved = Statement::new(RESOLVE)
        .text(problem.id.to_string())
        .text(caller.to_string())
        .text(problem.job_name.clone())
        .text(problem.kind.to_string())
        .fetch_alone(pool, D::BEGIN)
        .await?;
    Ok(!resolved.is_empty())
}

/// Reads the columns `job_name`, `kind`, `id`, `since`, `run_id`, `message`, `last_start`, `success_epoch`. Skips kinds that
/// only a newer version of this crate knows.
fn problem(row: &impl Columns) -> Option<Problem> {
    let text = |column: usize| row.text(column).ok();
    let time = |column: usize| Some(row.float(column).ok()?.map(time::from_seconds));
    let kind = ProblemKind::named(&text(1)??)?;
    let mut problem = Problem::new(text(0)??, kind, time(3)??, text(5)??);
    problem.id = text(2)??.parse().ok()?;
    problem.run = text(4)?.and_then(|run| run.parse().ok());
    problem.last_start = time(6)?;
    problem.success_epoch = u64::try_from(row.integer(7).ok()?).ok()?;
    Some(problem)
}
