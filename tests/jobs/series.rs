//! Counters exist before they count, and gauges of durable state are read from the history after a restart.

use std::future::ready;
use std::slice;
use std::time::{Duration, SystemTime};

use crate::support::faulty::{Fault, Faulty};
use crate::support::until;
use tokio::time::sleep;
use tower_vitals::Prometheus;
use tower_vitals::jobs::{
    History, Job, Jobs, MemoryHistory, Problem, ProblemKind, RunRecord, RunStatus, Uuid,
};

const NIGHTLY: Job = Job::named("nightly")
    .every(Duration::from_hours(24))
    .failing_after(2);

const STATUSES: [&str; 4] = ["success", "failed", "cancelled", "lost"];

/// The values of all counters of the job: by status, then dropped events.
fn counters(prometheus: &Prometheus, job: &str) -> Vec<Option<f64>> {
    let snapshot = prometheus.snapshot();
    let job = ("job_name", job);
    let by_status =
        STATUSES.map(|status| snapshot.sum("scheduler_jobs_total", &[job, ("status", status)]));
    let dropped = snapshot.sum("monitoring_job_events_dropped_total", &[job]);
    by_status.into_iter().chain([dropped]).collect()
}

fn gauge(prometheus: &Prometheus, name: &str) -> Option<f64> {
    let labels = [("job_name", "nightly")];
    prometheus.snapshot().sum(name, &labels)
}

#[tokio::test]
async fn each_counter_of_a_registered_job_is_zero_from_the_start() {
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Jobs::builder().job(NIGHTLY).recorder(prometheus.clone());
    let jobs = builder.run().unwrap();
    assert_eq!(counters(&prometheus, "nightly"), [Some(0.0); 5]);
    let running = [("status", "running")];
    let running = prometheus.snapshot().sum("scheduler_jobs_total", &running);
    assert_eq!(running, None, "a run is counted when it ends");
    jobs.monitor(NIGHTLY, ready(Ok::<_, String>(())))
        .await
        .unwrap();
    let one = [Some(1.0), Some(0.0), Some(0.0), Some(0.0), Some(0.0)];
    assert_eq!(counters(&prometheus, "nightly"), one);
}

#[tokio::test]
async fn an_unregistered_job_has_all_counters_from_its_first_start() {
    const IMPORT: Job = Job::named("import");
    const INVALID: Job = Job::named("invalid").every(Duration::ZERO);
    let prometheus = Prometheus::builder().build().unwrap();
    let jobs = Jobs::builder().recorder(prometheus.clone()).run().unwrap();
    assert_eq!(counters(&prometheus, "import"), [None; 5]);
    for job in [IMPORT, INVALID] {
        let name = job.name().to_owned();
        let run = jobs.start(job);
        assert_eq!(counters(&prometheus, &name), [Some(0.0); 5]);
        run.finish();
    }
}

#[tokio::test(start_paused = true)]
async fn counters_are_zero_soon_after_a_recorder_is_installed_late() {
    let jobs = Jobs::builder().job(NIGHTLY).run().unwrap();
    sleep(Duration::from_secs(1)).await;
    let prometheus = Prometheus::builder().build().unwrap();
    let _guard = metrics::set_default_local_recorder(&prometheus);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(counters(&prometheus, "nightly"), [Some(0.0); 5]);
    drop(jobs);
}

/// A success, an hour later two failures, and an open problem.
async fn write_past(history: &impl History) -> SystemTime {
    history.prepare().await.unwrap();
    let succeeded = SystemTime::now() - Duration::from_hours(3);
    let ended = |status, at| {
        let mut run = RunRecord::new(Uuid::now_v7(), "nightly", at, "shop-1");
        run.status = status;
        run.finished_at = Some(at);
        run
    };
    let failed = succeeded + Duration::from_hours(1);
    let runs = [
        ended(RunStatus::Success, succeeded),
        ended(RunStatus::Failed, failed),
        ended(RunStatus::Failed, failed),
    ];
    for run in &runs {
        let lease = Duration::from_mins(1);
        history.write(slice::from_ref(run), lease).await.unwrap();
    }
    let mut problem = Problem::new("nightly", ProblemKind::Failing, failed, "");
    problem.success_epoch = history.job_states().await.unwrap().jobs[0].success_epoch;
    assert!(history.report(&problem, failed).await.unwrap());
    succeeded
}

