//! Checks whose status counts only after several results in a row.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;
use tower_vitals::health::Status::{Degraded, Healthy, Unhealthy};
use tower_vitals::health::checks::Heartbeat;
use tower_vitals::health::{Check, ConfiguredCheck, Outcome, Probe, Status};
use tower_vitals::{Health, Prometheus};

const SECOND: Duration = Duration::from_secs(1);

/// A check with these statuses, one a run.
fn script(statuses: &[Status]) -> impl Check + use<> {
    let statuses = Mutex::new(VecDeque::from(statuses.to_vec()));
    move || std::future::ready(statuses.lock().unwrap().pop_front().unwrap())
}

/// The reported status of each run.
async fn reported(
    statuses: &[Status],
    configure: impl FnOnce(ConfiguredCheck) -> ConfiguredCheck,
) -> Vec<Status> {
    let check = configure(script(statuses).cache_for(Duration::ZERO));
    let health = Health::builder().check("db", check).build().unwrap();
    let mut reported = Vec::new();
    for _ in statuses {
        reported.push(health.run_check("db").await.unwrap().status());
    }
    reported
}

#[tokio::test(start_paused = true)]
async fn gauge_event_and_probe_flip_once() {
    let prometheus = Prometheus::builder().build().unwrap();
    let found = [
        Healthy, Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy, Unhealthy, Unhealthy,
        Healthy, Unhealthy, Healthy, Healthy, Healthy,
    ];
    let check = script(&found).failing_after(3).passing_after(2);
    let health = Health::builder()
        .check("db", check)
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    let mut changes = health.subscribe();
    let (mut probes, mut gauges, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..found.len() {
        probes.push(health.report_for(Probe::Readiness).await.status());
        gauges.push(
            prometheus
                .snapshot()
                .sum("health_check_status", &[])
                .unwrap(),
        );
        while let Some(change) = changes.next().now_or_never() {
            events.push((run, change.unwrap().result.status()));
        }
        sleep(2 * SECOND).await;
    }
    let expected = [[Healthy; 6].as_slice(), &[Unhealthy; 5], &[Healthy; 2]].concat();
    assert_eq!(probes, expected);
    assert_eq!(gauges, [[1.0; 6].as_slice(), &[0.0; 5], &[1.0; 2]].concat());
    assert_eq!(events, [(0, Healthy), (6, Unhealthy), (11, Healthy)]);
}

#[tokio::test(start_paused = true)]
async fn the_first_result_counts_at_once() {
    let found = [Unhealthy, Healthy, Healthy, Unhealthy];
    let statuses = reported(&found, |check| check.failing_after(3).passing_after(3)).await;
    assert_eq!(statuses, [Unhealthy; 4]);
    let statuses = reported(&[Healthy, Unhealthy], |check| check.failing_after(2)).await;
    assert_eq!(statuses, [Healthy; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_row_of_several_statuses_reports_what_all_of_them_reach() {
    let found = [Healthy, Degraded, Unhealthy, Unhealthy, Unhealthy];
    let statuses = reported(&found, |check| check.failing_after(3)).await;
    assert_eq!(statuses, [Healthy, Healthy, Healthy, Degraded, Unhealthy]);
    let found = [Unhealthy, Healthy, Degraded, Healthy, Healthy, Healthy];
    let statuses = reported(&found, |check| check.passing_after(3)).await;
    let expected = [Unhealthy, Unhealthy, Unhealthy, Degraded, Degraded, Healthy];
    assert_eq!(statuses, expected);
    // One result that is not worse begins the row anew.
    let found = [Degraded, Unhealthy, Degraded, Unhealthy, Healthy];
    let statuses = reported(&found, |check| check.failing_after(2)).await;
    assert_eq!(statuses, [Degraded, Degraded, Degraded, Degraded, Healthy]);
    // Both are one by default.
    let found = [Healthy, Degraded, Unhealthy, Healthy];
    assert_eq!(reported(&found, |check| check).await, found);
}

#[tokio::test(start_paused = true)]
async fn the_message_says_how_many_results_are_in_the_row() {
    let outcomes = Mutex::new(VecDeque::from([
        Outcome::healthy().message("fine"),
        Outcome::unhealthy().message("connection refused"),
        Outcome::unhealthy().message("connection refused"),
        Outcome::healthy(),
    ]));
    let check = move || std::future::ready(outcomes.lock().unwrap().pop_front().unwrap());
    let check = check
        .failing_after(2)
        .passing_after(3)
        .cache_for(Duration::ZERO);
    let health = Health::builder().check("db", check).build().unwrap();
    for expected in [
        (Healthy, "fine"),
        (Healthy, "unhealthy, 1 of 2 in a row: connection refused"),
        (Unhealthy, "connection refused"),
        (Unhealthy, "healthy, 1 of 3 in a row"),
    ] {
        let result = health.run_check("db").await.unwrap();
        assert_eq!((result.status(), result.message().unwrap()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_check_has_passed_once_its_reported_status_has() {
    let found = [Unhealthy, Healthy, Healthy, Unhealthy];
    let check = script(&found).shared().passing_after(2);
    let health = Health::builder().check("db", check).build().unwrap();
    let mut statuses = Vec::new();
    for _ in found {
        statuses.push(health.report_for(Probe::Readiness).await.status());
        sleep(2 * SECOND).await;
    }
    assert_eq!(statuses, [Unhealthy, Unhealthy, Healthy, Degraded]);
}

/// Its run is reported as late while it blocks, and ends with a timeout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_blocks_its_thread_counts_once_when_it_ends() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let runs = AtomicUsize::new(0);
    let check = move || {
        let is_first = runs.fetch_add(1, Ordering::SeqCst) == 0;
        if !is_first {
            let _ = receiver.lock().unwrap().recv();
        }
        async move {
            if !is_first {
                pending::<()>().await;
            }
            true
        }
    };
    let check = check
        .timeout(Duration::from_millis(20))
        .cache_for(Duration::from_millis(1))
        .failing_after(2);
    let health = Health::builder().check("db", check).build().unwrap();
    crate::support::until("it is late", async || {
        let result = health.run_check("db").await.unwrap();
        assert_eq!(result.status(), Healthy);
        result
            .message()
            .is_some_and(|it| it.starts_with("unhealthy, 1 of 2 in a row: still running"))
    })
    .await;
    drop(sender);
    let last = || health.checks()[0].last.clone().unwrap();
    crate::support::until("it has ended", async || {
        last().message() == Some("unhealthy, 1 of 2 in a row: timed out after 20ms")
    })
    .await;
    assert_eq!(last().status(), Healthy);
}

#[test]
fn thresholds_are_validated_and_shown() {
    let check = || async { true };
    let error = Health::builder()
        .check("never", check.failing_after(0))
        .check("ever", check.passing_after(0))
        .check(
            "beat",
            Heartbeat::new(SECOND).on(Probe::Liveness).failing_after(3),
        )
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 mistakes: check \"never\" fails after zero results: one or more are allowed; \
         check \"ever\" passes after zero results: one or more are allowed; \
         check \"beat\" is on liveness, which reads memory and counts no results: failing_after and passing_after need runs, \
         so set the thresholds of the orchestrator's probe"
    );
    let health = Health::builder()
        .check("db", check.failing_after(3).passing_after(2))
        .check("cache", check)
        .build()
        .unwrap();
    let shown: Vec<_> = health
        .checks()
        .iter()
        .map(|check| (check.failing_after, check.passing_after))
        .collect();
    assert_eq!(shown, [(3, 2), (1, 1)]);
}
