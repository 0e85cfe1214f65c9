//! Promises about problems.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::fixtures::{at, tick};
use super::violation::{Outcome, expect, expect_eq};
use tower_vitals::Error;
use tower_vitals::jobs::{History, Problem, ProblemKind, Uuid};

/// A problem is reported once and resolved once, regardless of the caller. Repeated calls return the same.
pub(crate) async fn problems_are_reported_and_resolved_once(store: impl History) -> Outcome {
    let store = Arc::new(store);
    let now = async || -> Result<SystemTime, Error> { Ok(store.job_states().await?.now) };
    let new = |job, kind, message: &str| {
        let mut problem = Problem::new(job, kind, at(1), message);
        problem.run = Some(Uuid::now_v7());
        problem.last_start = Some(at(0) + Duration::from_millis(123));
        problem.success_epoch = 7;
        problem
    };
    let (me, other) = (Uuid::now_v7(), Uuid::now_v7());
    let failing = new("b", ProblemKind::Failing, "no \"route\"");
    let missed = new("a", ProblemKind::Missed, &"🦀".repeat(1000));
    let late = Problem::new("a", ProblemKind::Late, at(1), "");
    let before = now().await?;
    for problem in [&failing, &missed, &late] {
        let promise = "an unknown problem cannot be resolved";
        expect_eq(promise, store.resolve(problem, me).await?, false)?;
        let promise = "a new problem is reported as new, even if the call is repeated";
        expect_eq(promise, store.report(problem, before).await?, true)?;
        expect_eq(promise, store.report(problem, before).await?, true)?;
        let promise = "another report of an open problem is not new, and resolves nothing";
        let mut same = problem.clone();
        same.id = Uuid::now_v7();
        expect_eq(promise, store.report(&same, before).await?, false)?;
        expect_eq(promise, store.resolve(&same, me).await?, false)?;
    }
    tick().await;
    let promise = "open problems are returned by job, then by kind";
    let open = vec![late.clone(), missed.clone(), failing.clone()];
    expect_eq(promise, store.problems().await?, open)?;

    let observed_at = now().await?;
    tick().await;
    let promise = "one caller resolves a problem, even if the call is repeated";
    expect_eq(promise, store.resolve(&late, me).await?, true)?;
    expect_eq(promise, store.resolve(&late, me).await?, true)?;
    expect_eq(promise, store.resolve(&late, other).await?, false)?;
    let promise = "a problem that was observed before it was resolved is not new";
    expect_eq(promise, store.report(&late, observed_at).await?, false)?;
    tick().await;
    let promise = "a resolved problem is not open";
    let open = vec![missed.clone(), failing.clone()];
    expect_eq(promise, store.problems().await?, open)?;
    let promise = "a problem that was observed after it was resolved is new";
    let back = Problem::new("a", ProblemKind::Late, at(2), "again");
    expect_eq(promise, store.report(&back, observed_at).await?, false)?;
    let is_new = store.report(&back, now().await?).await?;
    expect_eq(promise, is_new, true)?;
    let promise = "an earlier report resolves nothing";
    expect_eq(promise, store.resolve(&late, other).await?, false)?;
    let promise = "a problem that is back is open";
    let open = vec![back, missed, failing];
    expect_eq(promise, store.problems().await?, open)?;

    let reports = [(); 2].map(|()| new("c", ProblemKind::Missed, ""));
    let observed_at = now().await?;
    let [one, another] = reports.clone().map(|problem| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.report(&problem, observed_at).await })
    });
    let (one, another) = (one.await??, another.await??);
    let promise = "of concurrent reports one is new";
    expect(promise, one != another, (one, another))?;
    let known = &reports[usize::from(another)];
    let [one, another] = [me, other].map(|caller| {
        let (store, known) = (Arc::clone(&store), known.clone());
        tokio::spawn(async move { store.resolve(&known, caller).await })
    });
    let (one, another) = (one.await??, another.await??);
    let promise = "of concurrent callers one resolves a problem";
    expect(promise, one != another, (one, another))
}
