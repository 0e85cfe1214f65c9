//! Finds runs whose process is gone.

use std::time::SystemTime;

use sqlx::{Connection, Pool};

use super::dialect::Dialect;
use super::{job_states, runs, time};
use crate::jobs::RunRecord;
use crate::jobs::history::StateDelta;
use crate::sql::Statement;

/// Skips rows that another instance has locked, because that instance reports them.
pub(super) async fn reap<D: Dialect>(
    pool: &Pool<D>,
    by: SystemTime,
) -> Result<Vec<RunRecord>, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    let lost = Statement::new(format!(
        "UPDATE job_runs SET status = 'lost', lease_until = NULL, finished_at = {} WHERE id IN \
         (SELECT id FROM job_runs WHERE status = 'running' AND lease_until < to_timestamp($1) \
          FOR UPDATE SKIP LOCKED) RETURNING {}",
        D::RUN_TIME,
        D::RUN_COLUMNS
    ))
    .float(time::to_seconds(by))
    .fetch(&mut transaction)
    .await?;
    let lost: Vec<_> = lost.iter().filter_map(runs::read).collect();
    // In the order of `runs::write`, so that they cannot deadlock.
    job_states::apply::<D>(&mut transaction, StateDelta::of_lost(&lost)).await?;
    runs::count::<D>(&mut transaction, lost.iter()).await?;
    transaction.commit().await?;
    Ok(lost)
}
