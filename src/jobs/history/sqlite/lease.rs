//! What runs, and what has lost its process. Leases go by SQLite's clock.

use std::time::{Duration, SystemTime};

use sqlx::{AssertSqlSafe, Connection, QueryBuilder, SqlitePool};
use uuid::Uuid;

use super::{BEGIN, COLUMNS, connection, count, job_state};
use crate::jobs::RunRecord;
use crate::jobs::history::StateDelta;
use crate::jobs::history::rows::{record, seconds_of};

/// Something is written also where there is nothing to renew: whether others could renew theirs is what is asked, on a
/// file that may be locked, and a disk that may be full. Gives the time.
pub(super) async fn renew(
    pool: &SqlitePool,
    runs: &[Uuid],
    lease: Duration,
) -> Result<f64, sqlx::Error> {
    let mut connection = connection(pool).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    for some in runs.chunks(1000) {
        let mut query =
            QueryBuilder::new("UPDATE job_runs SET lease_until = unixepoch('subsec') + ");
        query.push_bind(lease.as_secs_f64());
        query.push(" WHERE status = 'running' AND id IN (");
        let mut ids = query.separated(", ");
        for id in some {
            ids.push_bind(id.to_string());
        }
        query.push(")");
        let renewed = query.build().persistent(false);
        renewed.execute(&mut *transaction).await?;
    }
    sqlx::query("UPDATE job_run_migrations SET version = version")
        .execute(&mut *transaction)
        .await?;
    let now = sqlx::query_scalar("SELECT unixepoch('subsec')");
    let now = now.fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(now)
}

pub(super) async fn reap(pool: &SqlitePool, by: SystemTime) -> Result<Vec<RunRecord>, sqlx::Error> {
    let mut connection = connection(pool).await?;
    let mut transaction = connection.begin_with(BEGIN).await?;
    let lost = sqlx::query(AssertSqlSafe(format!(
        "UPDATE job_runs SET status = 'lost', lease_until = NULL, \
         finished_at = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' \
         WHERE status = 'running' AND lease_until < $1 RETURNING {COLUMNS}"
    )))
    .bind(seconds_of(by))
    .fetch_all(&mut *transaction)
    .await?;
    let lost: Vec<_> = lost.iter().filter_map(record).collect();
    count(&mut transaction, lost.iter()).await?;
    job_state::add(&mut transaction, StateDelta::of_lost(&lost)).await?;
    transaction.commit().await?;
    Ok(lost)
}
