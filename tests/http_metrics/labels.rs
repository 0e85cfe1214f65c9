//! Label values are bounded by construction, whatever clients send.

use std::convert::Infallible;

use crate::support::{call, get, measured, recorder};
use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::{ErrorKind, HttpMetricsLayer};

const REQUESTS: &str = "http_requests_total";

fn empty(_: Request<()>) -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

/// Issue A, "Must show" 3.
#[tokio::test]
async fn invented_paths_methods_and_hosts_add_one_value_each() {
    let (to, seen) = recorder();
    let app: Router = Router::new()
        .route("/known", route_get(|| async {}))
        .layer(HttpMetricsLayer::new().recorder(to))
        .with_state(());
    let send = |request: http::request::Builder| {
        let app = app.clone();
        async move {
            drop(
                app.oneshot(request.body(Body::empty()).unwrap())
                    .await
                    .unwrap(),
            );
        }
    };
    for number in 0..100_000 {
        send(Request::get(format!("/{number}?{number}"))).await;
    }
    for number in 0..1_000 {
        let request = Request::builder()
            .method(format!("M{number}").as_str())
            .uri("/known")
            .header("host", format!("host-{number}"))
            .header("x-forwarded-host", format!("proxy-{number}"));
        send(request).await;
    }
    let taken = seen.take();
    assert_eq!(taken.values(REQUESTS, "endpoint"), ["/known", "unmatched"]);
    assert_eq!(taken.values(REQUESTS, "method"), ["GET", "_OTHER"]);
    assert_eq!(taken.values(REQUESTS, "status"), ["404", "405"]);
    assert_eq!(taken.requests(), 101_000);
    // Two series each of counter, gauge and histogram.
    assert_eq!(taken.0.len(), 6);
}

#[tokio::test]
async fn routes_past_the_limit_share_other() {
    let (to, seen) = recorder();
    let app: Router = (0..2_000)
        .fold(Router::new(), |app, number| {
            app.route(&format!("/{number}"), route_get(|| async {}))
        })
        .layer(HttpMetricsLayer::new().recorder(to))
        .with_state(());
    for _ in 0..2 {
        for number in 0..2_000 {
            let request = Request::get(format!("/{number}")).body(Body::empty());
            drop(app.clone().oneshot(request.unwrap()).await.unwrap());
        }
    }
    let taken = seen.take();
    let endpoints = taken.values(REQUESTS, "endpoint");
    assert_eq!(endpoints.len(), 1_001);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "other")]), 2_000);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/999")]), 2);
    assert_eq!(taken.in_progress(), 0.0);
}

#[tokio::test]
async fn max_endpoints_is_a_setting() {
    let (to, seen) = recorder();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .endpoint(|parts| Some(parts.uri.path().to_owned()))
        .max_endpoints(3);
    let service = measured(layer, empty);
    for path in ["/a", "/b", "/c", "/d", "/e", "/a"] {
        call(&service, get(path)).await;
    }
    let taken = seen.take();
    assert_eq!(
        taken.values(REQUESTS, "endpoint"),
        ["/a", "/b", "/c", "other"]
    );
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "other")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/a")]), 2);
}

#[tokio::test]
async fn the_matched_path_is_the_endpoint_merged_and_nested() {
    let (to, seen) = recorder();
    let users = Router::new().route("/{id}", route_get(|| async {}));
    let app = Router::new()
        .nest("/users", users.clone())
        .merge(Router::new().route("/merged", route_get(|| async {})))
        .nest_service("/opaque", users)
        .layer(HttpMetricsLayer::new().recorder(to));
    for path in ["/users/1", "/users/2", "/merged", "/opaque/3", "/none"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let taken = seen.take();
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/users/{id}")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/merged")]), 1);
    // A service nested whole matches within itself, where the layer outside cannot see it.
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "unmatched")]), 2);
    assert_eq!(taken.requests(), 5);
}

#[tokio::test]
async fn inside_a_nested_service_the_path_is_the_whole() {
    let (to, seen) = recorder();
    let users = Router::new()
        .route("/{id}", route_get(|| async {}))
        .layer(HttpMetricsLayer::new().recorder(to));
    let app = Router::new().nest_service("/users", users);
    for number in 0..100 {
        let request = Request::get(format!("/users/{number}")).body(Body::empty());
        drop(app.clone().oneshot(request.unwrap()).await.unwrap());
    }
    let taken = seen.take();
    assert_eq!(taken.values(REQUESTS, "endpoint"), ["/users/{id}"]);
    assert_eq!(taken.requests(), 100);
}

