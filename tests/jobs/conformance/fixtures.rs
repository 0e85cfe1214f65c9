//! Runs and calls that the promises share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::violation::{Outcome, expect};
use tower_vitals::jobs::{History, RunQuery, RunRecord, RunStatus, Uuid};

pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// This many seconds after the beginning of 2026.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600 + seconds)
}

pub(crate) fn running(job: &str, started: u64) -> RunRecord {
    RunRecord::new(Uuid::now_v7(), job, at(started), "shop-1")
}

pub(crate) fn ended(job: &str, started: u64, status: RunStatus, took: Duration) -> RunRecord {
    let mut run = running(job, started);
    run.status = status;
    run.duration = Some(took);
    run.finished_at = Some(run.started_at + took);
    run
}

pub(crate) async fn write(store: &impl History, runs: &[RunRecord]) -> Outcome {
    Ok(store.write(runs, LEASE).await?)
}

/// Marks runs lost whose lease has expired by now.
pub(crate) async fn reap(store: &impl History) -> Outcome<Vec<RunRecord>> {
    let now = store.renew(&[], LEASE).await?;
    Ok(store.reap(now).await?)
}

pub(crate) async fn ids(store: &impl History, query: &RunQuery) -> Outcome<Vec<Uuid>> {
    let runs = store.runs(query).await?;
    Ok(runs.iter().map(|run| run.id).collect())
}

/// Lets clocks with a resolution of milliseconds advance.
pub(crate) async fn tick() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

pub(crate) fn expect_near(
    promise: &str,
    found: Option<SystemTime>,
    expected: SystemTime,
) -> Outcome {
    let is_near = found.is_some_and(|found| {
        let apart = found.max(expected).duration_since(found.min(expected));
        apart.is_ok_and(|apart| apart < Duration::from_secs(30))
    });
    expect(promise, is_near, (found, expected))
}
