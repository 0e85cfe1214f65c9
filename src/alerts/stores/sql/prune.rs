//! Removes what exceeds the retention.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use serde_json::json;
use sqlx::{Connection, Pool, Transaction};

use super::dialect::Dialect;
use crate::alerts::stores::retention::Retention;
use crate::sql::{Columns, ROWS, Statement, time};

/// The most events that one transaction removes, which takes a few milliseconds.
const STEP: usize = 500;

/// A ledger that nobody wrote or leased for so long is removed: that of an instance with a name that does not come back.
const ABANDONED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Prunes the history outside of the commits: at the first one, because the retention may be another one than before, and then
/// before it exceeds the retention by more than one percent.
#[derive(Debug, Clone, Default)]
pub(super) struct Pruner(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The time of the last commit that was a reason to prune.
    asked_at: Option<SystemTime>,
    /// The number of events since then.
    written: usize,
    /// The oldest event to keep, until a task prunes.
    wanted: Option<SystemTime>,
    is_running: bool,
}

impl State {
    /// Notes a commit. Returns whether a task is to be started.
    fn committed(&mut self, retention: Retention, seen: SystemTime, events: usize) -> bool {
        self.written = self.written.saturating_add(events);
        let is_due = self.asked_at.is_none_or(|asked_at| {
            let passed = seen.duration_since(asked_at);
            let passed = passed.unwrap_or_else(|earlier| earlier.duration());
            passed >= retention.age / 100 && passed >= Duration::from_secs(1)
        });
        if !is_due && self.written < (retention.count / 100).clamp(1, 1000) {
            return false;
        }
        self.asked_at = Some(seen);
        self.written = 0;
        self.wanted = Some(retention.oldest(seen));
        !std::mem::replace(&mut self.is_running, true)
    }

    /// The oldest event to keep, or `None` if the task is to end.
    fn next(&mut self) -> Option<SystemTime> {
        let wanted = self.wanted.take();
        self.is_running = wanted.is_some();
        wanted
    }
}

impl Pruner {
    /// Notes a commit with this number of events, and prunes in a task of its own if that is due.
    pub(super) fn committed<D: Dialect>(
        &self,
        pool: &Pool<D>,
        retention: Retention,
        seen: SystemTime,
        events: usize,
    ) {
        if !self.0.lock().committed(retention, seen, events) {
            return;
        }
        let (running, pool) = (Running(Arc::clone(&self.0)), pool.clone());
        tokio::spawn(async move {
            loop {
                let Some(oldest) = running.0.lock().next() else {
                    return;
                };
                if let Err(error) = prune(&pool, oldest, retention.count).await {
                    let error = crate::error::logged(&error);
                    tracing::warn!(error, "the history of alerts cannot be pruned");
                }
            }
        });
    }
}

/// Ends with the task, also if its runtime drops it.
struct Running(Arc<Mutex<State>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().is_running = false;
    }
}

/// Lets commits in between two steps.
async fn prune<D: Dialect>(
    pool: &Pool<D>,
    oldest: SystemTime,
    count: usize,
) -> Result<(), sqlx::Error> {
    while step(pool, oldest, count).await? == STEP {}
    Ok(())
}

/// Removes at most [`STEP`] events and one ledger. Returns the number of events.
async fn step<D: Dialect>(
    pool: &Pool<D>,
    oldest: SystemTime,
    count: usize,
) -> Result<usize, sqlx::Error> {
    let mut connection = D::acquire(pool).await?;
    let mut transaction = connection.begin_with(D::BEGIN).await?;
    // Rows that another instance removes at the same time are left to it.
    let by_age = Statement::new(
        "DELETE FROM vitals_alert_history WHERE id IN (SELECT id FROM vitals_alert_history \
         WHERE at < $1::timestamptz ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id",
    );
    let by_age = by_age.text(time::to_text(oldest)).integer(STEP);
    let mut removed = by_age.fetch(&mut transaction).await?;
    if removed.len() < STEP
        && let Some(last) = last_beyond::<D>(&mut transaction, count).await?
    {
        let by_count = Statement::new(
            "DELETE FROM vitals_alert_history WHERE id IN (SELECT id FROM vitals_alert_history \
             WHERE id <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id",
        );
        let by_count = by_count.integer(last).integer(STEP - removed.len());
        removed.extend(by_count.fetch(&mut transaction).await?);
    }
    let ids = removed.iter().map(|row| row.integer(0));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    if !ids.is_empty() {
        Statement::new(format!(
            "DELETE FROM vitals_alert_history_alerts WHERE event IN (SELECT (item.value->>0)::bigint FROM {ROWS})"
        ))
        .rows(ids.iter().map(|id| json!([id])))
        .fetch(&mut transaction)
        .await?;
    }
    remove_abandoned::<D>(&mut transaction).await?;
    transaction.commit().await?;
    Ok(ids.len())
}

/// The last event that exceeds the count. Counts only if the positions are far enough apart, because counting reads all.
async fn last_beyond<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
    count: usize,
) -> Result<Option<i64>, sqlx::Error> {
    let span = Statement::new(
        "SELECT COALESCE((SELECT MAX(id) FROM vitals_alert_history) - (SELECT MIN(id) FROM vitals_alert_history) + 1, 0)",
    );
    let span = span.fetch(transaction).await?;
    let span = span.first().map_or(Ok(0), |row| row.integer(0))?;
    if usize::try_from(span).is_ok_and(|span| span <= count) {
        return Ok(None);
    }
    let last =
        Statement::new("SELECT id FROM vitals_alert_history ORDER BY id DESC LIMIT 1 OFFSET $1");
    let last = last.integer(count).fetch(transaction).await?;
    last.first().map(|row| row.integer(0)).transpose()
}

async fn remove_abandoned<D: Dialect>(
    transaction: &mut Transaction<'_, D>,
) -> Result<(), sqlx::Error> {
    let removed = Statement::new(
        "DELETE FROM vitals_alert_ledgers WHERE ledger IN (SELECT ledger FROM vitals_alert_ledgers \
         WHERE written_at < clock_timestamp() - make_interval(secs => $1) \
         AND (lease_until IS NULL OR lease_until < clock_timestamp()) \
         ORDER BY written_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ledger",
    );
    let removed = removed.float(ABANDONED.as_secs_f64());
    for row in removed.fetch(transaction).await? {
        let ledger = row.text(0)?.unwrap_or_default();
        for table in ["vitals_alert_documents", "vitals_alert_outbox"] {
            Statement::new(format!("DELETE FROM {table} WHERE ledger = $1"))
                .text(&*ledger)
                .fetch(transaction)
                .await?;
        }
    }
    Ok(())
}
