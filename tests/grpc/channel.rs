//! `ClientMetricsLayer` around a `Channel`.

use std::time::Duration;

use tonic::Code;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;
use tower_vitals::ClientMetricsLayer;
use tower_vitals::http_metrics::ClientMetrics;

use crate::double::{CHECK, Double, WATCH, at, listen, named};
use crate::support::{Reader, Taken, recorder};

const REQUESTS: &str = "external_api_requests_total";

fn measured(channel: Channel) -> (ClientMetrics<Channel>, Reader) {
    let (recorder, reader) = recorder();
    let layer = ClientMetricsLayer::builder("health")
        .recorder(recorder)
        .grpc()
        .build()
        .unwrap();
    (layer.layer(channel), reader)
}

async fn serve(double: Double) -> Channel {
    let (incoming, channel) = listen().await;
    let server = Server::builder().add_service(double.server());
    tokio::spawn(server.serve_with_incoming(incoming));
    channel
}

fn counted(taken: &Taken, endpoint: &str, grpc_status: &str) -> u64 {
    let labels = [
        ("service", "health"),
        ("endpoint", endpoint),
        ("grpc_status", grpc_status),
    ];
    taken.counter(REQUESTS, &labels)
}

#[tokio::test]
async fn calls_are_counted_by_method_and_grpc_status() {
    let (channel, reader) = measured(serve(Double::default()).await);
    let mut client = HealthClient::new(channel.clone());
    for _ in 0..2 {
        client.check(named("")).await.unwrap();
    }
    client.check(named("x")).await.unwrap_err();
    for service in ["", "fails"] {
        let mut answers = client.watch(named(service)).await.unwrap().into_inner();
        while let Ok(Some(_)) = answers.message().await {}
    }
    let mut answers = client.watch(named("never")).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();
    drop(answers);
    HealthClient::new(at(channel, "/pkg.Invented/Method"))
        .check(named(""))
        .await
        .unwrap_err();

    let taken = reader.take();
    assert_eq!(counted(&taken, CHECK, "OK"), 2);
    assert_eq!(counted(&taken, CHECK, "NOT_FOUND"), 1);
    assert_eq!(counted(&taken, WATCH, "OK"), 1);
    assert_eq!(counted(&taken, WATCH, "DATA_LOSS"), 1);
    assert_eq!(counted(&taken, WATCH, "CANCELLED"), 1);
    assert_eq!(counted(&taken, "unmatched", "UNIMPLEMENTED"), 1);
    assert_eq!(taken.counter(REQUESTS, &[("status", "200")]), 7);
    assert_eq!(taken.counter(REQUESTS, &[]), 7);
    assert_eq!(
        taken.values(REQUESTS, "endpoint"),
        [CHECK, WATCH, "unmatched"]
    );
}

#[tokio::test]
async fn calls_without_an_answer_have_the_status_that_the_client_sees() {
    let double = Double::default();
    let hangs = double.hangs.clone();
    let (incoming, _) = listen().await;
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().add_service(double.server());
    tokio::spawn(server.serve_with_incoming(incoming));
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .timeout(Duration::from_millis(50))
        .connect_lazy();
    let (channel, reader) = measured(channel);
    let mut client = HealthClient::new(channel);
    // The channel's own timeout.
    let status = client.check(named("never")).await.unwrap_err();
    assert_eq!(status.code(), Code::Cancelled);
    hangs.notified().await;
    // The caller's.
    tokio::select! {
        biased;
        () = hangs.notified() => {}
        _ = client.check(named("never")) => panic!("it never answers"),
    }
    let taken = reader.take();
    assert_eq!(counted(&taken, CHECK, "DEADLINE_EXCEEDED"), 1);
    assert_eq!(counted(&taken, CHECK, "CANCELLED"), 1);
    assert_eq!(taken.counter(REQUESTS, &[]), 2);
    let deadline = [("grpc_status", "DEADLINE_EXCEEDED"), ("status", "timeout")];
    assert_eq!(taken.counter(REQUESTS, &deadline), 1);
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    let (incoming, channel) = listen().await;
    drop(incoming);
    let (channel, reader) = measured(channel);
    let status = HealthClient::new(channel)
        .check(named(""))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let taken = reader.take();
    assert_eq!(counted(&taken, CHECK, "UNAVAILABLE"), 1);
    assert_eq!(taken.counter(REQUESTS, &[("status", "error")]), 1);
}
