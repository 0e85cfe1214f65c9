//! Removes runs that exceed the retention.

use sqlx::Pool;

use super::dialect::Dialect;
use super::time;
use crate::jobs::history::Retention;
use crate::sql::{Columns, Statement};

pub(super) async fn prune<D: Dialect>(
    pool: &Pool<D>,
    retention: &Retention,
    max: usize,
) -> Result<usize, sqlx::Error> {
    let by_age = Statement::new(
        "DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs WHERE status <> 'running' \
         AND started_at < $1::timestamptz AND EXISTS (SELECT 1 FROM job_runs AS later \
           WHERE later.job_name = job_runs.job_name AND (later.started_at, later.id) > (job_runs.started_at, job_runs.id)) \
         ORDER BY started_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING TRUE",
    );
    let by_age = by_age.text(time::to_text(retention.oldest())).integer(max);
    let mut pruned = by_age.fetch_alone(pool, D::BEGIN).await?.len();
    let count = retention.count.max(1);
    // Few jobs exceed the count, so the others need no statement of their own.
    let groups = Statement::new(
        "SELECT job_name, status FROM job_run_totals AS total WHERE EXISTS (SELECT 1 FROM job_runs \
         WHERE job_runs.job_name = total.job_name AND job_runs.status = total.status \
         ORDER BY job_runs.started_at DESC, job_runs.id DESC LIMIT 1 OFFSET $1)",
    );
    for group in groups
        .integer(count)
        .fetch_alone(pool, D::BEGIN_READ)
        .await?
    {
        let left = max.saturating_sub(pruned);
        if left == 0 {
            break;
        }
        // The first run that exceeds the count, and all before it.
        let by_count = Statement::new(
            "DELETE FROM job_runs WHERE id IN (SELECT id FROM job_runs WHERE job_name = $1 AND status = $2 \
             AND (started_at, id) <= (SELECT started_at, id FROM job_runs WHERE job_name = $1 AND status = $2 \
               ORDER BY started_at DESC, id DESC LIMIT 1 OFFSET $3) \
             ORDER BY started_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING TRUE",
        );
        let by_count = by_count
            .optional_text(group.text(0)?)
            .optional_text(group.text(1)?);
        let by_count = by_count.integer(count).integer(left);
        pruned += by_count.fetch_alone(pool, D::BEGIN).await?.len();
    }
    Ok(pruned)
}
