//! `HttpMetricsLayer` under `Server::layer`, and in axum around tonic's routes.

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::HealthServer;
use tower_vitals::HttpMetricsLayer;

use crate::double::{CHECK, Double, WATCH, at, channel, listen, named};
use crate::support::{Reader, Taken, Value, recorder, request, until};

const REQUESTS: &str = "http_requests_total";
const IN_PROGRESS: &str = "http_requests_in_progress";

fn layer() -> (HttpMetricsLayer, Reader) {
    let (recorder, reader) = recorder();
    let builder = HttpMetricsLayer::builder().recorder(recorder).grpc();
    (builder.build().unwrap(), reader)
}

/// A tonic server of [`Double`] with the layer.
async fn serve(double: Double) -> (Channel, Reader) {
    let (layer, reader) = layer();
    let (incoming, channel) = listen().await;
    let server = Server::builder()
        .layer(layer)
        .add_service(double.server())
        .serve_with_incoming(incoming);
    tokio::spawn(server);
    (channel, reader)
}

/// Waits until `count` calls have ended.
async fn ended(reader: &Reader, count: u64) -> Taken {
    until("the calls are recorded", async || {
        reader.take().requests() >= count
    })
    .await;
    reader.take()
}

/// The requests of an endpoint with this gRPC status.
fn counted(taken: &Taken, endpoint: &str, grpc_status: &str) -> u64 {
    let labels = [("endpoint", endpoint), ("grpc_status", grpc_status)];
    taken.counter(REQUESTS, &labels)
}

#[tokio::test]
async fn unary_calls_are_counted_by_method_and_grpc_status() {
    let (channel, reader) = serve(Double::default()).await;
    let mut client = HealthClient::new(channel);
    for _ in 0..3 {
        client.check(named("")).await.unwrap();
    }
    for _ in 0..2 {
        let status = client.check(named("x")).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
    }
    client.check(named("denied")).await.unwrap_err();
    client.check(named("todo")).await.unwrap_err();

    let taken = ended(&reader, 7).await;
    assert_eq!(taken.requests(), 7);
    assert_eq!(counted(&taken, CHECK, "OK"), 3);
    assert_eq!(counted(&taken, CHECK, "NOT_FOUND"), 2);
    assert_eq!(counted(&taken, CHECK, "UNAUTHENTICATED"), 1);
    // The method exists: it has answered otherwise.
    assert_eq!(counted(&taken, CHECK, "UNIMPLEMENTED"), 1);
    assert_eq!(taken.with_status("200"), 7);
    assert_eq!(taken.counter(REQUESTS, &[("method", "POST")]), 7);
    assert_eq!(taken.values(REQUESTS, "endpoint"), [CHECK]);
    assert_eq!(taken.durations().len(), 7);
    assert_eq!(taken.in_progress(), 0.0);
    assert_eq!(taken.all_aborted(), 0);
}

#[tokio::test]
async fn a_method_that_has_only_failed_has_its_own_series() {
    let (channel, reader) = serve(Double::default()).await;
    let mut client = HealthClient::new(channel);
    for _ in 0..2 {
        client.check(named("down")).await.unwrap_err();
    }
    client.check(named("x")).await.unwrap_err();
    let taken = ended(&reader, 3).await;
    assert_eq!(counted(&taken, CHECK, "UNAVAILABLE"), 2);
    assert_eq!(counted(&taken, CHECK, "NOT_FOUND"), 1);
    assert_eq!(taken.requests(), 3);
}

