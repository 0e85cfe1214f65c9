//! The health metrics of a service of which nobody asks for its health: a reading keeps them current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use tower_vitals::health::Check;
use tower_vitals::{Health, Prometheus};

const SECOND: Duration = Duration::from_secs(1);

/// A health of this check, and the recorder that it records to.
fn with(check: impl Check) -> (Health, Prometheus) {
    let prometheus = Prometheus::builder().build().unwrap();
    let health = Health::builder()
        .check("db", check)
        .recorder(prometheus.clone())
        .build()
        .unwrap();
    (health, prometheus)
}

fn status(prometheus: &Prometheus) -> Option<f64> {
    prometheus
        .snapshot()
        .sum("health_check_status", &[("check", "db")])
}

fn switch() -> (Arc<AtomicBool>, impl Check) {
    let is_up = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&is_up);
    let check = move || std::future::ready(switch.load(Ordering::SeqCst));
    (is_up, check)
}

#[tokio::test(start_paused = true)]
async fn a_refresher_runs_expired_checks_when_metrics_are_read() {
    let (is_up, check) = switch();
    let (health, prometheus) = with(check);
    prometheus.on_gather(health.refresher());
    assert_eq!(status(&prometheus), None, "the reading does not wait");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(status(&prometheus), Some(1.0));
    is_up.store(false, Ordering::SeqCst);
    sleep(SECOND).await;
    assert_eq!(status(&prometheus), Some(1.0), "it has just expired");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(status(&prometheus), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_waits_for_at_most_100_ms() {
    for (duration, waits, found) in [(50, 50, Some(1.0)), (5000, 100, None)] {
        let (health, prometheus) = with(move || async move {
            sleep(Duration::from_millis(duration)).await;
            true
        });
        let started = Instant::now();
        health.refresh().await;
        assert_eq!(started.elapsed(), Duration::from_millis(waits));
        assert_eq!(status(&prometheus), found);
    }
}

/// Its timeout cannot fire, so only callers that wait for it can report it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_report_a_check_that_blocks_its_thread() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let blocks = move || {
        let _ = receiver.lock().unwrap().recv();
        async { true }
    };
    let (health, prometheus) = with(blocks.timeout(Duration::from_millis(20)));
    prometheus.on_gather(health.refresher());
    crate::support::until("it is reported", async || status(&prometheus) == Some(0.0)).await;
    drop(sender);
}

#[test]
fn a_refresher_works_on_threads_without_a_runtime() {
    let (is_up, check) = switch();
    let (health, prometheus) = with(check.cache_for(Duration::from_millis(1)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let refresher = runtime.block_on(async { health.refresher() });
    prometheus.on_gather(refresher);
    let wait_for = |value| {
        let deadline = std::time::Instant::now() + 10 * SECOND;
        while status(&prometheus) != Some(value) {
            assert!(std::time::Instant::now() < deadline, "it is never {value}");
            std::thread::yield_now();
        }
    };
    wait_for(1.0);
    is_up.store(false, Ordering::SeqCst);
    wait_for(0.0);
}

#[test]
fn without_a_runtime_a_refresh_does_nothing() {
    let (_, check) = switch();
    let (health, prometheus) = with(check);
    prometheus.on_gather(health.refresher());
    assert_eq!(status(&prometheus), None);
    assert_eq!(health.refresh().now_or_never(), Some(()));
    assert_eq!(status(&prometheus), None);
}

#[tokio::test]
async fn a_refresher_does_not_keep_the_health() {
    let (_, check) = switch();
    let (health, prometheus) = with(check);
    let mut changes = health.subscribe();
    prometheus.on_gather(health.refresher());
    drop(health);
    assert!(changes.next().await.is_none());
    assert_eq!(status(&prometheus), None);
}

/// `increase()` of a counter that is born at one is zero.
#[tokio::test]
async fn the_number_of_runs_is_zero_from_registration() {
    let (health, prometheus) = with(|| async { true });
    health.add("cache", || async { true }).unwrap();
    let runs = |check: &str| {
        let series = format!("health_check_duration_seconds_count{{check=\"{check}\"}} ");
        let text = prometheus.render();
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        line.map(str::to_owned)
    };
    for check in ["db", "cache"] {
        assert_eq!(runs(check).as_deref(), Some("0"));
    }
    assert_eq!(status(&prometheus), None, "no result, no status");
    health.report().await;
    assert_eq!(runs("db").as_deref(), Some("1"));
}
