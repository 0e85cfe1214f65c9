//! Promises about reading runs.

use std::time::{Duration, UNIX_EPOCH};

use super::fixtures::{at, ended, ids, running, write};
use super::violation::{Outcome, expect, expect_eq, expect_some};
use tower_vitals::jobs::{History, RunQuery, RunStatus};

/// A query returns the runs that match it, the latest first.
pub(crate) async fn queries_return_matching_runs(store: impl History) -> Outcome {
    let second = Duration::from_secs(1);
    let runs = [
        ended("a", 0, RunStatus::Success, second),
        ended("a", 10, RunStatus::Failed, second),
        ended("b", 20, RunStatus::Success, second),
        running("b", 30),
    ];
    write(&store, &runs).await?;
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|n: usize| runs[n].id);
    let new = RunQuery::new;
    let long_ago = UNIX_EPOCH - Duration::from_hours(24 * 365 * 20_000);
    for (query, expected) in [
        (new().since(long_ago), vec![fourth, third, second, first]),
        (new(), vec![fourth, third, second, first]),
        (new().job_name("a"), vec![second, first]),
        (new().job_name("c"), vec![]),
        (new().status(RunStatus::Success), vec![third, first]),
        (new().status(RunStatus::Lost), vec![]),
        (new().since(at(10)), vec![fourth, third, second]),
        (
            new().since(at(10) + Duration::from_micros(1)),
            vec![fourth, third],
        ),
        (new().job_name("b").status(RunStatus::Running), vec![fourth]),
        (new().limit(2), vec![fourth, third]),
        (new().limit(0), vec![fourth]),
        (new().after(&runs[2]), vec![second, first]),
        (new().after(&runs[2]).job_name("b"), vec![]),
    ] {
        let promise = format!("{query:?} returns the matching runs, the latest first");
        expect_eq(&promise, ids(&store, &query).await?, expected)?;
    }
    let promise = "the last runs are those of each job, by name";
    let last = store.last_runs().await?;
    expect_eq(promise, last, vec![runs[1].clone(), runs[3].clone()])
}

/// Pages neither skip nor repeat runs. Many runs have the same start, so only their ids order them.
pub(crate) async fn pages_are_complete_while_runs_arrive(store: impl History) -> Outcome {
    let mut runs: Vec<_> = (0..25)
        .map(|n| ended("a", n / 10, RunStatus::Success, Duration::from_secs(1)))
        .collect();
    write(&store, &runs).await?;
    runs.sort_by_key(|run| (run.started_at, run.id));
    let expected: Vec<_> = runs.iter().rev().map(|run| run.id).collect();
    let mut found = Vec::new();
    let mut query = RunQuery::new().job_name("a").limit(7);
    loop {
        let page = store.runs(&query).await?;
        let Some(last) = page.last() else { break };
        query = query.after(last);
        found.extend(page.iter().map(|run| run.id));
        let later = ended("a", 99, RunStatus::Success, Duration::ZERO);
        write(&store, &[later]).await?;
    }
    expect_eq("pages neither skip nor repeat runs", found, expected)
}

/// Statistics cover all runs of a job, and no others.
pub(crate) async fn stats_cover_all_runs(store: impl History) -> Outcome {
    let promise = "an unknown job has no statistics";
    expect_eq(promise, store.stats("a").await?, None)?;
    let seconds = Duration::from_secs;
    let mut runs: Vec<_> = (1..=20)
        .map(|n| ended("a", n, RunStatus::Success, seconds(n)))
        .collect();
    for (started, took, error) in [(30, 90, "first"), (40, 100, "second")] {
        let mut failed = ended("a", started, RunStatus::Failed, seconds(took));
        failed.error_message = Some(error.to_owned());
        runs.push(failed);
    }
    runs.push(ended("a", 50, RunStatus::Cancelled, seconds(10_000)));
    runs.push(running("a", 60));
    runs.push(ended("b", 70, RunStatus::Failed, seconds(5)));
    write(&store, &runs).await?;
    let promise = "statistics cover all runs of a job";
    let stats = expect_some(promise, store.stats("a").await?)?;
    expect_eq(promise, (stats.total_runs(), stats.running), (24, 1))?;
    let counts = RunStatus::ALL.map(|status| stats.count(status));
    expect_eq(promise, counts, [1, 20, 2, 1, 0])?;
    let is_near = |found: Option<f64>, expected: f64, tolerance: f64| {
        found.is_some_and(|found| (found - expected).abs() < tolerance)
    };
    let rate = stats.success_rate();
    expect(promise, is_near(rate, 20.0 / 23.0, 1e-12), rate)?;
    let promise = "durations are those of successful and failed runs";
    let average = stats.avg_duration.map(|average| average.as_secs_f64());
    expect(promise, is_near(average, 400.0 / 22.0, 1e-6), average)?;
    let quantiles = (stats.p50_duration, stats.p95_duration);
    expect_eq(promise, quantiles, (Some(seconds(11)), Some(seconds(90))))?;
    let promise = "the last run and the last error are known";
    let last = (stats.last_run, stats.last_status);
    expect_eq(promise, last, (Some(at(60)), Some(RunStatus::Running)))?;
    expect_eq(promise, stats.last_error.as_deref(), Some("second"))?;
    let promise = "a job whose only run is running has statistics";
    write(&store, &[running("c", 0)]).await?;
    let stats = expect_some(promise, store.stats("c").await?)?;
    let found = (stats.total_runs(), stats.success_rate(), stats.avg_duration);
    expect_eq(promise, found, (1, None, None))
}