#[tokio::test]
async fn a_path_that_is_unimplemented_creates_no_series() {
    let (channel, reader) = serve(Double::default()).await;
    for path in [
        "/grpc.health.v1.Health/Invented",
        "/pkg.Invented/Method",
        "/a/b/c",
        "/",
    ] {
        let mut client = HealthClient::new(at(channel.clone(), path));
        let status = client.check(named("")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }
    let taken = ended(&reader, 4).await;
    assert_eq!(counted(&taken, "unmatched", "UNIMPLEMENTED"), 4);
    for family in [REQUESTS, IN_PROGRESS, "http_request_duration_seconds"] {
        assert_eq!(taken.values(family, "endpoint"), ["unmatched"]);
    }
}

#[tokio::test]
async fn a_server_stream_takes_its_status_from_the_trailers() {
    let (channel, reader) = serve(Double::default()).await;
    let mut client = HealthClient::new(channel);
    for service in ["", "", "fails"] {
        let mut answers = client.watch(named(service)).await.unwrap().into_inner();
        let mut count = 0;
        while let Ok(Some(_)) = answers.message().await {
            count += 1;
        }
        assert_eq!(count, 3);
    }
    client.watch(named("x")).await.unwrap_err();
    let taken = ended(&reader, 4).await;
    assert_eq!(counted(&taken, WATCH, "OK"), 2);
    assert_eq!(counted(&taken, WATCH, "DATA_LOSS"), 1);
    assert_eq!(counted(&taken, WATCH, "NOT_FOUND"), 1);
    assert_eq!(taken.requests(), 4);
    assert_eq!(taken.all_aborted(), 0);
}

/// The first stream of a method moves the gauge from `unmatched` to the method once the method is known.
#[tokio::test]
async fn a_cancelled_stream_is_in_progress_until_then() {
    let (channel, reader) = serve(Double::default()).await;
    let mut client = HealthClient::new(channel);
    let mut answers = client.watch(named("never")).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();
    let taken = reader.take();
    assert_eq!(taken.gauge(IN_PROGRESS, &[("endpoint", WATCH)]), 1.0);
    assert_eq!(taken.in_progress(), 1.0);
    assert_eq!(taken.requests(), 0);
    drop(answers);

    let taken = ended(&reader, 1).await;
    assert_eq!(counted(&taken, WATCH, "CANCELLED"), 1);
    let aborted = [("endpoint", WATCH), ("reason", "body_dropped")];
    assert_eq!(taken.counter("http_requests_aborted_total", &aborted), 1);
    assert_eq!(taken.in_progress(), 0.0);
    assert_eq!(taken.requests(), 1);
}

#[tokio::test]
async fn a_call_that_is_cancelled_before_its_answer_is_cancelled() {
    let double = Double::default();
    let hangs = double.hangs.clone();
    let (channel, reader) = serve(double).await;
    let mut client = HealthClient::new(channel);
    for _ in 0..2 {
        let call = client.check(named("never"));
        tokio::select! {
            _ = call => panic!("it never answers"),
            () = hangs.notified() => {}
        }
    }
    let taken = ended(&reader, 2).await;
    assert_eq!(counted(&taken, CHECK, "CANCELLED"), 2);
    assert_eq!(taken.with_status("499"), 2);
    assert_eq!(taken.aborted("cancelled"), 2);
    assert_eq!(taken.in_progress(), 0.0);
}

#[tokio::test]
async fn a_panic_is_internal() {
    let (channel, reader) = serve(Double::default()).await;
    let mut client = HealthClient::new(channel);
    client.check(named("panic")).await.unwrap_err();
    let taken = ended(&reader, 1).await;
    assert_eq!(counted(&taken, CHECK, "INTERNAL"), 1);
    assert_eq!(taken.aborted("panic"), 1);
    assert_eq!(taken.in_progress(), 0.0);
}

/// tonic's routes beside the app's own, with one layer around both.
#[tokio::test]
async fn axum_serves_tonic_routes_beside_its_own() {
    let (layer, reader) = layer();
    let grpc = tonic::service::Routes::new(Double::default().server()).into_axum_router();
    let app: Router = Router::new()
        .route("/users/{id}", get(async || "user").post(async || "made"))
        .merge(grpc)
        .layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });

    let (status, _) = request(&address.to_string(), "/users/7").await.unwrap();
    assert_eq!(status, 200);
    let channel = channel(address);
    let mut client = HealthClient::new(channel.clone());
    client.check(named("")).await.unwrap();
    client.check(named("x")).await.unwrap_err();
    let mut answers = client.watch(named("")).await.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let mut invented = HealthClient::new(at(channel.clone(), "/grpc.health.v1.Health/Invented"));
    invented.check(named("")).await.unwrap_err();
    let mut invented = HealthClient::new(at(channel.clone(), "/pkg.Invented/Method"));
    invented.check(named("")).await.unwrap_err();
    // A route of the app answers, and not with gRPC.
    HealthClient::new(at(channel.clone(), "/users/7"))
        .check(named(""))
        .await
        .unwrap_err();

    let taken = ended(&reader, 7).await;
    assert_eq!(counted(&taken, CHECK, "OK"), 1);
    assert_eq!(counted(&taken, CHECK, "NOT_FOUND"), 1);
    assert_eq!(counted(&taken, WATCH, "OK"), 1);
    assert_eq!(counted(&taken, "unmatched", "UNIMPLEMENTED"), 2);
    for method in ["GET", "POST"] {
        let labels = [("endpoint", "/users/{id}"), ("method", method)];
        assert_eq!(taken.counter(REQUESTS, &labels), 1);
    }
    assert_eq!(taken.requests(), 7);
    assert_eq!(
        taken.values(REQUESTS, "endpoint"),
        [CHECK, WATCH, "/users/{id}", "unmatched"]
    );
    // HTTP requests have no gRPC status.
    let users = taken.family(REQUESTS).filter(|series| {
        let is_users = |label: &(String, String)| label.1 == "/users/{id}";
        series.labels.iter().any(is_users)
    });
    for series in users {
        let names: Vec<_> = series.labels.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["endpoint", "method", "status"]);
    }
}

