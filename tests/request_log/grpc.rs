//! gRPC calls: their status and their duration are those of the trailers, in all three records.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request};
use tonic_health::pb::health_client::HealthClient;
use tower_vitals::{HttpLayer, HttpMetricsLayer, RequestLogLayer};

use crate::capture::Capture;
use crate::double::{CHECK, Double, WATCH, channel, listen, named};
use crate::endings::{Expected, OK, assert_agree, layer_of};
use crate::support::{Reader, recorder, request, until};

fn layer() -> (HttpLayer, Reader) {
    let (recorder, reader) = recorder();
    let metrics = HttpMetricsLayer::builder().recorder(recorder).grpc();
    (layer_of(metrics.build().unwrap()), reader)
}

async fn serve(
    double: &Double,
    layer: HttpLayer,
    timeout: Option<Duration>,
) -> HealthClient<Channel> {
    let (incoming, channel) = listen().await;
    let mut server = Server::builder();
    if let Some(timeout) = timeout {
        server = server.timeout(timeout);
    }
    let server = server.layer(layer).add_service(double.server());
    tokio::spawn(server.serve_with_incoming(incoming));
    HealthClient::new(channel)
}

async fn logged(capture: &Capture) {
    until("the call is logged", async || {
        !capture.requests().is_empty()
    })
    .await;
}

const UNARY: Expected<'_> = Expected {
    endpoint: CHECK,
    grpc: Some(("OK", 0)),
    ..OK
};

#[tokio::test]
async fn unary_calls_that_succeed_and_fail() {
    let failed = |name, number, error: Option<&'static str>| Expected {
        grpc: Some((name, number)),
        error,
        level: if error.is_some() { "ERROR" } else { "INFO" },
        ..UNARY
    };
    for (service, expected) in [
        ("", UNARY),
        ("x", failed("NOT_FOUND", 5, None)),
        ("denied", failed("UNAUTHENTICATED", 16, None)),
        ("down", failed("UNAVAILABLE", 14, Some("UNAVAILABLE"))),
        (
            "late",
            failed("DEADLINE_EXCEEDED", 4, Some("DEADLINE_EXCEEDED")),
        ),
    ] {
        let (capture, _guard) = Capture::new();
        let (layer, reader) = layer();
        let mut client = serve(&Double::default(), layer, None).await;
        let _ = client.check(named(service)).await;
        logged(&capture).await;
        assert_agree(&capture, &reader, expected);
        let fields = capture.span().fields;
        let name =
            ["otel.name", "rpc.system", "rpc.service", "rpc.method"].map(|name| &fields[name]);
        assert_eq!(
            name,
            [
                "grpc.health.v1.Health/Check",
                "grpc",
                "grpc.health.v1.Health",
                "Check"
            ]
        );
    }
}

#[tokio::test]
async fn streams_end_with_their_trailers() {
    let failed = Expected {
        endpoint: WATCH,
        grpc: Some(("DATA_LOSS", 15)),
        error: Some("DATA_LOSS"),
        level: "ERROR",
        ..OK
    };
    let complete = Expected {
        endpoint: WATCH,
        ..UNARY
    };
    for (service, expected) in [("", complete), ("fails", failed)] {
        let (capture, _guard) = Capture::new();
        let (layer, reader) = layer();
        let mut client = serve(&Double::default(), layer, None).await;
        let mut answers = client.watch(named(service)).await.unwrap().into_inner();
        let mut count = 0;
        while let Ok(Some(_)) = answers.message().await {
            count += 1;
        }
        assert_eq!(count, 3);
        logged(&capture).await;
        assert_agree(&capture, &reader, expected);
    }
}

