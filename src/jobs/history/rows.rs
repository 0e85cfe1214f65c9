//! Rows of `job_runs` as records, and back: what the databases have in common.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

use super::stats::Totals;
use super::{JobState, JobStates};
use crate::jobs::{Problem, ProblemKind, RunRecord, RunStatus};

/// RFC 3339 to the microsecond, in UTC: texts of one length, whose order is that of the times.
pub(super) fn text_of(time: SystemTime) -> String {
    // What has no year of four digits is before or after all that have.
    let (first, last) = (civil(1), civil(9999));
    let time = Timestamp::try_from(time).unwrap_or(if time < UNIX_EPOCH { first } else { last });
    let time = time.clamp(first, last);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// The beginning of a year.
fn civil(year: i16) -> Timestamp {
    let begin = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0);
    let begin = begin.to_zoned(jiff::tz::TimeZone::UTC);
    begin.map_or(Timestamp::UNIX_EPOCH, |begin| begin.timestamp())
}

fn time_of(text: &str) -> Option<SystemTime> {
    text.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// Of the table's columns in their order, the lease aside, all but the duration as texts. None for a row that somebody else
/// wrote, and not as this does.
pub(super) fn record<R>(row: &R) -> Option<RunRecord>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let text = |column: usize| row.try_get::<Option<String>, _>(column).ok().flatten();
    let started_at = time_of(&text(2)?)?;
    let mut run = RunRecord::new(text(0)?.parse().ok()?, text(1)?, started_at, text(8)?);
    run.finished_at = text(3).as_deref().and_then(time_of);
    run.status = text(4)?.parse().ok()?;
    let seconds: Option<f64> = row.try_get(5).ok()?;
    run.duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    run.error_message = text(6);
    if let Some(Ok(Value::Object(metadata))) = text(7).as_deref().map(serde_json::from_str) {
        run.metadata = metadata;
    }
    Some(run)
}

/// Of the columns status, runs, seconds.
pub(super) fn totals<R>(rows: &[R]) -> Totals
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut totals = Totals::default();
    for row in rows {
        let read = || -> Result<(String, i64, f64), sqlx::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        if let Ok((status, runs, seconds)) = read()
            && let Ok(status) = status.parse()
        {
            totals.set(status, u64::try_from(runs).unwrap_or(0), seconds);
        }
    }
    totals
}

/// Seconds since 1970, of which microseconds are exact.
pub(super) fn seconds_of(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

pub(super) fn time_of_seconds(seconds: f64) -> SystemTime {
    let micros = Duration::try_from_secs_f64((seconds * 1e6).round()).unwrap_or_default();
    let since = Duration::from_micros(micros.as_secs());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// Of the columns name, known since, registered, last start, the same by the runner's clock, failures in a row, streak, last
/// failure.
pub(super) fn standings<R>(now: f64, rows: &[R]) -> JobStates
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let standing = |row: &R| -> Result<JobState, sqlx::Error> {
        let time = |column: usize| -> Result<_, sqlx::Error> {
            Ok(row.try_get::<Option<f64>, _>(column)?.map(time_of_seconds))
        };
        let number = |column: usize| -> Result<_, sqlx::Error> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        let known_since = time_of_seconds(row.try_get(1)?);
        let mut standing = JobState::new(row.try_get::<String, _>(0)?, known_since);
        standing.registered_at = time(2)?;
        standing.last_start = time(3)?;
        standing.started_at = time(4)?;
        standing.failures_in_a_row = number(5)?;
        standing.streak = number(6)?;
        standing.last_failure = time(7)?;
        Ok(standing)
    };
    let jobs = rows.iter().filter_map(|row| standing(row).ok());
    JobStates::new(time_of_seconds(now), jobs.collect())
}

/// Of the columns name, kind, id, since when, run, message, last start, streak. None for a kind that only a newer version of
/// this crate knows.
pub(super) fn problems<R>(rows: &[R]) -> Vec<Problem>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Option<f64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let problem = |row: &R| -> Option<Problem> {
        let text = |column: usize| row.try_get::<String, _>(column).ok();
        let since = time_of_seconds(row.try_get(3).ok()?);
        let mut problem = Problem::new(text(0)?, ProblemKind::named(&text(1)?)?, since, text(5)?);
        problem.id = text(2)?.parse().ok()?;
        let run: Option<String> = row.try_get(4).ok()?;
        problem.run = run.and_then(|run| run.parse().ok());
        let last_start: Option<f64> = row.try_get(6).ok()?;
        problem.last_start = last_start.map(time_of_seconds);
        problem.streak = u64::try_from(row.try_get::<i64, _>(7).ok()?).ok()?;
        Some(problem)
    };
    let mut problems: Vec<_> = rows.iter().filter_map(problem).collect();
    problems.sort_by(|a, b| (&a.job_name, a.kind).cmp(&(&b.job_name, b.kind)));
    problems
}

/// One command changes a row once. In the order of ids, so that two that write wait for each other in one direction only.
pub(super) fn once_each(runs: &[RunRecord]) -> Vec<&RunRecord> {
    let mut each: BTreeMap<Uuid, &RunRecord> = BTreeMap::new();
    for run in runs {
        let kept = each.entry(run.id).or_insert(run);
        if kept.status == RunStatus::Running {
            *kept = run;
        }
    }
    each.into_values().collect()
}
