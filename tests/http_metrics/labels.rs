//! Label values are bounded for all input of clients.

use std::convert::Infallible;

use crate::support::{call, get, layer, measured, recorder};
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

#[tokio::test]
async fn invented_paths_methods_and_hosts_add_one_value_each() {
    let (recorder, reader) = recorder();
    let app: Router = Router::new()
        .route("/known", route_get(|| async {}))
        .layer(layer(recorder))
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
    let taken = reader.take();
    assert_eq!(taken.values(REQUESTS, "endpoint"), ["/known", "unmatched"]);
    assert_eq!(taken.values(REQUESTS, "method"), ["GET", "_OTHER"]);
    assert_eq!(taken.values(REQUESTS, "status"), ["404", "405"]);
    assert_eq!(taken.requests(), 101_000);
    // Two series each of counter, gauge and histogram.
    assert_eq!(taken.0.len(), 6);
}

#[tokio::test]
async fn routes_past_the_limit_share_other() {
    let (recorder, reader) = recorder();
    let app: Router = (0..2_000)
        .fold(Router::new(), |app, number| {
            app.route(&format!("/{number}"), route_get(|| async {}))
        })
        .layer(layer(recorder))
        .with_state(());
    for _ in 0..2 {
        for number in 0..2_000 {
            let request = Request::get(format!("/{number}")).body(Body::empty());
            drop(app.clone().oneshot(request.unwrap()).await.unwrap());
        }
    }
    let taken = reader.take();
    let endpoints = taken.values(REQUESTS, "endpoint");
    assert_eq!(endpoints.len(), 1_001);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "other")]), 2_000);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/999")]), 2);
    assert_eq!(taken.in_progress(), 0.0);
}

#[tokio::test]
async fn max_endpoints_is_configurable() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .endpoint(|parts| Some(parts.uri.path().to_owned()))
        .max_endpoints(3)
        .build()
        .unwrap();
    let service = measured(layer, empty);
    for path in ["/a", "/b", "/c", "/d", "/e", "/a"] {
        call(&service, get(path)).await;
    }
    let taken = reader.take();
    assert_eq!(
        taken.values(REQUESTS, "endpoint"),
        ["/a", "/b", "/c", "other"]
    );
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "other")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/a")]), 2);
}

#[tokio::test]
async fn the_matched_path_is_the_endpoint_of_merged_and_nested_routes() {
    let (recorder, reader) = recorder();
    let users = Router::new().route("/{id}", route_get(|| async {}));
    let app = Router::new()
        .nest("/users", users.clone())
        .merge(Router::new().route("/merged", route_get(|| async {})))
        .nest_service("/opaque", users)
        .layer(layer(recorder));
    for path in ["/users/1", "/users/2", "/merged", "/opaque/3", "/none"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let taken = reader.take();
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/users/{id}")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "/merged")]), 1);
    // A nested service matches in its own router, which the layer outside does not see.
    assert_eq!(taken.counter(REQUESTS, &[("endpoint", "unmatched")]), 2);
    assert_eq!(taken.requests(), 5);
}

#[tokio::test]
async fn a_layer_inside_a_nested_service_sees_the_whole_path() {
    let (recorder, reader) = recorder();
    let users = Router::new()
        .route("/{id}", route_get(|| async {}))
        .layer(layer(recorder));
    let app = Router::new().nest_service("/users", users);
    for number in 0..100 {
        let request = Request::get(format!("/users/{number}")).body(Body::empty());
        drop(app.clone().oneshot(request.unwrap()).await.unwrap());
    }
    let taken = reader.take();
    assert_eq!(taken.values(REQUESTS, "endpoint"), ["/users/{id}"]);
    assert_eq!(taken.requests(), 100);
}

#[tokio::test]
async fn the_endpoint_function_precedes_the_matched_path() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .endpoint(|parts| (parts.uri.query() == Some("v2")).then_some("second"))
        .build()
        .unwrap();
    let app = Router::new()
        .route("/a", route_get(|| async {}))
        .layer(layer);
    for path in ["/a", "/a?v2", "/b"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let endpoints = reader.take().values(REQUESTS, "endpoint");
    assert_eq!(endpoints, ["/a", "second", "unmatched"]);
}

#[tokio::test]
async fn the_endpoint_function_and_the_service_see_the_whole_request() {
    let (recorder, reader) = recorder();
    let builder = HttpMetricsLayer::builder().recorder(recorder);
    let layer = builder.endpoint(|parts| {
        assert_eq!(parts.method, "PATCH");
        assert_eq!(parts.uri, "/x?y");
        assert_eq!(parts.version, http::Version::HTTP_2);
        assert_eq!(parts.headers["a"], "b");
        assert_eq!(parts.extensions.get(), Some(&7_u8));
        Some("seen")
    });
    let service =
        layer
            .build()
            .unwrap()
            .layer(service_fn(|request: Request<&'static str>| async move {
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
    assert_eq!(reader.take().values(REQUESTS, "endpoint"), ["seen"]);
}

#[tokio::test]
async fn extra_labels_have_declared_values_or_other() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .label("tier", ["free", "paid"], |parts| {
            parts.headers.get("tier")?.to_str().ok()
        })
        .label("region", ["eu", "us"], |parts| {
            parts.headers.get("region")?.to_str().ok()
        })
        .build()
        .unwrap();
    let service = measured(layer, empty);
    let requests = [
        (Some("free"), Some("eu")),
        (Some("free"), Some("us")),
        (Some("paid"), None),
        (Some("gold"), Some("mars")),
        (Some("free"), Some("eu")),
    ];
    for (tier, region) in requests {
        let mut request = Request::get("/");
        if let Some(tier) = tier {
            request = request.header("tier", tier);
        }
        if let Some(region) = region {
            request = request.header("region", region);
        }
        call(&service, request.body(()).unwrap()).await;
    }
    let taken = reader.take();
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
fn all_wrong_extra_labels_are_refused_in_one_error() {
    let many: Vec<&'static str> = (0..64).map(|n| &*n.to_string().leak()).collect();
    let none: [&str; 0] = [];
    let error = HttpMetricsLayer::builder()
        .label("tier", ["free"], |_| None)
        .label("a-b", none, |_| None)
        .label("le", none, |_| None)
        .label("endpoint", none, |_| None)
        .label("tier", none, |_| None)
        .label("many", many, |_| None)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let message = error.to_string();
    for problem in [
        "\"a-b\" is refused by Prometheus: letters, digits and underscores are allowed",
        "\"le\" is refused",
        "label name \"endpoint\" is a label of the layer itself: choose another",
        "\"tier\" is used twice",
        "\"a-b\" has no values",
        "130 combinations",
        "at most 128",
    ] {
        assert!(message.contains(problem), "{problem}: {message}");
    }
}

#[test]
fn extra_labels_have_at_most_128_combinations() {
    let build = |count: usize| {
        let values = (0..count).map(|value| value.to_string());
        HttpMetricsLayer::builder()
            .label("tier", ["free"], |_| None)
            .label("many", values, |_| None)
            .build()
    };
    assert!(build(63).is_ok());
    assert!(build(64).is_err());
}
