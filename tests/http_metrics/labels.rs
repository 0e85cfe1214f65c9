//! Label values are bounded for all input of clients.

use std::convert::Infallible;

use crate::support::{call, get, layer, measured, recorder};
use axum::Router;
use axum::body::Body;
use axum::routing::get as route_get;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::Empty;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::http_metrics::DurationStatus;
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
    assert_eq!(taken.values(REQUESTS, "status"), ["404", "405", "500"]);
    assert_eq!(taken.requests(), 101_000);
    // Two series each of counter, counter of a 500, gauge and histogram.
    assert_eq!(taken.0.len(), 8);
}

#[tokio::test]
async fn the_counter_of_a_500_begins_at_zero_with_the_first_request_of_an_endpoint() {
    let (recorder, reader) = recorder();
    let app: Router = Router::new()
        .route("/a", route_get(|| async {}))
        .route("/b", route_get(|| async {}))
        .layer(layer(recorder))
        .with_state(());
    for path in ["/a", "/a", "/b"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        drop(app.clone().oneshot(request).await.unwrap());
    }
    let taken = reader.take();
    for endpoint in ["/a", "/b"] {
        let labels = [("endpoint", endpoint), ("status", "500")];
        let zero: Vec<_> = taken.having(REQUESTS, &labels).collect();
        assert_eq!(zero.len(), 1, "{endpoint}: {taken:?}");
    }
    assert_eq!(taken.counter(REQUESTS, &[("status", "500")]), 0);
    assert_eq!((taken.requests(), taken.durations().len()), (3, 3));
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

#[tokio::test]
async fn learned_values_are_kept_up_to_the_cap_and_then_counted_as_other() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .label_at_most("tenant", 500, |parts| {
            parts.headers.get("tenant")?.to_str().ok()
        })
        .build()
        .unwrap();
    let app = Router::new()
        .route("/a", route_get(|| async {}))
        .layer(layer);
    for _ in 0..2 {
        for tenant in 0..2_000 {
            for path in ["/a", "/none"] {
                let request = Request::get(path).header("tenant", format!("t{tenant}"));
                let request = request.body(Body::empty()).unwrap();
                drop(app.clone().oneshot(request).await.unwrap());
            }
        }
    }
    let request = Request::get("/a").body(Body::empty()).unwrap();
    drop(app.clone().oneshot(request).await.unwrap());
    let taken = reader.take();
    assert_eq!(taken.values(REQUESTS, "tenant").len(), 501);
    assert_eq!(taken.counter(REQUESTS, &[("tenant", "t499")]), 4);
    assert_eq!(taken.counter(REQUESTS, &[("tenant", "t500")]), 0);
    let others = |endpoint| taken.counter(REQUESTS, &[("tenant", "other"), ("endpoint", endpoint)]);
    assert_eq!((others("/a"), others("unmatched")), (3_001, 3_000));
    assert_eq!((taken.requests(), taken.in_progress()), (8_001, 0.0));
    assert_eq!(taken.durations().len(), 8_001);
}

#[tokio::test]
async fn series_of_learned_labels_are_bounded() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let builder = || HttpMetricsLayer::builder();
    let error = builder().label_at_most("a", 10_000, |_| None).build();
    let message = error.unwrap_err().to_string();
    assert!(message.contains("at most 10000 are allowed"), "{message}");
    let layer = builder()
        .recorder(recorder)
        .label_at_most("a", 60, |parts| parts.headers.get("a")?.to_str().ok())
        .label_at_most("b", 160, |parts| parts.headers.get("b")?.to_str().ok())
        .zero_statuses([])
        .build()
        .unwrap();
    let service = measured(layer, empty);
    for method in ["GET", "POST"] {
        for number in 0..9_600_u32 {
            let request = Request::builder().method(method).uri("/");
            let request = request.header("a", (number / 160).to_string());
            let request = request.header("b", (number % 160).to_string());
            call(&service, request.body(()).unwrap()).await;
        }
    }
    let mut counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) if key.key().name() == REQUESTS => Some(count),
            _ => None,
        })
        .collect();
    counts.sort_unstable();
    // Each of the first 10,000 series has one request, and the others share one more.
    assert_eq!(counts.len(), 10_001);
    assert_eq!(counts[..10_000], vec![1; 10_000]);
    assert_eq!(counts[10_000], 2 * 9_600 - 10_000);
}

