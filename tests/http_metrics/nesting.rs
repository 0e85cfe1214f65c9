//! Layers around each other count a request once.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use crate::support::{Reader, Taken, call, get, layer, measured, recorder};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::routing::get as route_get;
use bytes::Bytes;
use futures_util::FutureExt;
use http::Response;
use http_body_util::Empty;
use tower::{Layer, ServiceExt, service_fn};
use tower_vitals::http_metrics::Naming;
use tower_vitals::{HttpMetricsLayer, Prometheus};

const REQUESTS: &str = "http_requests_total";

fn request(path: &str) -> Request {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn send(app: &Router, path: &str) {
    drop(app.clone().oneshot(request(path)).await.unwrap());
}

fn users() -> Router {
    Router::new()
        .route("/{id}", route_get(|| async {}))
        .route("/hang", route_get(pending::<&str>))
}

/// A layer and the reader of its recorder.
fn measuring() -> (HttpMetricsLayer, Reader) {
    let (recorder, reader) = recorder();
    (layer(recorder), reader)
}

#[track_caller]
fn assert_counts(taken: &Taken, counts: &[(&str, u64)]) {
    let count = |endpoint| taken.counter(REQUESTS, &[("endpoint", endpoint)]);
    for (endpoint, expected) in counts {
        assert_eq!(count(endpoint), *expected, "{endpoint}: {taken:?}");
    }
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(taken.requests(), all, "{taken:?}");
    assert_eq!(taken.durations().len() as u64, all);
    assert_eq!(taken.in_progress(), 0.0);
}

#[tokio::test]
async fn a_library_and_the_app_around_it_count_a_request_once_under_the_librarys_route() {
    let (layer, reader) = measuring();
    let library = users().layer(layer.clone());
    let app = Router::new()
        .nest_service("/users", library)
        .route("/own", route_get(|| async {}))
        .layer(layer);
    for _ in 0..3 {
        send(&app, "/users/1").await;
        send(&app, "/own").await;
        send(&app, "/none").await;
    }
    let taken = reader.take();
    assert_counts(&taken, &[("/users/{id}", 3), ("/own", 3), ("unmatched", 3)]);

    let mut hanging = Box::pin(app.clone().oneshot(request("/users/hang")));
    assert!((&mut hanging).now_or_never().is_none());
    let gauge = |endpoint| {
        let labels = [("endpoint", endpoint)];
        reader.take().gauge("http_requests_in_progress", &labels)
    };
    assert_eq!((gauge("/users/hang"), gauge("unmatched")), (1.0, 0.0));
    drop(hanging);
    let taken = reader.take();
    let labels = [("endpoint", "/users/hang"), ("status", "499")];
    assert_eq!(taken.counter(REQUESTS, &labels), 1);
    assert_eq!((taken.requests(), taken.in_progress()), (10, 0.0));
}

#[tokio::test]
async fn a_layer_on_routes_and_one_on_the_router_count_a_request_once() {
    let (layer, reader) = measuring();
    let nested = Router::new()
        .route("/b", route_get(|| async {}))
        .route_layer(layer.clone());
    let app = Router::new()
        .route("/a", route_get(|| async {}))
        .route_layer(layer.clone())
        .nest("/nested", nested)
        .layer(layer.clone())
        .layer(layer.clone());
    let around = layer.layer(app);
    for path in ["/a", "/nested/b", "/none", "/a", "/nested/b"] {
        drop(around.clone().oneshot(request(path)).await.unwrap());
    }
    assert_counts(
        &reader.take(),
        &[("/a", 2), ("/nested/b", 2), ("unmatched", 1)],
    );
}

#[tokio::test]
async fn layers_directly_around_each_other_count_a_request_once_however_it_ends() {
    let (layer, reader) = measuring();
    let twice = || (layer.clone(), layer.clone());
    let empty = |_: http::Request<()>| async { Ok(Response::new(Empty::<Bytes>::new())) };
    let ok = twice().layer(service_fn(empty));
    let fails = twice().layer(service_fn(|_: http::Request<()>| async {
        Err::<Response<Empty<Bytes>>, _>("broken")
    }));
    let panics = twice().layer(service_fn(|_: http::Request<()>| async {
        panic!("boom") as Result<Response<Empty<Bytes>>, Infallible>
    }));
    let hangs = twice().layer(service_fn(|_: http::Request<()>| {
        pending::<Result<Response<Empty<Bytes>>, Infallible>>()
    }));
    for _ in 0..3 {
        let _: Result<_, Infallible> = ok.clone().oneshot(get("/")).await;
        fails.clone().oneshot(get("/")).await.unwrap_err();
        let panicking = std::panic::AssertUnwindSafe(panics.clone().oneshot(get("/")));
        assert!(panicking.catch_unwind().await.is_err());
        assert!(hangs.clone().oneshot(get("/")).now_or_never().is_none());
    }
    let taken = reader.take();
    assert_counts(&taken, &[("unmatched", 12)]);
    let statuses = ["200", "499", "500"].map(|status| taken.with_status(status));
    assert_eq!(statuses, [3, 3, 6]);
    let reasons = ["service_error", "panic", "cancelled"].map(|reason| taken.aborted(reason));
    assert_eq!(reasons, [3, 3, 3]);
}

#[tokio::test]
async fn a_request_is_counted_once_even_if_earlier_ones_did_not_reach_the_inner_layer() {
    let (layer, reader) = measuring();
    let guarded = from_fn(async |request: Request, next: Next| {
        if request.uri().query() == Some("let-me-in") {
            next.run(request).await
        } else {
            axum::response::IntoResponse::into_response(StatusCode::UNAUTHORIZED)
        }
    });
    let app = Router::new()
        .nest_service("/users", users().layer(layer.clone()))
        .layer(guarded)
        .layer(layer);
    for _ in 0..5 {
        send(&app, "/users/1").await;
    }
    for _ in 0..5 {
        send(&app, "/users/1?let-me-in").await;
    }
    let taken = reader.take();
    assert_counts(&taken, &[("unmatched", 5), ("/users/{id}", 5)]);
    assert_eq!((taken.with_status("401"), taken.with_status("200")), (5, 5));
    assert_eq!(taken.all_aborted(), 0);
}

/// No earlier request finds the inner layer, so the first one that reaches it counts twice.
#[tokio::test]
async fn only_the_first_request_counts_twice_if_a_thousand_did_not_reach_the_inner_layer() {
    let (layer, reader) = measuring();
    let guarded = from_fn(async |request: Request, next: Next| {
        if request.uri().query().is_some() {
            next.run(request).await
        } else {
            axum::response::IntoResponse::into_response(StatusCode::UNAUTHORIZED)
        }
    });
    let app = Router::new()
        .nest_service("/users", users().layer(layer.clone()))
        .layer(guarded)
        .layer(layer);
    for _ in 0..1_500 {
        send(&app, "/users/1").await;
    }
    for _ in 0..5 {
        send(&app, "/users/1?let-me-in").await;
    }
    assert_counts(&reader.take(), &[("unmatched", 1_501), ("/users/{id}", 5)]);
}

#[tokio::test]
async fn a_request_that_a_handler_sends_in_the_process_is_a_request_of_its_own() {
    let (layer, reader) = measuring();
    let inner = users().layer(layer.clone());
    let batch = move || async move {
        for path in ["/1", "/2"] {
            send(&inner, path).await;
        }
    };
    let app = Router::new().route("/batch", route_get(batch)).layer(layer);
    for _ in 0..3 {
        send(&app, "/batch").await;
    }
    assert_counts(&reader.take(), &[("/batch", 3), ("/{id}", 6)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inner_layer_on_another_task_counts_nothing() {
    let (layer, reader) = measuring();
    let library = users().layer(layer.clone());
    let app = Router::new()
        .fallback(move |request: Request| {
            let library = library.clone();
            tokio::spawn(async move { library.oneshot(request).await.unwrap() }).map(Result::unwrap)
        })
        .layer(layer);
    for _ in 0..10 {
        send(&app, "/1").await;
    }
    assert_counts(&reader.take(), &[("/{id}", 10)]);
}

#[tokio::test]
async fn layers_with_clones_of_one_recorder_count_a_request_once() {
    let prometheus = Prometheus::builder().build().unwrap();
    let app = Router::new()
        .nest_service("/users", users().layer(layer(prometheus.clone())))
        .layer(layer(prometheus.clone()));
    for _ in 0..4 {
        send(&app, "/users/1").await;
    }
    let sum = |labels: &[(&str, &str)]| prometheus.snapshot().sum(REQUESTS, labels);
    assert_eq!(sum(&[]), Some(4.0));
    assert_eq!(sum(&[("endpoint", "/users/{id}")]), Some(4.0));
}

#[test]
fn layers_on_the_facades_recorder_count_a_request_once() {
    let prometheus = Prometheus::builder().build().unwrap();
    let app = Router::new()
        .nest_service("/users", users().layer(HttpMetricsLayer::new()))
        .layer(HttpMetricsLayer::new());
    metrics::with_local_recorder(&prometheus, || {
        for _ in 0..4 {
            send(&app, "/users/1").now_or_never().unwrap();
        }
    });
    let sum = prometheus.snapshot().sum(REQUESTS, &[]);
    assert_eq!(sum, Some(4.0));
}

#[tokio::test]
async fn layers_with_other_recorders_or_names_count_on() {
    let (outer, outer_reader) = measuring();
    let (recorder, reader) = recorder();
    let recorder = Arc::new(recorder);
    let named = |prefix: &str| {
        let naming = Naming::prometheus()
            .requests(format!("{prefix}_requests_total"))
            .duration(format!("{prefix}_seconds"))
            .in_progress(format!("{prefix}_in_progress"));
        HttpMetricsLayer::builder()
            .recorder(Arc::clone(&recorder))
            .naming(naming)
            .build()
            .unwrap()
    };
    let (a, b) = (named("a"), named("b"));
    let service = measured(outer.clone(), |_| Response::new(Empty::<Bytes>::new()));
    let service = outer.layer(a.layer(b.layer(a.layer(service))));
    for _ in 0..3 {
        call(&service, get("/")).await;
    }
    outer_reader.take().requests();
    assert_counts(&outer_reader.take(), &[("unmatched", 3)]);
    let taken = reader.take();
    for name in ["a_requests_total", "b_requests_total"] {
        assert_eq!(taken.counter(name, &[]), 3, "{name}");
    }
}

#[tokio::test]
async fn the_outer_layers_endpoint_function_precedes_the_inner_route() {
    let (recorder, reader) = recorder();
    let recorder = Arc::new(recorder);
    let outer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .endpoint(|parts| (parts.uri.query() == Some("named")).then_some("by the app"))
        .build()
        .unwrap();
    let app = Router::new()
        .nest_service("/users", users().layer(outer.clone()))
        .layer(outer);
    for path in ["/users/1", "/users/1?named", "/users/1"] {
        send(&app, path).await;
    }
    assert_counts(&reader.take(), &[("/users/{id}", 2), ("by the app", 1)]);
}

#[tokio::test]
async fn a_request_that_the_outer_layer_skips_is_the_inner_layers() {
    let (recorder, reader) = recorder();
    let recorder = Arc::new(recorder);
    let outer = HttpMetricsLayer::builder()
        .recorder(Arc::clone(&recorder))
        .skip(|_| true)
        .build()
        .unwrap();
    let service = outer.layer(measured(layer(recorder), |_| {
        Response::new(Empty::<Bytes>::new())
    }));
    for _ in 0..2 {
        call(&service, get("/")).await;
    }
    assert_counts(&reader.take(), &[("unmatched", 2)]);
}