/// The first call of a method has no series before its answer.
#[tokio::test]
async fn the_sizes_of_a_call_are_its_methods() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .request_body_size()
        .response_body_size()
        .grpc()
        .build()
        .unwrap();
    let double = Double::default();
    let hangs = double.hangs.clone();
    let (incoming, channel) = listen().await;
    let server = Server::builder().layer(layer).add_service(double.server());
    tokio::spawn(server.serve_with_incoming(incoming));
    let mut client = HealthClient::new(channel);
    // Five bytes announce a message, and two its text.
    tokio::select! {
        _ = client.check(named("never")) => panic!("it never answers"),
        () = hangs.notified() => {}
    }
    ended(&reader, 1).await;
    client.check(named("x")).await.unwrap_err();
    client.check(named("")).await.unwrap();
    ended(&reader, 3).await;
    let sizes = |name| {
        let mut sizes = reader.take().samples(name, &[("endpoint", CHECK)]);
        sizes.sort_by(f64::total_cmp);
        sizes
    };
    until("the sizes are recorded", async || {
        sizes("http_request_body_size_bytes").len() == 3
    })
    .await;
    assert_eq!(sizes("http_request_body_size_bytes"), [5.0, 8.0, 12.0]);
    assert_eq!(sizes("http_response_body_size_bytes"), [0.0, 5.0]);
    let all = reader.take().samples("http_request_body_size_bytes", &[]);
    assert_eq!(all.len(), 3);
}

/// An app's layer around tonic's own: the call counts once, by its method.
#[tokio::test]
async fn a_layer_around_another_counts_a_call_once() {
    let (layer, reader) = layer();
    let grpc = tonic::service::Routes::new(Double::default().server()).into_axum_router();
    let app: Router = Router::new().merge(grpc.layer(layer.clone()));
    let (incoming, channel) = listen().await;
    let server = Server::builder()
        .layer(layer)
        .add_routes(tonic::service::Routes::from(app));
    tokio::spawn(server.serve_with_incoming(incoming));
    let mut client = HealthClient::new(channel);
    for _ in 0..5 {
        client.check(named("")).await.unwrap();
        client.check(named("x")).await.unwrap_err();
    }
    let taken = ended(&reader, 10).await;
    assert_eq!(counted(&taken, CHECK, "OK"), 5);
    assert_eq!(counted(&taken, CHECK, "NOT_FOUND"), 5);
    assert_eq!(taken.requests(), 10);
    assert_eq!(taken.in_progress(), 0.0);
}

/// Prometheus' `increase` does not see a counter that begins at one.
#[tokio::test]
async fn the_errors_of_servers_begin_at_zero() {
    let (channel, reader) = serve(Double::default()).await;
    HealthClient::new(channel).check(named("")).await.unwrap();
    let taken = ended(&reader, 1).await;
    let mut series: Vec<_> = taken
        .family(REQUESTS)
        .map(|series| {
            let value = |name| {
                let mut labels = series.labels.iter();
                labels
                    .find(|label| label.0 == name)
                    .map(|label| label.1.as_str())
            };
            let Value::Counter(count) = series.value else {
                panic!("{series:?} is no counter");
            };
            (value("status"), value("grpc_status"), count)
        })
        .collect();
    series.sort_unstable();
    let expected = [
        (Some("200"), Some("INTERNAL"), 0),
        (Some("200"), Some("OK"), 1),
        (Some("200"), Some("UNAVAILABLE"), 0),
        (Some("200"), Some("UNKNOWN"), 0),
        (Some("500"), Some("INTERNAL"), 0),
    ];
    assert_eq!(series, expected);
}