#[tokio::test]
async fn calls_that_the_client_or_a_deadline_cancels() {
    let cancelled = Expected {
        status: 499,
        is_answered: false,
        outcome: "cancelled",
        grpc: Some(("CANCELLED", 1)),
        ..UNARY
    };
    // The client leaves; its deadline passes; the server's deadline passes, which tonic keeps outside of all layers.
    for case in ["leaves", "grpc-timeout", "timeout"] {
        let (capture, _guard) = Capture::new();
        let (layer, reader) = layer();
        let double = Double::default();
        let timeout = (case == "timeout").then_some(Duration::from_millis(50));
        let mut client = serve(&double, layer, timeout).await;
        let mut call = Request::new(named("never"));
        if case == "grpc-timeout" {
            call.set_timeout(Duration::from_millis(50));
        }
        if case == "leaves" {
            tokio::select! {
                _ = client.check(call) => panic!("it never answers"),
                () = double.hangs.notified() => {}
            }
        } else {
            let status = client.check(call).await.unwrap_err();
            assert!(
                matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded),
                "{status:?}"
            );
        }
        logged(&capture).await;
        assert_agree(&capture, &reader, cancelled);
    }
}

#[tokio::test]
async fn a_stream_that_the_client_leaves() {
    let (capture, _guard) = Capture::new();
    let (layer, reader) = layer();
    let mut client = serve(&Double::default(), layer, None).await;
    let mut answers = client.watch(named("never")).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();
    drop(answers);
    logged(&capture).await;
    let expected = Expected {
        endpoint: WATCH,
        outcome: "body_dropped",
        grpc: Some(("CANCELLED", 1)),
        ..OK
    };
    assert_agree(&capture, &reader, expected);
}

#[tokio::test]
async fn a_tonic_and_an_axum_service_share_the_layer() {
    let (capture, _guard) = Capture::new();
    let (layer, reader) = layer();
    let app: Router = tonic::service::Routes::new(Double::default().server())
        .into_axum_router()
        .route("/users/{id}", get(|| async { "user" }))
        .layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut client = HealthClient::new(channel(address));
    client.check(named("")).await.unwrap();
    client.check(named("down")).await.unwrap_err();
    request(&address.to_string(), "/users/7").await.unwrap();
    until("all are logged", async || capture.requests().len() == 3).await;

    let lines = capture.requests();
    let seen = lines.iter().map(|line| {
        let field = |name| line.fields.get(name).and_then(|value| value.as_str());
        (field("route"), field("grpc_status"), line.level.as_str())
    });
    assert_eq!(
        Vec::from_iter(seen),
        [
            (Some(CHECK), Some("OK"), "INFO"),
            (Some(CHECK), Some("UNAVAILABLE"), "ERROR"),
            (Some("/users/{id}"), None, "INFO")
        ]
    );
    assert_eq!(reader.take().requests(), 3);
}

#[tokio::test]
async fn calls_have_their_status_without_metrics_and_with_metrics_that_know_no_calls() {
    for metrics in [false, true] {
        let (capture, _guard) = Capture::new();
        let (recorder, reader) = recorder();
        let mut layer = HttpLayer::new().log(RequestLogLayer::new().exclude_none());
        if metrics {
            let metrics = HttpMetricsLayer::builder().recorder(recorder);
            layer = layer.metrics(metrics.build().unwrap());
        }
        let mut client = serve(&Double::default(), layer, None).await;
        client.check(named("")).await.unwrap();
        client.check(named("down")).await.unwrap_err();
        until("both are logged", async || capture.requests().len() == 2).await;
        let lines = capture.requests();
        let statuses: Vec<_> = lines
            .iter()
            .map(|line| &line.fields["grpc_status"])
            .collect();
        assert_eq!(statuses, ["OK", "UNAVAILABLE"]);
        assert_eq!(reader.take().requests(), if metrics { 2 } else { 0 });
    }
}

#[tokio::test]
async fn the_health_service_is_a_probe() {
    let (capture, _guard) = Capture::new();
    let mut client = serve(
        &Double::default(),
        HttpLayer::new().log(RequestLogLayer::new()),
        None,
    )
    .await;
    client.check(named("down")).await.unwrap_err();
    assert!(capture.requests().is_empty());
}
