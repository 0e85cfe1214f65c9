//! Refusals of guarded routes: they are counted and logged, and a guard or a payload that panics costs no response.

use std::net::SocketAddr;
use std::panic::panic_any;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tower_vitals::health::{Check, Outcome, Probe};
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{Health, Prometheus, Routes};

use crate::support::log::Log;

fn prometheus() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

async fn send(app: &Router, request: http::request::Builder) -> (u16, String) {
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    // The health is 503 as well.
    if status >= 400 && status != 503 {
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn refusals(prometheus: &Prometheus) -> Vec<String> {
    let text = prometheus.render();
    let series = text
        .lines()
        .filter_map(|line| line.strip_prefix("monitoring_guard_refusals_total{route="));
    let mut series: Vec<_> = series.map(str::to_owned).collect();
    series.sort();
    series
}

#[tokio::test]
async fn refusals_are_counted_by_route_from_zero() {
    let prometheus = prometheus();
    let health = Health::builder().build().unwrap();
    let app: Router = Routes::new()
        .metrics(prometheus.clone())
        .health(health)
        .rename("/admin/reset-metrics", "/ops/reset")
        .guard(Guard::bearer("s3cret-t0ken"))
        .build()
        .unwrap();
    assert_eq!(
        refusals(&prometheus),
        [
            "\"/admin/reset-metrics\"} 0",
            "\"/health/checker/{name}\"} 0",
            "\"/health/detailed\"} 0",
            "\"/health/group/{name}\"} 0",
            "\"/health/status\"} 0",
            "\"/metrics/history\"} 0",
        ]
    );
    for path in ["/health/checker/a", "/health/checker/b", "/metrics/history"] {
        assert_eq!(send(&app, get(path)).await.0, 401);
    }
    let with_token =
        |request: http::request::Builder| request.header(AUTHORIZATION, "Bearer s3cret-t0ken");
    // Another origin's page.
    let post = with_token(Request::post("/ops/reset")).header("sec-fetch-site", "cross-site");
    assert_eq!(send(&app, post).await.0, 403);
    assert_eq!(send(&app, with_token(get("/health/status"))).await.0, 200);
    // These show less without a token, and are not refused.
    assert_eq!(send(&app, get("/healthz")).await.0, 200);
    assert_eq!(send(&app, get("/livez")).await.0, 200);
    assert_eq!(
        refusals(&prometheus),
        [
            "\"/admin/reset-metrics\"} 1",
            "\"/health/checker/{name}\"} 2",
            "\"/health/detailed\"} 0",
            "\"/health/group/{name}\"} 0",
            "\"/health/status\"} 0",
            "\"/metrics/history\"} 1",
        ]
    );
}

#[tokio::test]
async fn open_routes_have_no_series_of_refusals() {
    let prometheus = prometheus();
    let health = Health::builder().build().unwrap();
    let app: Router = Routes::new()
        .metrics(prometheus.clone())
        .health(health)
        .details(Details::Always)
        .remove("/admin/reset-metrics")
        .build()
        .unwrap();
    assert_eq!(send(&app, get("/metrics")).await.0, 200);
    assert_eq!(refusals(&prometheus), ["\"/metrics/history\"} 0"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_logged_once_a_minute_without_the_credential() {
    let (log, _guard) = Log::of_this_thread();
    let app: Router = Routes::new()
        .metrics(prometheus())
        .config("shop", &1)
        .guard(Guard::bearer("s3cret-t0ken"))
        .build()
        .unwrap();
    let peer = ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 40_000)));
    let wrong = |path| {
        get(path)
            .extension(peer)
            .header(AUTHORIZATION, "Bearer wrong-t0ken")
    };
    for _ in 0..5 {
        assert_eq!(send(&app, wrong("/admin/config")).await.0, 401);
    }
    let line = "WARN tower_vitals::routes::refusals: a guarded route refused a request";
    assert_eq!(log.count(line), 1, "{}", log.text());
    let first = "reason=\"The bearer token is wrong.\" route=\"/admin/config\" peer=192.0.2.7";
    assert_eq!(log.count(first), 1, "{}", log.text());
    // Each route has a log line of its own. The address may be unknown.
    assert_eq!(send(&app, get("/metrics/history")).await.0, 401);
    assert_eq!(log.count("route=\"/metrics/history\"\n"), 0);
    assert_eq!(log.count(line), 2, "{}", log.text());

    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(send(&app, wrong("/admin/config")).await.0, 401);
    assert_eq!(log.count(line), 3, "{}", log.text());
    assert_eq!(log.count("left_out=4"), 1, "{}", log.text());
    assert_eq!(log.count("t0ken"), 0, "{}", log.text());
}

/// Panics when it is dropped, as may what it leaves.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Self(self.0 - 1));
        }
    }
}

