//! Computes the statistics of a job.

use std::time::Duration;

use sqlx::{Connection, Pool, Transaction};

use super::dialect::Dialect;
use super::runs::{duration, find_within};
use super::unreadable::Unreadable;
use crate::jobs::RunStatus;
use crate::jobs::history::{JobStats, RunQuery, RunTotals};
use crate::sql::{Columns, Statement};

pub(super) async fn stats<D: Dialect>(
    pool: &Pool<D>,
    job_name: &str,
    unreadable: &Unreadable,
) -> Result<Option<JobStats>, sqlx::Error> {
    let last = RunQuery::new().job_name(job_name).limit(1);
    let last_failed = last.clone().status(RunStatus::Failed);
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN_READ).await?;
    let last = find_within(&mut transaction, &last, unreadable).await?;
    let totals =
        Statement::new("SELECT status, runs, seconds FROM job_run_totals WHERE job_name = $1");
    let totals = totals.text(job_name.to_owned());
    let totals = totals.fetch(&mut transaction).await?;
    if totals.is_empty() && last.is_empty() {
        return Ok(None);
    }
    let running =
        Statement::new("SELECT COUNT(*) FROM job_runs WHERE job_name = $1 AND status = 'running'");
    let running = running.text(job_name.to_owned());
    let running = running.fetch(&mut transaction).await?;
    let mut stats = JobStats::new(job_name, &totals_of(&totals));
    if let Some(row) = running.first() {
        stats.running = u64::try_from(row.integer(0)?).unwrap_or(0);
    }
    stats.set_recent(recent_durations(&mut transaction, job_name).await?);
    let last_failed = find_within(&mut transaction, &last_failed, unreadable).await?;
    stats.set_last(last.first(), last_failed.first());
    transaction.commit().await?;
    Ok(Some(stats))
}

/// The durations of the last timed runs. Each status has its own order in the index, so its last runs are selected first.
async fn recent_durations<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    job_name: &str,
) -> Result<Vec<Duration>, sqlx::Error> {
    let rows = Statement::new(
        "SELECT started_at, duration_seconds FROM (SELECT started_at, duration_seconds FROM job_runs \
           WHERE job_name = $1 AND status = 'success' ORDER BY started_at DESC LIMIT $2) AS success \
         UNION ALL SELECT started_at, duration_seconds FROM (SELECT started_at, duration_seconds FROM job_runs \
           WHERE job_name = $1 AND status = 'failed' ORDER BY started_at DESC LIMIT $2) AS failed \
         ORDER BY started_at DESC LIMIT $2",
    )
    .text(job_name.to_owned())
    .integer(JobStats::RECENT)
    .fetch(transaction)
    .await?;
    let durations = rows.iter().filter_map(|row| duration(row.float(1).ok()?));
    Ok(durations.collect())
}

/// Reads the columns `status`, `runs`, `seconds`.
fn totals_of(rows: &[impl Columns]) -> RunTotals {
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
