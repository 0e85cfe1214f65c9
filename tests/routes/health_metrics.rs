//! The health metrics of a service of which nobody asks for its health: a scrape keeps them current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use futures_util::future::join_all;
use http::Request;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use tower_vitals::health::checks::Heartbeat;
use tower_vitals::health::{Check, HealthBuilder, Outcome, Probe};
use tower_vitals::{Health, Prometheus, Routes};

const SECOND: Duration = Duration::from_secs(1);

/// A dependency that can break, and counts its checks.
#[derive(Clone, Default)]
struct Dependency {
    is_down: Arc<AtomicBool>,
    runs: Arc<AtomicUsize>,
}

impl Check for Dependency {
    async fn check(&self) -> Outcome {
        self.runs.fetch_add(1, Ordering::SeqCst);
        (!self.is_down.load(Ordering::SeqCst)).into()
    }
}

/// A router with metrics and health, by its two orders.
fn routers(checks: impl Fn(HealthBuilder) -> HealthBuilder) -> [Router; 2] {
    [true, false].map(|has_metrics_first| {
        let prometheus = Prometheus::builder().build().unwrap();
        let health = checks(Health::builder())
            .recorder(prometheus.clone())
            .build()
            .unwrap();
        let routes = Routes::new();
        if has_metrics_first {
            routes.metrics(prometheus).health(health).into()
        } else {
            routes.health(health).metrics(prometheus).into()
        }
    })
}

/// The lines of `health_check_status` in a scrape.
async fn scrape(router: &Router) -> Vec<String> {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = std::str::from_utf8(&body).unwrap();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("health_check_status{"));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test(start_paused = true)]
async fn scrapes_alone_keep_the_health_gauges_current() {
    let db = Dependency::default();
    let worker = Heartbeat::new(20 * SECOND);
    for router in routers(|builder| {
        builder
            .check("db", db.clone())
            .check("cache", (|| async { false }).every(SECOND))
            .check("worker", worker.clone().on(Probe::Liveness))
    }) {
        db.is_down.store(false, Ordering::SeqCst);
        worker.beat();
        let first = scrape(&router).await;
        let expected = |db, worker| {
            [
                r#"health_check_status{check="cache"} 0"#.to_owned(),
                format!(r#"health_check_status{{check="db"}} {db}"#),
                format!(r#"health_check_status{{check="worker"}} {worker}"#),
            ]
        };
        assert_eq!(first, expected(1, 1));
        db.is_down.store(true, Ordering::SeqCst);
        sleep(15 * SECOND).await;
        assert_eq!(scrape(&router).await, expected(0, 1));
        sleep(15 * SECOND).await;
        assert_eq!(scrape(&router).await, expected(0, 0), "no beat for 30 s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_delays_a_scrape_by_at_most_100_ms() {
    for router in routers(|builder| {
        builder
            .check("db", async || std::future::pending::<bool>().await)
            .check("cache", || async { true })
    }) {
        let started = Instant::now();
        let cache = r#"health_check_status{check="cache"} 1"#;
        assert_eq!(scrape(&router).await, [cache], "db has no result yet");
        assert!(started.elapsed() <= Duration::from_millis(110));
        sleep(15 * SECOND).await;
        let db = r#"health_check_status{check="db"} 0"#;
        assert_eq!(scrape(&router).await, [cache, db]);
    }
}

#[tokio::test(start_paused = true)]
async fn scrapes_run_each_check_at_most_once_per_cache_period() {
    let db = Dependency::default();
    let check = db.clone().cache_for(10 * SECOND);
    let [router, _] = routers(|builder| builder.check("db", check.clone()));
    for n in 1..4 {
        join_all((0..100).map(|_| scrape(&router))).await;
        assert_eq!(db.runs.load(Ordering::SeqCst), n);
        sleep(10 * SECOND).await;
    }
}
