//! `Routes` mounts what it names, next to the app's own routes and to other `Routes`.

use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;
use tower_vitals::routes::{Details, Guard};
use tower_vitals::{ErrorKind, Health, Prometheus, Routes};

use crate::support;

async fn get(app: &Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    answer(app, request).await
}

async fn answer(app: &Router, request: Request<Body>) -> (u16, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn prometheus() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

fn health() -> Health {
    Health::builder().build().unwrap()
}

const HEALTHY: &str = r#"{"status":"healthy"}"#;

const PATHS: [&str; 20] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/health",
    "/healthz",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/detailed",
    "/health/checker/x",
    "/health/status",
    "/metrics",
    "/metrics/prometheus",
    "/metrics/json",
    "/metrics/registries",
    "/metrics/history",
    "/admin/config",
    "/admin/reset-metrics",
    "/jobs",
    "/jobs/status",
];

#[tokio::test]
async fn routes_mount_nothing_that_they_do_not_name() {
    let mounted = async |routes: Routes| {
        let app = Router::new().merge(routes);
        let mut mounted = Vec::new();
        for path in PATHS {
            if get(&app, path).await.0 != 404 {
                mounted.push(path);
            }
        }
        mounted
    };
    assert_eq!(mounted(Routes::new()).await, [""; 0]);
    assert_eq!(mounted(Routes::new().liveness()).await, ["/livez"]);
    let metrics = [
        "/metrics",
        "/metrics/prometheus",
        "/metrics/json",
        "/metrics/registries",
        "/metrics/history",
        "/admin/reset-metrics",
    ];
    assert_eq!(mounted(Routes::new().metrics(prometheus())).await, metrics);
    let health = Routes::new().health(health()).details(Details::Always);
    // "/health/checker/x" is a 404 of its own, because there is no such check.
    assert_eq!(
        mounted(health).await,
        [
            "/livez",
            "/readyz",
            "/startupz",
            "/health",
            "/healthz",
            "/health/live",
            "/health/ready",
            "/health/startup",
            "/health/detailed",
            "/health/status",
        ]
    );
}

#[tokio::test]
async fn an_app_with_its_own_health_routes_takes_only_metrics() {
    let app: Router = Router::new()
        .route("/health", route_get(|| async { "mine" }))
        .route("/livez", route_get(|| async { "mine" }))
        .merge(Routes::new().metrics(prometheus()));
    assert_eq!(get(&app, "/health").await.1, "mine");
    assert_eq!(get(&app, "/livez").await.1, "mine");
    assert_eq!(get(&app, "/metrics").await.0, 200);
}

#[tokio::test]
async fn liveness_responds_without_checks_and_gives_way_to_health() {
    let app = Router::new().merge(Routes::new().liveness());
    assert_eq!(get(&app, "/livez").await, (200, HEALTHY.to_owned()));

    let health = health();
    health.fail_liveness("deadlock");
    let orders = [
        Routes::new().liveness().health(health.clone()),
        Routes::new().health(health).liveness(),
    ];
    for routes in orders {
        let app = Router::new().merge(routes.build().unwrap());
        assert_eq!(get(&app, "/livez").await.0, 503);
    }
}

/// README's quick start and its health snippet in one app.
#[tokio::test]
async fn metrics_and_health_are_merged_one_after_the_other() {
    let prometheus = prometheus();
    let app: Router = Router::new()
        .route("/users/{id}", route_get(|| async { "user" }))
        .merge(Routes::new().metrics(prometheus.clone()))
        .layer(support::layer(prometheus));
    let health = Health::builder()
        .check("stock", || async { true })
        .build()
        .unwrap();
    let routes = Routes::new().health(health).guard(Guard::bearer("s3cret"));
    let app = app.merge(routes);

    assert_eq!(get(&app, "/users/7").await.0, 200);
    let (status, metrics) = get(&app, "/metrics").await;
    assert_eq!(status, 200);
    let series = "http_requests_total{method=\"GET\",endpoint=\"/users/{id}\",status=\"200\"} 1\n";
    assert!(metrics.contains(series), "{metrics}");
    assert_eq!(get(&app, "/health").await, (200, HEALTHY.to_owned()));
    assert_eq!(get(&app, "/readyz").await, (200, HEALTHY.to_owned()));
    assert_eq!(get(&app, "/health/detailed").await.0, 401);
    let request = Request::get("/health/detailed").header(AUTHORIZATION, "Bearer s3cret");
    let request = request.body(Body::empty()).unwrap();
    assert_eq!(answer(&app, request).await.0, 200);
}

