//! Promises about the states of jobs.

use std::slice;
use std::time::{Duration, SystemTime};

use super::fixtures::{ended, expect_near, reap, tick, write};
use super::violation::{Outcome, expect, expect_eq, expect_some};
use tower_vitals::jobs::store::{JobState, Registration};
use tower_vitals::jobs::{History, RunRecord, RunStatus, Uuid};

/// States follow registrations and runs.
pub(crate) async fn job_states_follow_runs(store: impl History) -> Outcome {
    registrations_are_known(&store).await?;
    runs_change_the_state(&store).await
}

fn with_schedule(name: &str, schedule: &str) -> Registration {
    Registration::new(name, Some(schedule.to_owned()))
}

async fn registrations_are_known(store: &impl History) -> Outcome {
    let jobs = ["b", "a"].map(|name| with_schedule(name, "daily"));
    store.register(&jobs).await?;
    let first = store.job_states().await?;
    let promise = "registered jobs are known, by name";
    let names: Vec<_> = first.jobs.iter().map(|job| &*job.job_name).collect();
    expect_eq(promise, names, vec!["a", "b"])?;
    let promise = "the store's clock is about right in this test";
    expect_near(promise, Some(first.now), SystemTime::now())?;
    let (a, b) = (&first.jobs[0], &first.jobs[1]);
    let promise = "a job is known since it was registered";
    expect_near(promise, Some(a.known_since), first.now)?;
    let found = (a.registered_at, a.last_start);
    expect_eq(promise, found, (Some(a.known_since), None))?;
    tick().await;
    let again = [("a", "daily"), ("b", "hourly"), ("c", "daily")];
    let again = again.map(|(name, schedule)| with_schedule(name, schedule));
    store.register(&again).await?;
    let jobs = store.job_states().await?.jobs;
    let promise = "another registration updates only its time";
    expect_eq(promise, jobs.len(), 3)?;
    expect_eq(promise, jobs[0].known_since, a.known_since)?;
    let is_updated = jobs[0].registered_at > a.registered_at;
    expect(promise, is_updated, jobs[0].registered_at)?;
    let promise = "a job with a new schedule is known since then";
    let is_reset = jobs[1].known_since > b.known_since;
    expect(promise, is_reset, jobs[1].known_since)?;
    tick().await;
    let names = ["a", "b", "c"].map(|name| Registration::new(name, None));
    store.register(&names).await?;
    let promise = "a registration without a schedule keeps the known one";
    let unchanged = store.job_states().await?.jobs;
    let known_since =
        |jobs: &[JobState]| -> Vec<_> { jobs.iter().map(|job| job.known_since).collect() };
    expect_eq(promise, known_since(&unchanged), known_since(&jobs))?;
    let is_updated = unchanged[1].registered_at > jobs[1].registered_at;
    expect(promise, is_updated, unchanged[1].registered_at)
}

