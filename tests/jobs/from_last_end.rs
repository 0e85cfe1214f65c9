//! `Job::from_last_end`: the next start is expected after the end of the last run, and never during a run.

use std::slice;
use std::time::{Duration, SystemTime};

use crate::expected::{EVALUATION, all_reported, history_from, jobs, minutes, reported};
use jiff::Timestamp;
use tokio::time::sleep;
use tower_vitals::Prometheus;
use tower_vitals::jobs::store::RunStore;
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, ProblemKind, RunQuery, RunRecord, RunStatus, Uuid,
};

use ProblemKind::{Late, Missed};

const SWEEP: Job = Job::named("sweep")
    .every(Duration::from_hours(1))
    .grace(Duration::from_mins(10))
    .from_last_end();

fn time(text: &str) -> SystemTime {
    text.parse::<Timestamp>().unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn a_job_that_works_then_sleeps_is_late_only_after_it_stops() {
    let history = history_from("2030-01-01T00:00:00Z");
    let jobs = jobs(&history, &[SWEEP]);
    let mut changes = jobs.subscribe();
    minutes(30).await;
    for _ in 0..3 {
        let run = jobs.start(SWEEP);
        minutes(150).await;
        run.finish();
        jobs.flush().await;
        minutes(60).await;
    }
    assert_eq!(reported(&mut changes), []);
    // The last run ended at 10:00 and 60 minutes before now.
    minutes(9).await;
    assert_eq!(reported(&mut changes), []);
    minutes(2).await;
    let late = all_reported(&mut changes);
    assert_eq!(late.len(), 1, "{late:?}");
    let problem = &late[0].problem;
    let (since, expected) = (problem.since, time("2030-01-01T11:10:00Z"));
    let apart = since.max(expected).duration_since(since.min(expected));
    assert!(apart.unwrap() < EVALUATION, "{since:?}");
    let start = "last started at 2030-01-01T07:";
    assert!(problem.message.contains(start), "{}", problem.message);
    minutes(60).await;
    assert_eq!(reported(&mut changes), [(Missed, false)]);
    // The next start resolves both.
    let run = jobs.start(SWEEP);
    minutes(1).await;
    assert_eq!(reported(&mut changes), [(Late, true), (Missed, true)]);
    minutes(180).await;
    assert_eq!(reported(&mut changes), []);
    drop(run);
}

#[tokio::test(start_paused = true)]
async fn the_expected_time_stays_ahead_while_another_instance_runs_the_job() {
    let history = history_from("2030-01-01T00:00:00Z");
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Jobs::builder().job(SWEEP).history(history.clone());
    let watching = builder.recorder(prometheus.clone()).run().unwrap();
    let mut changes = watching.subscribe();
    let running = jobs(&history, &[SWEEP]);
    minutes(2).await;
    let run = running.start(SWEEP);
    running.flush().await;
    minutes(240).await;
    assert_eq!(reported(&mut changes), []);
    let now = time("2030-01-01T04:02:00Z");
    let ahead = |from: SystemTime| {
        let expected = prometheus
            .snapshot()
            .sum("scheduler_job_expected_timestamp_seconds", &[])
            .unwrap();
        let from = from.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        expected - from.as_secs_f64()
    };
    assert!((3590.0..3601.0).contains(&ahead(now)), "{}", ahead(now));
    let summary = watching.summaries().await.unwrap().remove(0);
    assert!(!summary.is_late);
    assert!(summary.expected_at.unwrap() > now + Duration::from_mins(59));
    run.finish();
    running.flush().await;
    minutes(30).await;
    assert!((3590.0..3610.0).contains(&ahead(now)), "{}", ahead(now));
    let summary = watching.summaries().await.unwrap().remove(0);
    assert!(summary.expected_at.unwrap() < now + Duration::from_mins(61));
}

/// Its process is gone. The expectation counts from the time at which it was marked lost.
#[tokio::test(start_paused = true)]
async fn a_lost_run_holds_nothing_back() {
    let history = history_from("2030-01-01T00:00:00Z");
    let jobs = jobs(&history, &[SWEEP]);
    let mut changes = jobs.subscribe();
    minutes(10).await;
    let gone = RunRecord::new(Uuid::now_v7(), "sweep", SystemTime::now(), "other");
    let lease = Duration::from_mins(80);
    history.write(slice::from_ref(&gone), lease).await.unwrap();
    minutes(79).await;
    assert_eq!(reported(&mut changes), []);
    minutes(2).await;
    let lost = jobs.runs(&RunQuery::new().id(gone.id)).await.unwrap();
    assert_eq!(lost[0].status, RunStatus::Lost);
    minutes(67).await;
    assert_eq!(reported(&mut changes), []);
    minutes(4).await;
    assert_eq!(reported(&mut changes), [(Late, false)]);
}

/// By a real clock. `often` shows that jobs are evaluated.
pub(crate) async fn a_run_holds_the_next_expectation_back(history: impl History) {
    const OFTEN: Job = Job::named("often")
        .every(Duration::from_millis(1))
        .grace(Duration::ZERO);
    const LOOP: Job = Job::named("loop")
        .every(Duration::from_millis(1))
        .grace(Duration::ZERO)
        .from_last_end();
    let builder = Jobs::builder().job(OFTEN).job(LOOP).history(history);
    let jobs = builder.lease(Duration::from_secs(1)).run().unwrap();
    let run = jobs.start(LOOP);
    let mut changes = jobs.subscribe();
    for kind in [Late, Missed] {
        let change = changes.next().await.unwrap();
        assert_eq!(
            (&*change.problem.job_name, change.problem.kind),
            ("often", kind)
        );
    }
    run.finish();
    for kind in [Late, Missed] {
        let change = changes.next().await.unwrap();
        assert_eq!(
            (&*change.problem.job_name, change.problem.kind),
            ("loop", kind)
        );
    }
}

#[tokio::test]
async fn a_run_in_memory_holds_the_next_expectation_back() {
    a_run_holds_the_next_expectation_back(MemoryHistory::new()).await;
}

/// The schedule of the job changed.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_now_counted_from_its_end_is_not_late_any_more() {
    const BEFORE: Job = Job::named("sweep").every(Duration::from_hours(1));
    let history = history_from("2030-01-01T00:00:00Z");
    let before = jobs(&history, &[BEFORE]);
    minutes(75).await;
    assert_eq!(before.problems().len(), 1);
    drop(before);
    let after = jobs(&history, &[SWEEP]);
    let mut changes = after.subscribe();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(reported(&mut changes), [(Late, true)]);
}
