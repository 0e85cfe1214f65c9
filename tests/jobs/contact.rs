//! A history that cannot be reached is shown, whichever call fails and however it fails.

use std::future::ready;
use std::time::Duration;

use crate::support::faulty::{Fault, Faulty};
use crate::support::log::Log;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};
use tower_vitals::Prometheus;
use tower_vitals::jobs::store::ProblemKind;
use tower_vitals::jobs::{Job, Jobs, MemoryHistory, RunQuery};

const NIGHTLY: Job = Job::named("nightly").failing_after(1);

fn gauge(prometheus: &Prometheus, name: &str) -> Option<f64> {
    prometheus.snapshot().sum(name, &[("store", "jobs")])
}

fn fail_only(history: &Faulty, failing: &'static str, fault: Fault) {
    history.fail(move |call| if call == failing { fault } else { Fault::None });
}

async fn run_once(jobs: &Jobs) {
    let work = jobs.monitor(NIGHTLY, ready(Ok::<_, String>(())));
    work.await.unwrap();
}

/// The reason names the operation and the error. Nothing is judged during the outage, and everything after it.
#[tokio::test(start_paused = true)]
async fn jobs_are_not_healthy_while_they_cannot_be_judged() {
    for (failing, operation) in [
        ("prepare", "prepare"),
        ("renew", "renew leases"),
        ("write", "write runs"),
        ("reap", "mark lost runs"),
        ("job_states", "track problems"),
        ("problems", "track problems"),
    ] {
        let prometheus = Prometheus::builder().build().unwrap();
        let up = || gauge(&prometheus, "monitoring_history_up");
        let history = Faulty::new(&MemoryHistory::new());
        let builder = Jobs::builder().job(NIGHTLY).recorder(prometheus.clone());
        if failing == "prepare" {
            fail_only(&history, failing, Fault::Down);
        }
        let jobs = builder.history(history.clone()).run().unwrap();
        let check = jobs.health_check();
        if failing != "prepare" {
            sleep(Duration::from_mins(2)).await;
            assert_eq!(check().await, Ok(()), "{failing}");
            assert_eq!(up(), Some(1.0), "{failing}");
            let status = jobs.history_status();
            assert!(status.is_up && status.judged_at.is_some(), "{status:?}");
            fail_only(&history, failing, Fault::Down);
        }
        let before = Timestamp::now();
        run_once(&jobs).await;
        sleep(Duration::from_mins(1)).await;
        let message = check().await.unwrap_err();
        let (since, reason) = (message.strip_prefix("jobs are not judged since "))
            .and_then(|rest| rest.split_once(": "))
            .unwrap_or_else(|| panic!("{failing}: {message}"));
        let since: Timestamp = since.parse().unwrap();
        assert!(since.duration_since(before).abs().as_secs() < 5, "{since}");
        assert_eq!(
            reason,
            format!(
                "the job history cannot {operation}: down: no route to redis://[redacted]@host"
            )
        );
        assert_eq!(up(), Some(0.0), "{failing}");
        let status = jobs.history_status();
        assert!(!status.is_up && status.down_since.is_some(), "{status:?}");
        let waits = matches!(failing, "prepare" | "write");
        assert_eq!(
            status.waiting_events,
            if waits { 2 } else { 0 },
            "{failing}"
        );

        history.fail(|_| Fault::None);
        sleep(Duration::from_mins(3)).await;
        assert_eq!(check().await, Ok(()), "{failing}");
        assert_eq!(up(), Some(1.0), "{failing}");
        assert_eq!(jobs.history_status().waiting_events, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_write_is_renewed_with_the_leases() {
    let prometheus = Prometheus::builder().build().unwrap();
    let history = Faulty::new(&MemoryHistory::new());
    let builder = Jobs::builder().history(history.clone());
    let jobs = builder.recorder(prometheus.clone()).run().unwrap();
    assert_eq!(jobs.history_status().last_write_at, None);
    sleep(Duration::from_secs(30)).await;
    let written_at = jobs.history_status().last_write_at.unwrap();
    let name = "monitoring_history_last_write_timestamp_seconds";
    let gauge = gauge(&prometheus, name).unwrap();
    let seconds = written_at.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((gauge - seconds.as_secs_f64()).abs() < 1e-6);
    history.fail(|_| Fault::Down);
    sleep(Duration::from_mins(10)).await;
    assert_eq!(jobs.history_status().last_write_at, Some(written_at));
    history.fail(|_| Fault::None);
    sleep(Duration::from_secs(30)).await;
    assert!(jobs.history_status().last_write_at.unwrap() > written_at);
}

/// Known problems stay in the message.
#[tokio::test(start_paused = true)]
async fn problems_stay_known_while_jobs_are_not_judged() {
    let history = Faulty::new(&MemoryHistory::new());
    let builder = Jobs::builder().job(NIGHTLY).history(history.clone());
    let jobs = builder.run().unwrap();
    sleep(Duration::from_mins(2)).await;
    let failed = jobs.monitor(NIGHTLY, ready(Err::<(), _>("no orders")));
    failed.await.unwrap_err();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(jobs.problems()[0].kind, ProblemKind::Failing);
    fail_only(&history, "renew", Fault::Down);
    sleep(Duration::from_mins(1)).await;
    let message = jobs.health_check()().await.unwrap_err();
    let problem = "nightly is failing (failed 1 time in a row; last error: no orders)";
    assert!(
        message.starts_with("jobs are not judged since "),
        "{message}"
    );
    assert!(message.ends_with(problem), "{message}");
}

/// Each panic counts as an error: the call is retried, the others still happen, and every later call happens.
#[tokio::test(start_paused = true)]
async fn a_panic_of_the_history_is_an_error_wherever_it_happens() {
    for fault in [
        Fault::Panics,
        Fault::PanicsWithBomb,
        Fault::PanicsInDrop,
        Fault::PanicsInText,
    ] {
        for failing in [
            "prepare",
            "register",
            "write",
            "renew",
            "reap",
            "job_states",
            "problems",
            "last_runs",
            "runs",
            "stats",
            "prune",
            "report",
            "resolve",
        ] {
            let (log, _guard) = Log::of_this_thread();
            let what = format!("{fault:?} in {failing}");
            let history = Faulty::new(&MemoryHistory::new());
            let builder = Jobs::builder().job(NIGHTLY).history(history.clone());
            let jobs = builder.run().unwrap();
            fail_only(&history, failing, fault);
            let failed = jobs.monitor(NIGHTLY, ready(Err::<(), _>("no orders")));
            failed.await.unwrap_err();
            sleep(Duration::from_mins(4)).await;
            run_once(&jobs).await;
            sleep(Duration::from_mins(4)).await;
            // The calls of readers.
            let began = Instant::now();
            let read = [
                ("runs", jobs.runs(&RunQuery::new()).await.map(drop)),
                ("stats", jobs.stats("nightly").await.map(drop)),
                ("last_runs", jobs.last_runs().await.map(drop)),
                ("job_states", jobs.summaries().await.map(drop)),
            ];
            assert!(began.elapsed() < Duration::from_mins(5));
            for (call, result) in read {
                if call == failing {
                    assert!(result.is_err(), "{what}");
                }
            }
            history.fail(|_| Fault::None);
            sleep(Duration::from_mins(4)).await;
            jobs.flush().await;
            assert_eq!(
                jobs.runs(&RunQuery::new()).await.unwrap().len(),
                2,
                "{what}"
            );
            assert_eq!(jobs.problems(), [], "{what}: {}", log.text());
            assert_eq!(
                jobs.health_check()().await,
                Ok(()),
                "{what}: {}",
                log.text()
            );
            // Once if the call happens only once.
            assert!(log.count("retrying") <= 3, "{what}: {}", log.text());
        }
    }
}
