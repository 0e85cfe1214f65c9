//! One layer around a server of tonic and a service of axum: the calls of both have the status that they ended with, and the duration up
//! to their trailers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::health_client::HealthClient;
use tower_vitals::HttpMetricsLayer;

use crate::capture::{Capture, Line};
use crate::double::{CHECK, Double, WATCH, channel, listen, named};
use crate::endings::layer_of;
use crate::support::{Reader, recorder, request, until};

/// The deadline that the server enforces.
const DEADLINE: Duration = Duration::from_millis(60);

struct Services {
    double: Double,
    calls: HealthClient<Channel>,
    axum: SocketAddr,
    reader: Reader,
}

/// Serves a tonic server with a deadline, and an axum app, with clones of one layer.
async fn serve() -> Services {
    let (recorder, reader) = recorder();
    let metrics = HttpMetricsLayer::builder().recorder(recorder).grpc();
    let layer = layer_of(metrics.build().unwrap());
    let double = Double::default();
    let (incoming, channel_to_tonic) = listen().await;
    let server = Server::builder()
        .timeout(DEADLINE)
        .layer(layer.clone())
        .add_service(double.server());
    tokio::spawn(server.serve_with_incoming(incoming));
    let app: Router = tonic::service::Routes::new(double.server())
        .into_axum_router()
        .route("/users/{id}", get(|| async { "user" }))
        .layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let axum = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Services {
        double,
        calls: HealthClient::new(channel_to_tonic),
        axum,
        reader,
    }
}

/// The line of the last call, of which there are `count`.
async fn logged(capture: &Capture, count: usize) -> Line {
    until("the call is logged", async || {
        capture.requests().len() == count
    })
    .await;
    capture.requests().remove(count - 1)
}

/// Route, gRPC status, outcome and level.
fn ending(line: &Line) -> [&str; 4] {
    let field = |name| line.fields.get(name).and_then(|value| value.as_str());
    [
        field("route").unwrap_or_default(),
        field("grpc_status").unwrap_or_default(),
        field("outcome").unwrap_or_default(),
        &line.level,
    ]
}

fn lasted(line: &Line) -> Duration {
    Duration::from_secs_f64(line.fields["duration_ms"].as_f64().unwrap() / 1e3)
}

fn code(answer: Result<impl Sized, Status>) -> Code {
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test]
async fn calls_of_both_have_their_real_status_and_the_duration_up_to_the_trailers() {
    let (capture, _guard) = Capture::new();
    let Services {
        double,
        mut calls,
        axum,
        reader,
    } = serve().await;
    let mut in_axum = HealthClient::new(channel(axum));

    // Unary.
    assert_eq!(code(calls.check(named("")).await), Code::Ok);
    assert_eq!(
        ending(&logged(&capture, 1).await),
        [CHECK, "OK", "complete", "INFO"]
    );
    assert_eq!(code(in_axum.check(named("")).await), Code::Ok);
    assert_eq!(
        ending(&logged(&capture, 2).await),
        [CHECK, "OK", "complete", "INFO"]
    );
    request(&axum.to_string(), "/users/7").await.unwrap();
    assert_eq!(
        ending(&logged(&capture, 3).await),
        ["/users/{id}", "", "complete", "INFO"]
    );

    // Failing.
    assert_eq!(code(calls.check(named("down")).await), Code::Unavailable);
    assert_eq!(
        ending(&logged(&capture, 4).await),
        [CHECK, "UNAVAILABLE", "complete", "ERROR"]
    );

    // A stream, whose head is not its end. tonic's deadline is for the head alone.
    let started = Instant::now();
    let mut answers = calls.watch(named("held")).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();
    let answered = Instant::now();
    until("the deadline has passed", async || {
        started.elapsed() > 2 * DEADLINE
    })
    .await;
    assert_eq!(capture.requests().len(), 4, "it has not ended");
    let held = answered.elapsed();
    double.goes_on.notify_one();
    assert_eq!(code(answers.message().await), Code::DataLoss);
    let line = logged(&capture, 5).await;
    assert_eq!(ending(&line), [WATCH, "DATA_LOSS", "complete", "ERROR"]);
    assert!(lasted(&line) >= held, "{:?} {held:?}", lasted(&line));
    assert!(lasted(&line) <= started.elapsed());

    // Cancelled by its client.
    let mut answers = in_axum.watch(named("never")).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();
    drop(answers);
    let line = logged(&capture, 6).await;
    assert_eq!(ending(&line), [WATCH, "CANCELLED", "body_dropped", "INFO"]);

    // A deadline that tonic enforces outside of all layers: they see a call that is dropped, and the client gets CANCELLED, too.
    let status = calls.check(named("never")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Cancelled, "Timeout expired")
    );
    let line = logged(&capture, 7).await;
    assert_eq!(ending(&line), [CHECK, "CANCELLED", "cancelled", "INFO"]);
    assert!(lasted(&line) >= DEADLINE, "{:?}", lasted(&line));

    // A deadline that the service enforces itself.
    assert_eq!(
        code(calls.check(named("late")).await),
        Code::DeadlineExceeded
    );
    let line = logged(&capture, 8).await;
    assert_eq!(
        ending(&line),
        [CHECK, "DEADLINE_EXCEEDED", "complete", "ERROR"]
    );

    // axum's server enforces none: the call goes on until its client leaves.
    let mut call = Request::new(named("never"));
    call.set_timeout(DEADLINE);
    assert_eq!(code(in_axum.check(call).await), Code::Cancelled);
    let line = logged(&capture, 9).await;
    assert_eq!(ending(&line), [CHECK, "CANCELLED", "cancelled", "INFO"]);

    let taken = reader.take();
    let of = |status| taken.counter("http_requests_total", &[("grpc_status", status)]);
    let statuses = [
        "OK",
        "UNAVAILABLE",
        "DATA_LOSS",
        "CANCELLED",
        "DEADLINE_EXCEEDED",
    ];
    assert_eq!(statuses.map(of), [2, 1, 1, 3, 1]);
    assert_eq!(taken.requests(), 9);
    assert!(capture.spans().iter().all(|span| span.is_closed));
}
