//! `ClientMetricsLayer`: one record per call, with or without a response.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use crate::support::{BoxError, Script, Step, get, recorder};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_vitals::ClientMetricsLayer;
use tower_vitals::http_metrics::{DurationStatus, Naming, SkipMetrics};

const REQUESTS: &str = "external_api_requests_total";

fn client_layer(
    service: &'static str,
    recorder: impl metrics::Recorder + Send + Sync + 'static,
) -> ClientMetricsLayer {
    ClientMetricsLayer::builder(service)
        .recorder(recorder)
        .zero_statuses([])
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_call_is_counted_at_the_end_of_its_response() {
    let (recorder, reader) = recorder();
    let layer = ClientMetricsLayer::builder("stripe")
        .recorder(recorder)
        .endpoint(|parts| {
            parts
                .uri
                .path()
                .starts_with("/v1/charges")
                .then_some("/v1/charges")
        })
        .build()
        .unwrap();
    let client = layer.layer(service_fn(|_: Request<()>| async {
        let body = Script::new([Step::Data(b"ab")]);
        Ok::<_, Infallible>(Response::builder().status(402).body(body).unwrap())
    }));
    let response = client.clone().oneshot(get("/v1/charges/7")).await.unwrap();
    assert_eq!(reader.take().counter(REQUESTS, &[]), 0);
    response.into_body().collect().await.unwrap();
    client.oneshot(get("/elsewhere")).await.unwrap();

    let taken = reader.take();
    let labels = |endpoint| {
        [
            ("service", "stripe"),
            ("endpoint", endpoint),
            ("status", "402"),
        ]
    };
    assert_eq!(taken.counter(REQUESTS, &labels("/v1/charges")), 1);
    assert_eq!(taken.counter(REQUESTS, &labels("unmatched")), 1);
    let duration = taken
        .family("external_api_duration_seconds")
        .next()
        .unwrap();
    assert_eq!(
        duration.labels,
        [("service".to_owned(), "stripe".to_owned())]
    );
    assert_eq!(taken.samples("external_api_duration_seconds", &[]).len(), 2);
    for status in ["500", "error", "timeout"] {
        let labels = [("endpoint", "/v1/charges"), ("status", status)];
        assert_eq!(taken.having(REQUESTS, &labels).count(), 1, "{status}");
        assert_eq!(taken.counter(REQUESTS, &labels), 0);
    }
    // There is no gauge and no counter of aborts.
    assert_eq!(taken.0.len(), 3 + 2 * 3);
}

async fn status_of(error: impl Into<BoxError> + Send + 'static) -> Vec<String> {
    let (recorder, reader) = recorder();
    let mut error = Some(error.into());
    let client = client_layer("api", recorder).layer(service_fn(move |_: Request<()>| {
        let error = error.take().unwrap();
        async { Err::<Response<Empty<Bytes>>, BoxError>(error) }
    }));
    client.oneshot(get("/")).await.unwrap_err();
    let taken = reader.take();
    assert_eq!(taken.counter(REQUESTS, &[]), 1);
    assert_eq!(taken.samples("external_api_duration_seconds", &[]).len(), 1);
    taken.values(REQUESTS, "status")
}

#[tokio::test(start_paused = true)]
async fn a_call_without_response_is_an_error_or_a_timeout() {
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

/// A gateway may call a router in its own process, and the responses may carry that router's `SkipMetrics`.
#[tokio::test]
async fn skip_metrics_of_the_called_service_does_not_skip_the_call() {
    let (recorder, reader) = recorder();
    let client = client_layer("api", recorder).layer(service_fn(async |_: Request<()>| {
        let mut response = Response::new(Empty::<Bytes>::new());
        response.extensions_mut().insert(SkipMetrics);
        Ok::<_, Infallible>(response)
    }));
    let response = client.oneshot(get("/")).await.unwrap();
    drop(response);
    assert_eq!(reader.take().counter(REQUESTS, &[("status", "200")]), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_a_timeout_and_a_call_that_is_dropped_is_cancelled() {
    let hangs =
        || service_fn(|_: Request<()>| pending::<Result<Response<Empty<Bytes>>, Infallible>>());
    let (recorder, reader) = recorder();
    let layer = client_layer("slow", recorder);
    let second = Duration::from_secs(1);
    let inside = ServiceBuilder::new()
        .layer(layer.clone())
        .timeout(second)
        .service(hangs());
    assert!(inside.oneshot(get("/")).await.is_err());
    let client = layer.clone().layer(hangs());
    let outside = ServiceBuilder::new()
        .timeout(second)
        .layer(layer)
        .service(hangs());
    assert!(outside.oneshot(get("/")).await.is_err());
    let dropped = client.oneshot(get("/")).now_or_never();
    assert!(dropped.is_none());
    let taken = reader.take();
    assert_eq!(taken.counter(REQUESTS, &[("status", "timeout")]), 1);
    assert_eq!(taken.counter(REQUESTS, &[("status", "cancelled")]), 2);
    assert_eq!(taken.counter(REQUESTS, &[]), 3);
}

#[test]
fn a_panic_is_an_error_and_propagates() {
    let (recorder, reader) = recorder();
    let client = client_layer("api", recorder).layer(service_fn(|_: Request<()>| async {
        panic!("boom") as Result<Response<Empty<Bytes>>, Infallible>
    }));
    let call = std::panic::AssertUnwindSafe(client.oneshot(get("/"))).catch_unwind();
    assert!(call.now_or_never().unwrap().is_err());
    assert_eq!(reader.take().counter(REQUESTS, &[("status", "error")]), 1);
}

#[tokio::test]
async fn a_clients_layer_has_the_options_of_a_servers_layer() {
    let (recorder, reader) = recorder();
    let layer = ClientMetricsLayer::builder("stripe")
        .recorder(recorder)
        .naming(
            Naming::external_api()
                .requests("out_requests_total")
                .duration("out_seconds"),
        )
        .endpoint(|parts| (parts.uri.path() == "/a").then_some("/a"))
        .endpoint_on_duration()
        .duration_status(DurationStatus::Class)
        .label("tier", ["free"], |parts| {
            parts.headers.get("tier")?.to_str().ok()
        })
        .response_label("cache", ["hit"], |response| {
            response.headers.get("cache")?.to_str().ok()
        })
        .skip(|parts| parts.uri.path() == "/quiet")
        .zero_statuses([])
        .build()
        .unwrap();
    let client = layer.layer(service_fn(async |request: Request<()>| {
        let response = Response::builder().header("cache", "hit");
        match request.uri().path() {
            "/b" => Err("down".into()) as Result<_, BoxError>,
            _ => Ok(response.status(201).body(Empty::<Bytes>::new()).unwrap()),
        }
    }));
    let tier = Request::get("/a").header("tier", "free").body(()).unwrap();
    for request in [tier, get("/a"), get("/b"), get("/quiet")] {
        drop(client.clone().oneshot(request).await);
    }
    let taken = reader.take();
    let series = |name| {
        let mut sets: Vec<_> = taken
            .family(name)
            .map(|series| {
                let values = series.labels.iter().map(|(_, value)| value.as_str());
                values.collect::<Vec<_>>().join(" ")
            })
            .collect();
        sets.sort();
        sets
    };
    // Sorted by label: cache, endpoint, service, status, tier.
    assert_eq!(
        series("out_requests_total"),
        [
            "hit /a stripe 201 free",
            "hit /a stripe 201 other",
            "other unmatched stripe error other"
        ]
    );
    assert_eq!(
        series("out_seconds"),
        [
            "hit /a stripe 2xx free",
            "hit /a stripe 2xx other",
            "other unmatched stripe error other"
        ]
    );
    assert_eq!(taken.counter("out_requests_total", &[]), 3);
    assert_eq!(taken.samples("out_seconds", &[]).len(), 3);
}

#[tokio::test]
async fn open_telemetry_names_the_called_server_and_the_error() {
    let (recorder, reader) = recorder();
    let layer = ClientMetricsLayer::builder("stripe")
        .recorder(recorder)
        .naming(Naming::open_telemetry_client())
        .network_protocol_version()
        .build()
        .unwrap();
    let client = layer.layer(service_fn(async |request: Request<()>| {
        let response = Response::builder().version(http::Version::HTTP_2);
        match request.uri().path() {
            "/late" => Err(io::Error::from(io::ErrorKind::TimedOut).into()) as Result<_, BoxError>,
            "/down" => Err("refused".into()),
            "/hang" => pending().await,
            path => Ok(response
                .status(&path[1..])
                .body(Empty::<Bytes>::new())
                .unwrap()),
        }
    }));
    for path in ["200", "404", "503", "late", "down", "hang"] {
        let call = client
            .clone()
            .oneshot(get(&format!("https://api.example/{path}")));
        drop(call.now_or_never());
    }
    drop(client.oneshot(get("http://api.example:8080/200")).await);
    let taken = reader.take();
    let duration = "http_client_request_duration_seconds";
    let mut sets: Vec<_> = taken
        .family(duration)
        .map(|series| {
            let labels = series.labels.iter();
            let labels = labels.map(|(name, value)| format!("{name}={value}"));
            labels.collect::<Vec<_>>().join(" ")
        })
        .collect();
    sets.sort();
    let (get, https) = (
        "http_request_method=GET",
        "server_address=api.example server_port=443",
    );
    let version = "network_protocol_version=2";
    assert_eq!(
        sets,
        [
            format!("error_type=404 {get} http_response_status_code=404 {version} {https}"),
            format!("error_type=503 {get} http_response_status_code=503 {version} {https}"),
            format!("error_type=error {get} {https}"),
            format!("error_type=timeout {get} {https}"),
            format!("{get} http_response_status_code=200 {version} {https}"),
            format!(
                "{get} http_response_status_code=200 {version} server_address=api.example server_port=8080"
            ),
            format!("{get} {https}"),
        ]
    );
    assert_eq!(taken.samples(duration, &[]).len(), 7);
    assert_eq!(taken.0.len(), 7);
}

#[tokio::test]
async fn open_telemetry_has_the_template_of_a_call_if_it_is_known() {
    let (recorder, reader) = recorder();
    let layer = ClientMetricsLayer::builder("stripe")
        .recorder(recorder)
        .naming(Naming::open_telemetry_client())
        .endpoint(|parts| (parts.uri.path() == "/charges/7").then_some("/charges/{id}"))
        .build()
        .unwrap();
    let client = layer.layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    for path in ["/charges/7", "/else"] {
        let call = client.clone().oneshot(get(path));
        drop(call.await.unwrap());
    }
    let taken = reader.take();
    let duration = "http_client_request_duration_seconds";
    assert_eq!(taken.values(duration, "url_template"), ["/charges/{id}"]);
    let mut names: Vec<_> = taken
        .family(duration)
        .map(|series| {
            let names = series.labels.iter().map(|(name, _)| &**name);
            names.collect::<Vec<_>>().join(" ")
        })
        .collect();
    names.sort();
    let both = "http_request_method http_response_status_code";
    assert_eq!(names, [both.to_owned(), format!("{both} url_template")]);
}

#[tokio::test]
async fn calls_beyond_the_series_limit_have_other_as_their_server() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let layer = ClientMetricsLayer::builder("stripe")
        .recorder(recorder)
        .naming(Naming::open_telemetry_client())
        .label_at_most("tenant", 90, |parts| {
            parts.headers.get("tenant")?.to_str().ok()
        })
        .build()
        .unwrap();
    let client = layer.layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    }));
    for method in ["GET", "POST"] {
        for number in 0..9_000_u32 {
            let request = Request::builder().method(method);
            let request = request.uri(format!("https://{}.example/", number % 100));
            let request = request.header("tenant", (number / 100).to_string());
            let call = client.clone().oneshot(request.body(()).unwrap());
            drop(call.await.unwrap());
        }
    }
    let (mut others, mut series) = (Vec::new(), 0);
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let label = |name| {
            let mut labels = key.key().labels();
            let found = labels.find(|label| label.key() == name);
            found.map(metrics::Label::value)
        };
        let DebugValue::Histogram(samples) = value else {
            panic!("{key:?}")
        };
        series += 1;
        assert!(label("server_address").is_some(), "{key:?}");
        if label("server_address") == Some("other") {
            assert_eq!(label("tenant"), Some("other"));
            let method = label("http_request_method").unwrap().to_owned();
            others.push((method, samples.len()));
        }
    }
    assert_eq!(others, [("POST".to_owned(), 8_000)]);
    assert_eq!(series, 10_001);
}

