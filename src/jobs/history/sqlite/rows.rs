//! Rows of `job_runs` as records, and back.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::jobs::RunRecord;

/// In the order in which [`record`] reads them.
pub(super) const COLUMNS: &str = "id, job_name, started_at, finished_at, status, duration_seconds, error_message, \
                                  metadata, instance";

/// RFC 3339 to the microsecond, in UTC: texts of one length, whose order is that of the times.
pub(super) fn text_of(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn time_of(text: &str) -> Option<SystemTime> {
    text.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// None for a row that somebody else wrote, and not as this does.
pub(super) fn record(row: &SqliteRow) -> Option<RunRecord> {
    let text = |column: usize| row.try_get::<Option<String>, _>(column).ok().flatten();
    let started_at = time_of(&text(2)?)?;
    let mut run = RunRecord::begun(text(0)?.parse().ok()?, text(1)?, started_at, text(8)?);
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
