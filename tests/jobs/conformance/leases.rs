//! Promises about leases.

use std::slice;
use std::time::{Duration, SystemTime};

use super::fixtures::{LEASE, ended, ids, reap, running, tick, write};
use super::violation::{Outcome, expect, expect_eq, expect_some};
use tower_vitals::jobs::{History, RunQuery, RunStatus, Uuid};

/// A run whose lease has expired is lost for good, and reported to one caller.
pub(crate) async fn expired_leases_are_reported_once(store: impl History) -> Outcome {
    let (gone, alive) = (running("a", 0), running("a", 1));
    let done = ended("a", 2, RunStatus::Success, Duration::ZERO);
    // A lease of zero has expired at once.
    store.write(&[gone.clone(), done], Duration::ZERO).await?;
    write(&store, slice::from_ref(&alive)).await?;
    tick().await;
    let promise = "only a running run whose lease has expired is lost";
    let lost = reap(&store).await?;
    let found: Vec<_> = lost.iter().map(|run| (run.id, run.status)).collect();
    expect_eq(promise, found, vec![(gone.id, RunStatus::Lost)])?;
    let promise = "a lost run is reported once";
    expect_eq(promise, reap(&store).await?, vec![])?;
    let query = RunQuery::new().status(RunStatus::Lost);
    let stored = store.runs(&query).await?;
    expect_eq("a lost run is stored as reported", &stored, &lost)?;
    let promise = "a run is lost at the time at which it was found";
    let ended_at = expect_some(promise, stored.first().and_then(|run| run.finished_at))?;
    let age = SystemTime::now().duration_since(ended_at);
    let is_now = age.as_ref().is_ok_and(|age| *age < Duration::from_mins(1));
    expect(promise, is_now, age)?;
    // The process was only asleep.
    let mut late = gone;
    late.status = RunStatus::Success;
    write(&store, &[late]).await?;
    let promise = "a run that was reported lost stays lost";
    expect_eq(promise, store.runs(&query).await?, lost)?;
    let query = RunQuery::new().status(RunStatus::Running);
    let promise = "a run with a lease keeps running";
    expect_eq(promise, ids(&store, &query).await?, vec![alive.id])?;
    let promise = "lost runs are counted";
    let stats = expect_some(promise, store.stats("a").await?)?;
    let counts = (stats.count(RunStatus::Lost), stats.running);
    expect_eq(promise, counts, (1, 1))
}

/// A renewed lease lasts, even if thousands are renewed at once.
pub(crate) async fn renewed_leases_do_not_expire(store: impl History) -> Outcome {
    let (renewed, other) = (running("a", 0), running("a", 1));
    let runs = [renewed.clone(), other.clone()];
    store.write(&runs, Duration::ZERO).await?;
    let many = (0..2500).map(|_| Uuid::now_v7()).chain([renewed.id]);
    let now = store.renew(&many.collect::<Vec<_>>(), LEASE).await?;
    let own = SystemTime::now();
    let apart = own.max(now).duration_since(own.min(now));
    let promise =
        "a renewal returns the time of the store's clock, which is about right in this test";
    expect(promise, apart.is_ok_and(|apart| apart < LEASE), now)?;
    tick().await;
    let lost = reap(&store).await?;
    let lost: Vec<_> = lost.iter().map(|run| run.id).collect();
    expect_eq("a renewed lease does not expire", lost, vec![other.id])
}