#[test]
fn the_naming_of_the_other_side_is_refused() {
    let client = ClientMetricsLayer::builder("api").naming(Naming::open_telemetry());
    assert_eq!(
        client.build().unwrap_err().to_string(),
        "the naming is for a server: the naming of a client's layer begins with external_api or open_telemetry_client"
    );
    let server = tower_vitals::HttpMetricsLayer::builder().naming(Naming::external_api());
    assert_eq!(
        server.build().unwrap_err().to_string(),
        "the naming is for a client: the naming of a server's layer begins with prometheus, open_telemetry or \
         axum_prometheus"
    );
}

/// An error that panics when it is made into a boxed one.
#[derive(Debug)]
struct Unboxable;

impl From<Unboxable> for BoxError {
    fn from(_: Unboxable) -> Self {
        panic!("boom")
    }
}

#[test]
fn a_panic_in_the_conversion_of_an_error_is_an_error() {
    let (recorder, reader) = recorder();
    let client = client_layer("api", recorder).layer(service_fn(|_: Request<()>| async {
        Err::<Response<Empty<Bytes>>, _>(Unboxable)
    }));
    let call = std::panic::AssertUnwindSafe(client.oneshot(get("/"))).catch_unwind();
    assert!(call.now_or_never().unwrap().is_err());
    let taken = reader.take();
    assert_eq!(taken.counter(REQUESTS, &[("status", "error")]), 1);
    assert_eq!(taken.counter(REQUESTS, &[]), 1);
}

/// The server responds, then closes the connection, then is gone.
#[tokio::test]
async fn a_hyper_client_is_measured() {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let responses: [&[u8]; 2] = [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
            b"",
        ];
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            stream.write_all(response).await.unwrap();
        }
    });

    let (recorder, reader) = recorder();
    let client = ServiceBuilder::new()
        .layer(client_layer("local", recorder))
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

    let taken = reader.take();
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
async fn a_proxy_does_not_take_its_own_route_for_the_endpoint() {
    let (recorder, reader) = recorder();
    let upstream = client_layer("upstream", recorder).layer(service_fn(
        |_: Request<axum::body::Body>| async {
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        },
    ));
    let proxy = move |request: Request<axum::body::Body>| {
        let upstream = upstream.clone();
        async move { drop(upstream.oneshot(request).await.unwrap()) }
    };
    let app: axum::Router = axum::Router::new().route("/proxy/{*rest}", axum::routing::any(proxy));
    let request = Request::get("/proxy/x")
        .body(axum::body::Body::empty())
        .unwrap();
    drop(app.oneshot(request).await.unwrap());
    assert_eq!(reader.take().values(REQUESTS, "endpoint"), ["unmatched"]);
}
