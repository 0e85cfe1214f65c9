//! Rows as records. A row that cannot be read, because another program wrote it, is skipped.

use std::time::Duration;

use serde_json::Value;

use super::columns::Columns;
use super::time;
use crate::jobs::history::{JobState, RunTotals};
use crate::jobs::{Problem, ProblemKind, RunRecord};

/// Reads [`RUN_COLUMNS`](super::dialect::Dialect::RUN_COLUMNS).
pub(super) fn run(row: &impl Columns) -> Option<RunRecord> {
    let text = |column: usize| row.text(column).ok().flatten();
    let started_at = time::from_text(&text(2)?)?;
    let mut run = RunRecord::new(text(0)?.parse().ok()?, text(1)?, started_at, text(8)?);
    run.finished_at = text(3).as_deref().and_then(time::from_text);
    run.status = text(4)?.parse().ok()?;
    run.duration = duration(row.float(5).ok()?);
    run.error_message = text(6);
    if let Some(Ok(Value::Object(metadata))) = text(7).as_deref().map(serde_json::from_str) {
        run.metadata = metadata;
    }
    Some(run)
}

pub(super) fn duration(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Reads the columns `status`, `runs`, `seconds`.
pub(super) fn totals(rows: &[impl Columns]) -> RunTotals {
    let mut totals = RunTotals::default();
    for row in rows {
        if let (Ok(Some(status)), Ok(runs), Ok(Some(seconds))) =
            (row.text(0), row.integer(1), row.float(2))
            && let Ok(status) = status.parse()
        {
            totals.add_many(status, u64::try_from(runs).unwrap_or(0), seconds);
        }
    }
    totals
}

/// Reads the columns `job_name`, `known_since`, `registered_at`, `last_start`, `started_at`, `failures_in_a_row`,
/// `success_epoch`, `last_failure`.
pub(super) fn job_state(row: &impl Columns) -> Option<JobState> {
    let time = |column: usize| Some(row.float(column).ok()?.map(time::from_seconds));
    let number = |column: usize| Some(u64::try_from(row.integer(column).ok()?).unwrap_or(0));
    let mut state = JobState::new(row.text(0).ok()??, time(1)??);
    state.registered_at = time(2)?;
    state.last_start = time(3)?;
    state.started_at = time(4)?;
    state.failures_in_a_row = number(5)?;
    state.success_epoch = number(6)?;
    state.last_failure = time(7)?;
    Some(state)
}

/// Reads the columns `job_name`, `kind`, `id`, `since`, `run_id`, `message`, `last_start`, `success_epoch`. Skips kinds that
/// only a newer version of this crate knows.
pub(super) fn problem(row: &impl Columns) -> Option<Problem> {
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
