//! The checks that decide a probe, and probes that arrive before a check's first result.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower_vitals::Health;
use tower_vitals::health::Status::{Degraded, Healthy, Unhealthy};
use tower_vitals::health::checks::Heartbeat;
use tower_vitals::health::{Check, Outcome, Probe, Reason, Status};

const SECOND: Duration = Duration::from_secs(1);
const PROBES: [Probe; 3] = [Probe::Liveness, Probe::Readiness, Probe::Startup];

/// A check that always fails.
#[derive(Clone)]
struct Down;

impl Check for Down {
    async fn check(&self) -> Outcome {
        Outcome::unhealthy().message("down")
    }
}

fn with(name: &str, check: impl Check) -> Health {
    Health::builder().check(name, check).build().unwrap()
}

/// The status of liveness, readiness and startup.
async fn statuses(health: &Health) -> [Status; 3] {
    let mut statuses = [Healthy; 3];
    for (status, probe) in statuses.iter_mut().zip(PROBES) {
        *status = health.report_for(probe).await.status();
    }
    statuses
}

#[tokio::test]
async fn a_check_without_a_probe_decides_readiness_and_never_liveness() {
    let late = Heartbeat::new(Duration::from_nanos(1));
    let healths = [
        with("db", || async { Err::<(), _>("down") }),
        with("db", Down),
        with("db", Down.timeout(SECOND).tag("db")),
        // It could decide liveness, because it answers from memory.
        with("worker", late),
    ];
    let added = Health::builder().build().unwrap();
    added.add("db", Down).unwrap();
    for health in healths.into_iter().chain([added]) {
        assert_eq!(health.checks()[0].probes, [Probe::Readiness]);
        assert_eq!(statuses(&health).await, [Healthy, Unhealthy, Healthy]);
        assert_eq!(health.report().await.status(), Unhealthy);
    }
    let optional = with("search", Down.optional());
    assert_eq!(statuses(&optional).await, [Healthy, Degraded, Healthy]);
    let shared = with("db", Down.shared());
    assert_eq!(statuses(&shared).await, [Healthy, Unhealthy, Healthy]);
}

#[tokio::test]
async fn a_check_with_a_probe_decides_only_that_probe() {
    let late = Heartbeat::new(Duration::from_nanos(1)).on(Probe::Liveness);
    assert_eq!(
        statuses(&with("worker", late)).await,
        [Unhealthy, Healthy, Healthy]
    );
    let named = Health::builder()
        .check("index", Down)
        .probe(Probe::Startup, ["index"])
        .build()
        .unwrap();
    for health in [with("index", Down.on(Probe::Startup)), named] {
        assert_eq!(health.checks()[0].probes, [Probe::Startup]);
        health.mark_started();
        assert_eq!(statuses(&health).await, [Healthy; 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_does_not_wait_for_a_slow_first_run() {
    let slow = || async {
        sleep(SECOND).await;
        true
    };
    for (check, probes) in [
        (slow.configured(), &[Probe::Readiness][..]),
        (slow.shared(), &[Probe::Readiness]),
        (slow.on(Probe::Startup), &[Probe::Startup, Probe::Readiness]),
    ] {
        let health = with("db", check);
        let started = Instant::now();
        for probe in [probes, probes].concat() {
            let report = health.report_for(probe).await;
            assert!(started.elapsed() <= Duration::from_millis(100));
            assert_eq!(report.status(), Unhealthy);
            assert_eq!(report.reason(), Some(&Reason::Starting));
            let result = report.result("db").unwrap();
            assert_eq!(
                (result.status(), result.message()),
                (
                    Unhealthy,
                    Some("no result yet: the first run has taken 100ms so far")
                )
            );
        }
        assert_eq!(health.report().await.status(), Healthy, "it is awaited");
        assert_eq!(started.elapsed(), SECOND, "by one run");
        for probe in probes {
            let report = health.report_for(*probe).await;
            assert_eq!((report.status(), report.reason()), (Healthy, None));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_waits_for_a_fast_first_run() {
    let fast = || async {
        sleep(Duration::from_millis(50)).await;
        true
    };
    let health = with("db", fast.on(Probe::Startup).on(Probe::Readiness));
    assert_eq!(statuses(&health).await, [Healthy; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_first_run_that_hangs_is_reported_after_its_timeout() {
    let hangs = async || pending::<bool>().await;
    let health = with("db", hangs);
    let report = health.report_for(Probe::Readiness).await;
    assert_eq!(report.reason(), Some(&Reason::Starting));
    sleep(2 * SECOND).await;
    let report = health.report_for(Probe::Readiness).await;
    assert_eq!((report.status(), report.reason()), (Unhealthy, None));
    let message = report.result("db").unwrap().message();
    assert_eq!(message, Some("timed out after 2s"));
}

#[tokio::test(start_paused = true)]
async fn an_optional_check_without_a_result_only_degrades() {
    let hangs = async || pending::<bool>().await;
    let health = with("search", hangs.optional());
    let started = Instant::now();
    let report = health.report_for(Probe::Readiness).await;
    assert_eq!(started.elapsed(), Duration::from_millis(100));
    assert_eq!((report.status(), report.reason()), (Degraded, None));
}

#[tokio::test(start_paused = true)]
async fn startup_ends_when_a_slow_check_has_passed_also_between_two_probes() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let slow = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            sleep(5 * SECOND).await;
            true
        }
    };
    for probe in [Probe::Startup, Probe::Readiness] {
        runs.store(0, Ordering::SeqCst);
        let check = slow.clone().on(Probe::Startup).timeout(10 * SECOND);
        let health = with("index", check);
        let report = health.report_for(probe).await;
        assert_eq!(report.reason(), Some(&Reason::Starting));
        sleep(10 * SECOND).await;
        let started = Instant::now();
        assert_eq!(health.report_for(probe).await.status(), Healthy);
        assert_eq!(started.elapsed(), Duration::ZERO);
        assert_eq!(runs.load(Ordering::SeqCst), 1, "its result has expired");
    }
}

#[tokio::test(start_paused = true)]
async fn startup_does_not_wait_for_a_slow_check_that_fails_again_and_again() {
    let slow = || async {
        sleep(SECOND).await;
        Err::<(), _>("not loaded")
    };
    let health = with("index", slow.on(Probe::Startup));
    for message in [
        "no result yet: the first run has taken 100ms so far",
        "not loaded",
        "not loaded",
    ] {
        let started = Instant::now();
        let report = health.report_for(Probe::Startup).await;
        assert_eq!(started.elapsed(), Duration::from_millis(100));
        assert_eq!(report.reason(), Some(&Reason::Starting));
        assert_eq!(report.result("index").unwrap().message(), Some(message));
        sleep(10 * SECOND).await;
    }
}