#[tokio::test]
async fn a_guard_that_panics_refuses_the_request_and_later_ones_are_served() {
    let (log, _guard) = Log::of_this_thread();
    let guard = Guard::with(|parts| match parts.headers.get("x-do") {
        Some(value) if value == "panic" => panic!("token=hunter2-hunter2"),
        Some(value) if value == "bomb" => panic_any(Bomb(3)),
        _ => true,
    });
    let health = Health::builder().check("a", || async { true });
    let routes = Routes::new().health(health.build().unwrap());
    let routes = routes.config("shop", &1).guard(guard.clone());
    let app: Router = routes.build().unwrap();
    for panics in ["panic", "bomb"] {
        let request = get("/admin/config").header("x-do", panics);
        let (status, body) = send(&app, request).await;
        assert_eq!(status, 500, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body["detail"],
            "The service's guard panicked; the service's log says why."
        );
        // A probe answers without its details.
        let (status, body) = send(&app, get("/healthz").header("x-do", panics)).await;
        assert_eq!(status, 200);
        assert!(!body.contains("duration"), "{body}");
        assert_eq!(send(&app, get("/admin/config")).await.0, 200);
    }
    assert!(log.count("the guard panicked") > 0, "{}", log.text());
    assert_eq!(log.count("hunter2"), 0, "{}", log.text());

    // Another guard may still allow the request.
    let either = Guard::any([guard, Guard::bearer("s3cret-t0ken")]);
    let app: Router = Routes::new()
        .config("shop", &1)
        .guard(either)
        .build()
        .unwrap();
    let request = || get("/admin/config").header("x-do", "panic");
    let allowed = request().header(AUTHORIZATION, "Bearer s3cret-t0ken");
    assert_eq!(send(&app, allowed).await.0, 200);
    assert_eq!(send(&app, request()).await.0, 401);
}

#[tokio::test]
async fn a_hook_that_panics_costs_no_scrape() {
    for depth in [0, 3] {
        let prometheus = prometheus();
        prometheus.on_gather(move || panic_any(Bomb(depth)));
        let app: Router = Routes::new().metrics(prometheus).build().unwrap();
        for _ in 0..6 {
            assert_eq!(send(&app, get("/metrics")).await.0, 200);
            assert_eq!(send(&app, get("/metrics/json")).await.0, 200);
        }
    }
}

/// Panics as a check can: while it runs, when its future is dropped, and from memory.
struct Panics(&'static str);

struct OnDrop;

impl Drop for OnDrop {
    fn drop(&mut self) {
        panic_any(Bomb(3));
    }
}

impl Check for Panics {
    async fn check(&self) -> Outcome {
        match self.0 {
            "run" => panic_any(Bomb(3)),
            "drop" => {
                let _bomb = OnDrop;
                std::future::pending().await
            }
            _ => Outcome::healthy(),
        }
    }

    fn from_memory(&self) -> Option<Outcome> {
        match self.0 {
            "memory" => panic_any(Bomb(3)),
            _ => Some(Outcome::healthy()),
        }
    }
}

#[tokio::test]
async fn a_check_whose_panic_panics_is_unhealthy_and_later_ones_run() {
    let health = Health::builder()
        .check("run", Panics("run").cache_for(Duration::ZERO))
        .check(
            "drop",
            Panics("drop")
                .cache_for(Duration::ZERO)
                .timeout(Duration::from_millis(20)),
        )
        .check("memory", Panics("memory").on(Probe::Liveness))
        .check("well", || async { true })
        .build()
        .unwrap();
    let app: Router = Routes::new()
        .health(health)
        .details(Details::Always)
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(send(&app, get("/livez")).await.0, 503);
        let (status, body) = send(&app, get("/health/detailed")).await;
        assert_eq!(status, 503);
        let body: Value = serde_json::from_str(&body).unwrap();
        for result in body["results"].as_array().unwrap() {
            let status = match result["name"].as_str().unwrap() {
                "run" | "drop" => "unhealthy",
                _ => "healthy",
            };
            assert_eq!(result["status"], status, "{result}");
        }
    }
}