#[tokio::test]
async fn labels_of_the_response_are_on_counter_and_duration() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_label("cache", ["hit", "miss"], |response| {
            response.headers.get("x-cache")?.to_str().ok()
        })
        .response_body_size()
        .build()
        .unwrap();
    let service = measured(layer, |request| {
        let cache = request.uri().path().trim_start_matches('/').to_owned();
        let response = Response::builder().header("x-cache", cache);
        response.body(Empty::<Bytes>::new()).unwrap()
    });
    for path in ["/hit", "/hit", "/miss", "/stale"] {
        call(&service, get(path)).await;
    }
    let taken = reader.take();
    let counts = ["hit", "miss", "other"].map(|cache| {
        let labels = [("cache", cache), ("status", "200")];
        let durations = taken.samples("http_request_duration_seconds", &labels[..1]);
        (taken.counter(REQUESTS, &labels), durations.len())
    });
    assert_eq!(counts, [(2, 2), (1, 1), (1, 1)]);
    assert_eq!((taken.requests(), taken.in_progress()), (4, 0.0));
    for family in ["http_requests_in_progress", "http_response_body_size_bytes"] {
        assert_eq!(taken.values(family, "cache"), [""; 0], "{family}");
    }
}

#[tokio::test]
async fn the_duration_has_the_status_or_its_class_by_choice() {
    for (detail, expected) in [
        (DurationStatus::Absent, vec![]),
        (DurationStatus::Class, vec!["2xx", "4xx"]),
        (DurationStatus::Code, vec!["200", "201", "404"]),
    ] {
        let (recorder, reader) = recorder();
        let layer = HttpMetricsLayer::builder()
            .recorder(recorder)
            .duration_status(detail)
            .build()
            .unwrap();
        let service = measured(layer, |request| {
            let status = &request.uri().path()[1..];
            Response::builder()
                .status(status)
                .body(Empty::<Bytes>::new())
                .unwrap()
        });
        for path in ["/200", "/201", "/404"] {
            call(&service, get(path)).await;
        }
        let taken = reader.take();
        assert_eq!(
            taken.values("http_request_duration_seconds", "status"),
            expected
        );
        assert_eq!(taken.durations().len(), 3);
        assert_eq!(
            taken.values(REQUESTS, "status"),
            ["200", "201", "404", "500"]
        );
    }
}

#[tokio::test]
async fn zero_statuses_are_configurable() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .zero_statuses([500, 503])
        .build()
        .unwrap();
    call(&measured(layer, empty), get("/")).await;
    let taken = reader.take();
    assert_eq!(taken.values(REQUESTS, "status"), ["200", "500", "503"]);
    assert_eq!(taken.requests(), 1);
    let client = tower_vitals::ClientMetricsLayer::builder("stock")
        .zero_statuses([42])
        .build();
    let error = client.unwrap_err().to_string();
    assert!(
        error.contains("zero status 42 is no status code"),
        "{error}"
    );

    let error = HttpMetricsLayer::builder().zero_statuses([7]).build();
    assert_eq!(
        error.unwrap_err().to_string(),
        "zero status 7 is no status code: it must be between 100 and 999"
    );
}

#[tokio::test]
async fn a_panic_in_a_function_of_the_response_is_recorded() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .response_label("cache", ["hit"], |response| {
            response.headers["x-cache"].to_str().ok()
        })
        .build()
        .unwrap();
    let service = measured(layer, empty);
    let caught = std::panic::AssertUnwindSafe(call(&service, get("/"))).catch_unwind();
    assert!(caught.await.is_err());
    reader.take().assert_one("500", Some("panic"));
}