#[tokio::test]
async fn the_endpoint_function_goes_before_the_matched_path() {
    let (to, seen) = recorder();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .endpoint(|parts| (parts.uri.query() == Some("v2")).then_some("second"));
    let app = Router::new()
        .route("/a", route_get(|| async {}))
        .layer(layer);
    for path in ["/a", "/a?v2", "/b"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let endpoints = seen.take().values(REQUESTS, "endpoint");
    assert_eq!(endpoints, ["/a", "second", "unmatched"]);
}

#[tokio::test]
async fn the_users_functions_see_the_whole_request_and_so_does_the_service() {
    let (to, seen) = recorder();
    let layer = HttpMetricsLayer::new().recorder(to).endpoint(|parts| {
        assert_eq!(parts.method, "PATCH");
        assert_eq!(parts.uri, "/x?y");
        assert_eq!(parts.version, http::Version::HTTP_2);
        assert_eq!(parts.headers["a"], "b");
        assert_eq!(parts.extensions.get(), Some(&7_u8));
        Some("seen")
    });
    let service = layer.layer(service_fn(|request: Request<&'static str>| async move {
        let (parts, body) = request.into_parts();
        assert_eq!(
            (parts.method, parts.uri.path()),
            (http::Method::PATCH, "/x")
        );
        assert_eq!(parts.version, http::Version::HTTP_2);
        assert_eq!(parts.headers["a"], "b");
        assert_eq!(parts.extensions.get(), Some(&7_u8));
        assert_eq!(body, "body");
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    let request = Request::patch("/x?y")
        .version(http::Version::HTTP_2)
        .header("a", "b")
        .extension(7_u8)
        .body("body");
    service.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(seen.take().values(REQUESTS, "endpoint"), ["seen"]);
}

#[tokio::test]
async fn extra_labels_read_what_was_declared_or_other() {
    let (to, seen) = recorder();
    let layer = HttpMetricsLayer::new()
        .recorder(to)
        .label("tier", ["free", "paid"], |parts| {
            parts.headers.get("tier")?.to_str().ok()
        })
        .unwrap()
        .label("region", ["eu", "us"], |parts| {
            parts.headers.get("region")?.to_str().ok()
        })
        .unwrap();
    let service = measured(layer, empty);
    let sent = [
        (Some("free"), Some("eu")),
        (Some("free"), Some("us")),
        (Some("paid"), None),
        (Some("gold"), Some("mars")),
        (Some("free"), Some("eu")),
    ];
    for (tier, region) in sent {
        let mut request = Request::get("/");
        if let Some(tier) = tier {
            request = request.header("tier", tier);
        }
        if let Some(region) = region {
            request = request.header("region", region);
        }
        call(&service, request.body(()).unwrap()).await;
    }
    let taken = seen.take();
    let count = |tier, region| taken.counter(REQUESTS, &[("tier", tier), ("region", region)]);
    assert_eq!(count("free", "eu"), 2);
    assert_eq!(count("free", "us"), 1);
    assert_eq!(count("paid", "other"), 1);
    assert_eq!(count("other", "other"), 1);
    assert_eq!(taken.requests(), 5);
    let durations = taken.samples("http_request_duration_seconds", &[("tier", "free")]);
    assert_eq!(durations.len(), 3);
}

#[test]
fn wrong_extra_labels_are_refused_with_what_is_allowed() {
    let refused = |name: &'static str, values: &[&'static str]| {
        let values = values.to_vec();
        let error = HttpMetricsLayer::new()
            .label("tier", ["free"], |_| None)
            .unwrap()
            .label(name, values, |_| None)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        error.to_string()
    };
    assert!(refused("a-b", &["x"]).contains("letters, digits and underscores are allowed"));
    assert!(refused("le", &["x"]).contains("\"le\""));
    assert!(refused("endpoint", &["x"]).contains("\"endpoint\" is given twice"));
    assert!(refused("tier", &["x"]).contains("\"tier\" is given twice"));
    assert!(refused("empty", &[]).contains("\"empty\" has no values"));
    let many: Vec<&'static str> = (0..64).map(|n| &*n.to_string().leak()).collect();
    let message = refused("many", &many);
    assert!(
        message.contains("130 combinations") && message.contains("at most 128"),
        "{message}"
    );
}
