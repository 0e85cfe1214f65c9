//! Health over HTTP: which checks decide a probe, first runs that are slow, groups, and the status code of degraded.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;
use tower_vitals::health::{Check, Probe, Status};
use tower_vitals::routes::{Details, Guard};
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

#[tokio::test]
async fn degraded_has_the_status_code_that_was_set() {
    for (status, code) in [
        (Status::Healthy, 200),
        (Status::Degraded, 429),
        (Status::Unhealthy, 503),
    ] {
        let health = Health::builder()
            .check("db", (move || async move { status }).tag("sql"))
            .check("idle", || async { true })
            .degraded_status(StatusCode::TOO_MANY_REQUESTS)
            .build()
            .unwrap();
        let response = health.report().await.into_response();
        assert_eq!(response.status(), code);
        let probe = health.report_for(Probe::Readiness).await;
        let routes = Routes::new().health(health).details(Details::Always);
        let reports = [
            "/health",
            "/healthz",
            "/health/detailed",
            "/health/checker/db",
            "/health/group/sql",
        ];
        assert_eq!(codes(&routes, reports).await, [code; 5]);
        assert_eq!(get(&routes, "/health/checker/idle").await.0, OK);
        // A load balancer may go on sending requests.
        let passes = if status == Status::Unhealthy {
            503
        } else {
            200
        };
        assert_eq!(probe.into_response().status(), passes);
        let probes = ["/readyz", "/health/ready"];
        assert_eq!(codes(&routes, probes).await, [passes; 2]);
        assert_eq!(codes(&routes, ["/livez", "/startupz"]).await, [OK; 2]);
    }
}

#[test]
fn a_status_code_that_cannot_carry_a_report_is_an_error() {
    let build = |code: u16| {
        let code = StatusCode::from_u16(code).unwrap();
        Health::builder().degraded_status(code).build()
    };
    for code in [200, 207, 218, 299, 400, 429, 500, 503, 599] {
        assert!(build(code).is_ok(), "{code}");
    }
    for code in [100, 204, 205, 300, 302, 304, 399, 600, 999] {
        assert_eq!(
            build(code).unwrap_err().to_string(),
            format!(
                "the degraded status {code} cannot carry a report: 200 to 299 and 400 to 599 are allowed, except 204 and 205"
            )
        );
    }
}

/// Three checks, two of them in groups.
fn groups() -> Routes {
    let health = Health::builder()
        .check("orders", (|| async { true }).tag("sql").tag("shop"))
        .check("users", (|| async { false }).tag("sql"))
        .check("mail", || async { true })
        .build()
        .unwrap();
    Routes::new().health(health)
}

#[tokio::test]
async fn a_group_is_the_report_of_the_checks_with_a_tag() {
    let routes = groups().details(Details::Always);
    let names = |body: &str| -> Vec<Value> {
        let body: Value = serde_json::from_str(body).unwrap();
        let results = body["results"].as_array().unwrap();
        results
            .iter()
            .map(|result| result["name"].clone())
            .collect()
    };
    let (code, body) = get(&routes, "/health/group/sql").await;
    assert_eq!(code, UNAVAILABLE);
    assert_eq!(names(&body), ["orders", "users"]);
    let (code, body) = get(&routes, "/health/group/shop").await;
    assert_eq!((code, names(&body)), (OK, vec![json!("orders")]));
    let moved = groups()
        .details(Details::Always)
        .rename("/health/group/{name}", "/groups/{name}");
    assert_eq!(get(&moved, "/groups/shop").await.0, OK);
}

#[tokio::test]
async fn an_unknown_group_lists_the_tags_to_callers_that_may_see_them() {
    let path = "/health/group/%22cache%22";
    let (code, body) = get(&groups().details(Details::Always), path).await;
    assert_eq!(code, StatusCode::NOT_FOUND);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "There is no group \"\\\"cache\\\"\". The groups are: sql, shop.",
        })
    );
    for (routes, code) in [
        (groups(), StatusCode::FORBIDDEN),
        (
            groups().guard(Guard::bearer("l3t-m3-in")),
            StatusCode::UNAUTHORIZED,
        ),
        (
            groups().guard(Guard::open()).details(Details::Never),
            StatusCode::FORBIDDEN,
        ),
    ] {
        for path in [path, "/health/group/sql"] {
            let (found, body) = get(&routes, path).await;
            assert_eq!(found, code);
            assert!(!body.contains("shop"), "{body}");
        }
    }
    let untagged = Routes::new()
        .health(Health::builder().build().unwrap())
        .details(Details::Always);
    let (_, body) = get(&untagged, path).await;
    assert!(body.contains("no check has a tag"), "{body}");
}