async fn runs_change_the_state(store: &impl History) -> Outcome {
    let last_by_name = async || -> Outcome<JobState> {
        let last = store.job_states().await?.jobs.pop();
        expect_some("a job with runs is known", last)
    };
    let started = SystemTime::now() - Duration::from_mins(5);
    let mut runs: Vec<_> = [
        RunStatus::Success,
        RunStatus::Failed,
        RunStatus::Cancelled,
        RunStatus::Failed,
    ]
    .map(|status| ended("d", 0, status, Duration::ZERO))
    .into();
    for (n, run) in (0..).zip(&mut runs) {
        run.started_at = started + Duration::from_secs(n);
        run.finished_at = Some(run.started_at);
    }
    write(store, &runs).await?;
    let known = last_by_name().await?;
    let promise = "a job is known by its runs, and its failures since the last success are counted";
    let found = (
        &*known.job_name,
        known.failures_in_a_row,
        known.registered_at,
    );
    expect_eq(promise, found, ("d", 2, None))?;
    let promise = "the last start and the last failure are known";
    expect_near(promise, known.last_start, started)?;
    expect_near(promise, known.last_failure, started)?;
    let promise = "the last success and the last end are known";
    expect_near(promise, known.last_success, started)?;
    expect_near(promise, known.last_end, started)?;
    expect(promise, known.last_end > known.last_success, known.last_end)?;
    let promise = "the last start is known by the instance's own clock";
    let apart = known
        .started_at
        .map(|at| at.duration_since(runs[3].started_at));
    let is_same = apart.as_ref().is_some_and(|apart| {
        apart
            .as_ref()
            .map_or(true, |apart| *apart < Duration::from_millis(1))
    });
    expect(promise, is_same, apart)?;
    write(store, &runs).await?;
    let promise = "a run that is written again changes nothing";
    expect_eq(promise, last_by_name().await?, known.clone())?;
    store.register(&[with_schedule("d", "daily")]).await?;
    let promise = "a registration keeps the last start";
    let registered = last_by_name().await?;
    let is_reset = registered.known_since > known.known_since;
    expect(promise, is_reset, registered.known_since)?;
    expect_eq(promise, registered.last_start, known.last_start)?;

    let mut gone = RunRecord::new(Uuid::now_v7(), "d", SystemTime::now(), "shop-1");
    store.write(slice::from_ref(&gone), Duration::ZERO).await?;
    let known = last_by_name().await?;
    let promise = "a running run changes the last start only";
    expect_eq(promise, known.failures_in_a_row, 2)?;
    expect_near(promise, known.last_start, SystemTime::now())?;
    tick().await;
    let promise = "a lost run is a failure, and no start";
    expect_eq(promise, reap(store).await?.len(), 1)?;
    let lost = last_by_name().await?;
    expect_eq(promise, lost.failures_in_a_row, 3)?;
    expect_eq(promise, lost.last_start, known.last_start)?;
    let promise = "a lost run ends when it is marked";
    expect_near(promise, lost.last_end, SystemTime::now())?;
    expect_eq(promise, lost.last_success, known.last_success)?;

    let old = ended("d", 0, RunStatus::Success, Duration::ZERO);
    write(store, &[old]).await?;
    let promise = "a success that was written late does not end a later row of failures";
    let after = last_by_name().await?;
    let found = (after.failures_in_a_row, after.success_epoch);
    expect_eq(promise, found, (3, lost.success_epoch))?;
    expect_eq(promise, after.last_start, lost.last_start)?;
    let promise = "a last success and a last end never go back";
    let found = (after.last_success, after.last_end);
    expect_eq(promise, found, (known.last_success, lost.last_end))?;
    gone.id = Uuid::now_v7();
    write(store, slice::from_ref(&gone)).await?;
    let started = last_by_name().await?.last_start;
    let promise = "a last start never goes back";
    expect(promise, started >= known.last_start, started)?;
    gone.status = RunStatus::Success;
    gone.finished_at = Some(SystemTime::now());
    write(store, &[gone]).await?;
    let promise = "a success ends the row of failures";
    let after = last_by_name().await?;
    let found = (after.failures_in_a_row, after.success_epoch);
    expect_eq(promise, found, (0, lost.success_epoch + 1))?;
    expect_near(promise, after.last_success, SystemTime::now())?;
    let promise = "the end of a run is no start";
    expect_eq(promise, after.last_start, started)
}

/// A start can be registered without a run. If the run is written later, it is the same start by the instance's clock.
pub(crate) async fn starts_without_a_run_are_registered(store: impl History) -> Outcome {
    let states = async || -> Outcome<[JobState; 2]> {
        let jobs = store.job_states().await?.jobs;
        let two = jobs.try_into().ok();
        expect_some("jobs are known by their starts and runs", two)
    };
    let mut run = ended("d", 0, RunStatus::Failed, Duration::ZERO);
    run.started_at = SystemTime::now() - Duration::from_mins(1);
    write(&store, slice::from_ref(&run)).await?;
    let before = store.job_states().await?.jobs.pop();
    let before = expect_some("a job with runs is known", before)?;
    let start = SystemTime::now() - Duration::from_millis(1);
    let long_ago = start - Duration::from_hours(1);
    let started = |job: &str, at| Registration::new(job, None).last_start(at);
    let starts = [
        started("c", long_ago),
        started("d", long_ago),
        started("d", start),
    ];
    store.register(&starts).await?;
    let [c, d] = states().await?;
    let promise = "the latest registered start of a job is its last start";
    expect_near(promise, c.last_start, long_ago)?;
    expect(promise, d.last_start > before.last_start, d.last_start)?;
    expect_near(promise, d.last_start, start)?;
    let promise = "a registered start changes nothing else";
    expect_eq(promise, d.known_since, before.known_since)?;
    let found = (d.failures_in_a_row, d.success_epoch);
    expect_eq(promise, found, (1, before.success_epoch))?;
    tick().await;
    store.register(&[started("d", start)]).await?;
    run.id = Uuid::now_v7();
    run.started_at = start;
    write(&store, &[run]).await?;
    let promise = "a start that arrives twice counts once";
    let [_, again] = states().await?;
    expect_eq(promise, again.last_start, d.last_start)
}
