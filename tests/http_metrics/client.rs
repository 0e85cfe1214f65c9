//! The outbound layer: one record per call, and what there is to say when no response came.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use crate::support::{BoxError, Script, Step, get, recorder};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_vitals::ClientMetricsLayer;
use tower_vitals::http_metrics::SkipMetrics;

const REQUESTS: &str = "external_api_requests_total";

#[tokio::test]
async fn a_call_is_counted_at_the_end_of_its_response() {
    let (to, seen) = recorder();
    let layer = ClientMetricsLayer::service("stripe")
        .recorder(to)
        .endpoint(|parts| {
            parts
                .uri
                .path()
                .starts_with("/v1/charges")
                .then_some("/v1/charges")
        });
    let client = layer.layer(service_fn(|_: Request<()>| async {
        let body = Script::new([Step::Data(b"ab")]);
        Ok::<_, Infallible>(Response::builder().status(402).body(body).unwrap())
    }));
    let response = client.clone().oneshot(get("/v1/charges/7")).await.unwrap();
    assert_eq!(seen.take().counter(REQUESTS, &[]), 0);
    response.into_body().collect().await.unwrap();
    client.oneshot(get("/elsewhere")).await.unwrap();

    let taken = seen.take();
    let to = |endpoint| {
        [
            ("service", "stripe"),
            ("endpoint", endpoint),
            ("status", "402"),
        ]
    };
    assert_eq!(taken.counter(REQUESTS, &to("/v1/charges")), 1);
    assert_eq!(taken.counter(REQUESTS, &to("unmatched")), 1);
    let duration = taken
        .family("external_api_duration_seconds")
        .next()
        .unwrap();
    assert_eq!(
        duration.labels,
        [("service".to_owned(), "stripe".to_owned())]
    );
    assert_eq!(taken.samples("external_api_duration_seconds", &[]).len(), 2);
    // No gauge, no reasons.
    assert_eq!(taken.0.len(), 3);
}

async fn status_of(error: impl Into<BoxError> + Send + 'static) -> Vec<String> {
    let (to, seen) = recorder();
    let mut error = Some(error.into());
    let client = ClientMetricsLayer::service("api")
        .recorder(to)
        .layer(service_fn(move |_: Request<()>| {
            let error = error.take().unwrap();
            async { Err::<Response<Empty<Bytes>>, BoxError>(error) }
        }));
    client.oneshot(get("/")).await.unwrap_err();
    let taken = seen.take();
    assert_eq!(taken.counter(REQUESTS, &[]), 1);
    assert_eq!(taken.samples("external_api_duration_seconds", &[]).len(), 1);
    taken.values(REQUESTS, "status")
}

#[tokio::test(start_paused = true)]
async fn no_response_is_an_error_or_a_timeout() {
    assert_eq!(status_of("connection refused").await, ["error"]);
    assert_eq!(
        status_of(io::Error::from(io::ErrorKind::ConnectionReset)).await,
        ["error"]
    );
    assert_eq!(
        status_of(io::Error::from(io::ErrorKind::TimedOut)).await,
        ["timeout"]
    );
    let gave_up = || io::Error::new(io::ErrorKind::TimedOut, "gave up");
    let wrapped = io::Error::other(gave_up());
    assert_eq!(status_of(wrapped).await, ["timeout"]);
    let twice = io::Error::other(io::Error::other(gave_up()));
    assert_eq!(status_of(twice).await, ["timeout"]);
    let never = tokio::time::timeout(Duration::from_secs(1), pending::<()>()).await;
    assert_eq!(status_of(never.unwrap_err()).await, ["timeout"]);
}

/// A gateway may call a router of its own, whose responses say what that router's layer is to leave out.
#[tokio::test]
async fn what_a_response_says_of_its_own_service_is_not_of_the_call() {
    let (to, seen) = recorder();
    let client = ClientMetricsLayer::service("api")
        .recorder(to)
        .layer(service_fn(async |_: Request<()>| {
            let mut response = Response::new(Empty::<Bytes>::new());
            response.extensions_mut().insert(SkipMetrics);
            Ok::<_, Infallible>(response)
        }));
    let response = client.oneshot(get("/")).await.unwrap();
    drop(response);
    assert_eq!(seen.take().counter(REQUESTS, &[("status", "200")]), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_layer_inside_or_outside_is_a_timeout() {
    let hangs =
        || service_fn(|_: Request<()>| pending::<Result<Response<Empty<Bytes>>, Infallible>>());
    let (to, seen) = recorder();
    let layer = ClientMetricsLayer::service("slow").recorder(to);
    let second = Duration::from_secs(1);
    let inside = ServiceBuilder::new()
        .layer(layer.clone())
        .timeout(second)
        .service(hangs());
    assert!(inside.oneshot(get("/")).await.is_err());
    let outside = ServiceBuilder::new()
        .timeout(second)
        .layer(layer)
        .service(hangs());
    assert!(outside.oneshot(get("/")).await.is_err());
    let taken = seen.take();
    assert_eq!(taken.counter(REQUESTS, &[("status", "timeout")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[]), 2);
}

#[test]
fn a_panic_is_an_error_and_goes_on() {
    let (to, seen) = recorder();
    let client = ClientMetricsLayer::service("api")
        .recorder(to)
        .layer(service_fn(|_: Request<()>| async {
            panic!("boom") as Result<Response<Empty<Bytes>>, Infallible>
        }));
    let call = std::panic::AssertUnwindSafe(client.oneshot(get("/"))).catch_unwind();
    assert!(call.now_or_never().unwrap().is_err());
    assert_eq!(seen.take().counter(REQUESTS, &[("status", "error")]), 1);
}

/// With a real client and a real server that answers, hangs up, and is not there.
#[tokio::test]
async fn a_hyper_client_is_measured() {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let answers: [&[u8]; 2] = [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
            b"",
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
        }
    });

    let (to, seen) = recorder();
    let client = ServiceBuilder::new()
        .layer(ClientMetricsLayer::service("local").recorder(to))
        .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
    let request = || {
        Request::get(format!("http://{address}/"))
            .body(Empty::new())
            .unwrap()
    };
    let response = client.clone().oneshot(request()).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "ok"
    );
    assert!(client.clone().oneshot(request()).await.is_err());
    assert!(client.oneshot(request()).await.is_err());

    let taken = seen.take();
    assert_eq!(
        taken.counter(REQUESTS, &[("service", "local"), ("status", "200")]),
        1
    );
    assert_eq!(
        taken.counter(REQUESTS, &[("service", "local"), ("status", "error")]),
        2
    );
}

#[tokio::test]
async fn the_route_that_was_matched_is_not_where_a_proxy_sends_a_request() {
    let (to, seen) = recorder();
    let upstream = ClientMetricsLayer::service("upstream")
        .recorder(to)
        .layer(service_fn(|_: Request<axum::body::Body>| async {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
    let proxy = move |request: Request<axum::body::Body>| {
        let upstream = upstream.clone();
        async move { drop(upstream.oneshot(request).await.unwrap()) }
    };
    let app: axum::Router = axum::Router::new().route("/proxy/{*rest}", axum::routing::any(proxy));
    let request = Request::get("/proxy/x")
        .body(axum::body::Body::empty())
        .unwrap();
    drop(app.oneshot(request).await.unwrap());
    assert_eq!(seen.take().values(REQUESTS, "endpoint"), ["unmatched"]);
}
