//! Health over HTTP: which checks decide a probe, first runs that are slow, groups, and the status code of degraded.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use tower_vitals::health::{Check, Probe};
use tower_vitals::{Health, Routes};

const SECOND: Duration = Duration::from_secs(1);
const OK: StatusCode = StatusCode::OK;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// The status code and the body.
async fn get(routes: &Routes, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = Router::from(routes.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8(body.to_vec()).unwrap())
}

async fn codes<const N: usize>(routes: &Routes, paths: [&str; N]) -> [StatusCode; N] {
    let mut codes = [OK; N];
    for (code, path) in codes.iter_mut().zip(paths) {
        *code = get(routes, path).await.0;
    }
    codes
}

#[tokio::test]
async fn a_plain_check_that_fails_takes_the_service_out_of_the_load_balancer() {
    let health = Health::builder()
        .check("db", || async { Err::<(), _>("down") })
        .build()
        .unwrap();
    let routes = Routes::new().health(health);
    let failing = ["/health", "/readyz", "/health/ready"];
    assert_eq!(codes(&routes, failing).await, [UNAVAILABLE; 3]);
    let passing = ["/livez", "/health/live", "/startupz", "/health/startup"];
    assert_eq!(codes(&routes, passing).await, [OK; 4]);
}

#[tokio::test(start_paused = true)]
async fn probes_answer_starting_at_once_while_a_first_run_is_slow() {
    let slow = || async {
        sleep(5 * SECOND).await;
        true
    };
    let health = Health::builder()
        .timeout(10 * SECOND)
        .check("index", slow.on(Probe::Startup))
        .check("db", slow)
        .build()
        .unwrap();
    let routes = Routes::new().health(health);
    let probes = ["/startupz", "/readyz", "/health/startup", "/health/ready"];
    let started = Instant::now();
    for path in probes {
        let (code, body) = get(&routes, path).await;
        assert_eq!(code, UNAVAILABLE, "{path}");
        assert_eq!(body, r#"{"status":"unhealthy","reason":"starting"}"#);
    }
    let elapsed = started.elapsed();
    assert!(elapsed <= Duration::from_millis(200), "{elapsed:?}");
    sleep(5 * SECOND).await;
    assert_eq!(codes(&routes, probes).await, [OK; 4]);
}