#[tokio::test]
async fn merged_routes_have_the_routes_guard_and_changes_of_both() {
    let metrics = Routes::new()
        .metrics(prometheus())
        .liveness()
        .protect("/metrics")
        .rename("/health", "/healthy")
        .config("shop", &json!({ "page_size": 50 }));
    let health = Routes::new()
        .health(health())
        .protect_metrics()
        .guard(Guard::bearer("s3cret"))
        .details(Details::Never)
        .config("mail", &json!({ "from": "shop" }));
    for routes in [
        metrics.clone().merge(health.clone()),
        health.clone().merge(metrics.clone()),
    ] {
        let app = Router::new().merge(routes.build().unwrap());
        for path in ["/metrics", "/metrics/json", "/admin/config"] {
            assert_eq!(get(&app, path).await.0, 401, "{path}");
        }
        assert_eq!(get(&app, "/healthy").await, (200, HEALTHY.to_owned()));
        assert_eq!(get(&app, "/health").await.0, 404);
        assert_eq!(get(&app, "/health/detailed").await.0, 403);
        let request = Request::get("/admin/config").header(AUTHORIZATION, "Bearer s3cret");
        let request = request.body(Body::empty()).unwrap();
        let config = r#"{"config":{"mail":{"from":"shop"},"shop":{"page_size":50}}}"#;
        assert_eq!(answer(&app, request).await, (200, config.to_owned()));
    }
    // The health's own liveness wins.
    let failed = failed_health;
    for routes in [
        Routes::new()
            .liveness()
            .merge(Routes::new().health(failed())),
        Routes::new()
            .health(failed())
            .merge(Routes::new().liveness()),
        Routes::new()
            .liveness()
            .merge(Routes::new().liveness())
            .health(failed()),
    ] {
        let app = Router::new().merge(routes.build().unwrap());
        assert_eq!(get(&app, "/livez").await.0, 503);
    }
}

fn failed_health() -> Health {
    let health = health();
    health.fail_liveness("deadlock");
    health
}

#[tokio::test]
async fn merging_the_same_routes_is_an_error_with_advice() {
    let routes = || {
        Routes::new()
            .metrics(prometheus())
            .guard(Guard::open())
            .details(Details::Never)
            .config("shop", &1)
    };
    let twice = routes().merge(routes().details(Details::Always));
    let error = twice.clone().build::<()>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(
        error.to_string(),
        "4 mistakes: both of the merged Routes have /metrics, /metrics/prometheus, /metrics/json, /metrics/registries, \
         /metrics/history, /admin/reset-metrics: add each route to one of them, or nest one of them under another path; \
         both of the merged Routes have a guard: set it on one of them, or combine both with Guard::any or Guard::all; \
         the merged Routes have different details, Never and Always: set them on one of them; both of the merged Routes \
         have a config \"shop\": each part of the service needs a name of its own"
    );
    // An app that merges them without `build` does not panic.
    let app = Router::new().merge(twice);
    assert_eq!(get(&app, "/metrics").await.0, 500);
    // The advice works.
    let app: Router = Router::new()
        .merge(routes())
        .nest("/second", routes().into());
    assert_eq!(get(&app, "/metrics").await.0, 200);
    assert_eq!(get(&app, "/second/metrics").await.0, 200);
}