/// The gauges are there long before the first evaluation, which is one lease after the start.
pub(crate) async fn gauges_of_durable_state_are_filled_after_a_restart(history: impl History) {
    let succeeded = write_past(&history).await;
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Jobs::builder().job(NIGHTLY).job(Job::named("other"));
    let builder = builder.history(history).recorder(prometheus.clone());
    let jobs = builder.run().unwrap();
    let last_success = || gauge(&prometheus, "scheduler_job_last_success_timestamp_seconds");
    until("the last success is known", async || {
        last_success().is_some()
    })
    .await;
    let expected = succeeded.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let apart = last_success().unwrap() - expected.as_secs_f64();
    assert!(apart.abs() < 1.0, "{apart}");
    let failures = gauge(&prometheus, "scheduler_job_failures_in_a_row");
    assert_eq!(failures, Some(2.0));
    let problem = |job, kind| {
        let labels = [("job_name", job), ("problem", kind)];
        prometheus.snapshot().sum("scheduler_job_problem", &labels)
    };
    assert_eq!(problem("nightly", "failing"), Some(1.0));
    for kind in ["late", "missed", "too_long"] {
        assert_eq!(problem("nightly", kind), Some(0.0), "{kind}");
    }
    assert_eq!(problem("other", "failing"), Some(0.0));
    let expected_at = gauge(&prometheus, "scheduler_job_expected_timestamp_seconds");
    assert!(expected_at.is_some());
    let other = [("job_name", "other")];
    let other = prometheus
        .snapshot()
        .sum("scheduler_job_last_success_timestamp_seconds", &other);
    assert_eq!(other, None, "it has never succeeded");
    let open: Vec<_> = jobs.problems().iter().map(|open| open.kind).collect();
    assert_eq!(open, [ProblemKind::Failing]);
    assert!(jobs.health_check()().await.is_err());
}

#[tokio::test]
async fn gauges_of_a_memory_history_are_filled_after_a_restart() {
    gauges_of_durable_state_are_filled_after_a_restart(MemoryHistory::new()).await;
}

#[tokio::test(start_paused = true)]
async fn gauges_are_absent_only_while_the_history_cannot_be_read() {
    let history = Faulty::new(&MemoryHistory::new());
    write_past(&history).await;
    history.fail(|call| match call {
        "job_states" => Fault::Down,
        _ => Fault::None,
    });
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Jobs::builder().job(NIGHTLY).history(history.clone());
    let jobs = builder.recorder(prometheus.clone()).run().unwrap();
    let gauges = || {
        [
            "scheduler_job_last_success_timestamp_seconds",
            "scheduler_job_failures_in_a_row",
        ]
        .map(|name| gauge(&prometheus, name).is_some())
    };
    sleep(Duration::from_secs(30)).await;
    assert_eq!(gauges(), [false; 2]);
    history.fail(|_| Fault::None);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(gauges(), [true; 2]);
    drop(jobs);
}

/// Each instance shows the last success of all instances, and never an earlier one than before.
#[tokio::test(start_paused = true)]
async fn the_last_success_of_another_instance_shows() {
    let history = MemoryHistory::new();
    let prometheus = Prometheus::builder().build().unwrap();
    let builder = Jobs::builder().job(NIGHTLY).history(history.clone());
    let jobs = builder.recorder(prometheus.clone()).run().unwrap();
    let last_success = || gauge(&prometheus, "scheduler_job_last_success_timestamp_seconds");
    sleep(Duration::from_mins(2)).await;
    assert_eq!(last_success(), None);
    let other = Jobs::builder().history(history).run().unwrap();
    other.start(NIGHTLY).finish();
    other.flush().await;
    sleep(Duration::from_secs(6)).await;
    let theirs = last_success().unwrap();
    jobs.start(NIGHTLY).finish();
    let own = last_success().unwrap();
    assert!(own > theirs, "{own} {theirs}");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(last_success(), Some(own));
}