/// An interceptor rejects paths that do not exist, too.
#[tokio::test]
async fn rejected_calls_to_invented_paths_create_few_series() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .max_endpoints(20)
        .grpc()
        .build()
        .unwrap();
    let (incoming, channel) = listen().await;
    let double = HealthServer::with_interceptor(Double::default(), |request: Request<()>| {
        match request.metadata().get("authorization") {
            Some(_) => Ok(request),
            None => Err(Status::unauthenticated("who are you?")),
        }
    });
    let server = Server::builder().layer(layer).add_service(double);
    tokio::spawn(server.serve_with_incoming(incoming));
    for number in 0..30 {
        let path = format!("/grpc.health.v1.Health/Invented{number}");
        let mut client = HealthClient::new(at(channel.clone(), &path));
        let status = client.check(named("")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    let mut client = HealthClient::new(channel);
    client.check(named("")).await.unwrap_err();
    let mut request = Request::new(named(""));
    let bearer = "Bearer 1".parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    client.check(request).await.unwrap();
    client.check(named("")).await.unwrap_err();

    let taken = ended(&reader, 33).await;
    assert_eq!(
        taken.values(REQUESTS, "endpoint"),
        [
            CHECK,
            "/grpc.health.v1.Health/Invented0",
            "/grpc.health.v1.Health/Invented1",
            "unmatched"
        ]
    );
    assert_eq!(counted(&taken, "unmatched", "UNAUTHENTICATED"), 29);
    assert_eq!(counted(&taken, CHECK, "OK"), 1);
    assert_eq!(counted(&taken, CHECK, "UNAUTHENTICATED"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_at_once_add_up() {
    let (channel, reader) = serve(Double::default()).await;
    let calls = (0..1000).map(|number| {
        let mut client = HealthClient::new(channel.clone());
        let mut invented = HealthClient::new(at(channel.clone(), "/pkg.Invented/Method"));
        tokio::spawn(async move {
            match number % 5 {
                0 => drop(client.check(named("")).await.unwrap()),
                1 => drop(client.check(named("x")).await.unwrap_err()),
                2 => {
                    let mut answers = client.watch(named("")).await.unwrap().into_inner();
                    while answers.message().await.unwrap().is_some() {}
                }
                3 => {
                    let mut answers = client.watch(named("never")).await.unwrap().into_inner();
                    answers.message().await.unwrap().unwrap();
                }
                _ => drop(invented.check(named("")).await.unwrap_err()),
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let taken = ended(&reader, 1000).await;
    for (endpoint, status) in [
        (CHECK, "OK"),
        (CHECK, "NOT_FOUND"),
        (WATCH, "OK"),
        (WATCH, "CANCELLED"),
        ("unmatched", "UNIMPLEMENTED"),
    ] {
        assert_eq!(
            counted(&taken, endpoint, status),
            200,
            "{endpoint} {status}"
        );
    }
    assert_eq!(taken.requests(), 1000);
    assert_eq!(taken.aborted("body_dropped"), 200);
    assert_eq!(taken.durations().len(), 1000);
    for endpoint in [CHECK, WATCH, "unmatched"] {
        let gauge = taken.gauge(IN_PROGRESS, &[("endpoint", endpoint)]);
        assert_eq!(gauge, 0.0, "{endpoint}");
    }
}

/// The size of a request body is recorded after the answer, and decides nothing.
#[tokio::test]
async fn the_size_of_a_call_to_an_invented_path_is_unmatched() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .recorder(recorder)
        .request_body_size()
        .grpc()
        .build()
        .unwrap();
    let (incoming, channel) = listen().await;
    let server = Server::builder()
        .layer(layer)
        .add_service(Double::default().server());
    tokio::spawn(server.serve_with_incoming(incoming));
    for call in 1..=3 {
        let mut client = HealthClient::new(at(channel.clone(), "/shop.v1.Invented/Call"));
        client.check(named("")).await.unwrap_err();
        ended(&reader, call).await;
    }
    until("the sizes are recorded", async || {
        let sizes = reader.take().samples("http_request_body_size_bytes", &[]);
        sizes.len() == 3
    })
    .await;
    let taken = reader.take();
    for family in [REQUESTS, "http_request_body_size_bytes"] {
        assert_eq!(taken.values(family, "endpoint"), ["unmatched"]);
    }
}
