//! What is kept too long.

use sqlx::{PgPool, Row};

use crate::jobs::Retention;
use crate::jobs::history::rows::text_of;

pub(super) async fn some(
    pool: &PgPool,
    retention: &Retention,
    most: usize,
) -> Result<usize, sqlx::Error> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let old = sqlx::query(
        "DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs WHERE status <> 'running' \
         AND started_at < $1::timestamptz AND EXISTS (SELECT 1 FROM job_runs AS later WHERE \
         later.job_name = job_runs.job_name AND (later.started_at, later.id) > (job_runs.started_at, job_runs.id)) ORDER BY started_at, id LIMIT $2 \
         FOR UPDATE SKIP LOCKED)",
    );
    let old = old.bind(text_of(retention.oldest())).bind(most);
    let mut pruned = old.execute(pool).await?.rows_affected();
    let groups = sqlx::query("SELECT job_name, status FROM job_run_totals")
        .fetch_all(pool)
        .await?;
    for group in groups {
        let left = most.saturating_sub_unsigned(pruned);
        if left <= 0 {
            break;
        }
        let (job_name, status): (String, String) = (group.try_get(0)?, group.try_get(1)?);
        // The one after those that are kept, and all before it.
        let many = sqlx::query(
            "DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs WHERE job_name = $1 AND status = $2 \
             AND (started_at, id) <= (SELECT started_at, id FROM job_runs WHERE job_name = $1 AND status = $2 \
               ORDER BY started_at DESC, id DESC LIMIT 1 OFFSET $3) \
             ORDER BY started_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)",
        );
        let kept = i64::try_from(retention.count.max(1)).unwrap_or(i64::MAX);
        let many = many.bind(job_name).bind(status).bind(kept).bind(left);
        pruned += many.execute(pool).await?.rows_affected();
    }
    Ok(usize::try_from(pruned).unwrap_or(usize::MAX))
}
