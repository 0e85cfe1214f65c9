//! `Naming::open_telemetry()`: gRPC calls follow the RPC conventions.

use tonic::transport::Server;
use tonic_health::pb::health_client::HealthClient;
use tower::Layer;
use tower_vitals::http_metrics::Naming;
use tower_vitals::{ClientMetricsLayer, HttpMetricsLayer};

use crate::double::{Double, at, listen, named};
use crate::support::{Series, Taken, recorder, until};

type Labels<'a> = &'a [(&'a str, &'a str)];

/// Asserts that the family has exactly these series, each with its number of samples.
#[track_caller]
fn assert_series(taken: &Taken, name: &str, expected: &[(Labels<'_>, usize)]) {
    let labels = |series: &Series| series.labels.clone();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(labels, count)| {
            let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
            (labels.iter().map(owned).collect::<Vec<_>>(), *count)
        })
        .collect();
    let mut found: Vec<_> = taken
        .family(name)
        .map(|series| {
            let crate::support::Value::Histogram(samples) = &series.value else {
                panic!("{series:?} is no histogram");
            };
            (labels(series), samples.len())
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn open_telemetry_names_the_calls_of_servers_as_rpc() {
    let (server_recorder, server) = recorder();
    let layer = HttpMetricsLayer::builder()
        .naming(Naming::open_telemetry())
        .recorder(server_recorder)
        .request_body_size()
        .response_body_size()
        .grpc()
        .build()
        .unwrap();
    let (incoming, channel) = listen().await;
    let routes = Server::builder()
        .layer(layer)
        .add_service(Double::default().server());
    tokio::spawn(routes.serve_with_incoming(incoming));

    let mut client = HealthClient::new(channel.clone());
    client.check(named("")).await.unwrap();
    client.check(named("")).await.unwrap();
    client.check(named("x")).await.unwrap_err();
    client.check(named("down")).await.unwrap_err();
    HealthClient::new(at(channel, "/pkg.Invented/Method"))
        .check(named(""))
        .await
        .unwrap_err();

    let duration = "rpc_server_call_duration_seconds";
    until("the calls are recorded", async || {
        server.take().samples(duration, &[]).len() == 5
    })
    .await;
    let taken = server.take();
    let check = ("rpc_method", "grpc.health.v1.Health/Check");
    let grpc = ("rpc_system_name", "grpc");
    let code = |code| ("rpc_response_status_code", code);
    assert_series(
        &taken,
        duration,
        &[
            (&[check, code("OK"), grpc], 2),
            // A server's NOT_FOUND is the client's error.
            (&[check, code("NOT_FOUND"), grpc], 1),
            (
                &[
                    ("error_type", "UNAVAILABLE"),
                    check,
                    code("UNAVAILABLE"),
                    grpc,
                ],
                1,
            ),
            (
                &[
                    ("error_type", "UNIMPLEMENTED"),
                    ("rpc_method", "_OTHER"),
                    code("UNIMPLEMENTED"),
                    grpc,
                ],
                1,
            ),
        ],
    );
    assert_eq!(
        taken
            .0
            .iter()
            .filter(|series| series.name != duration)
            .count(),
        0
    );
}

#[tokio::test]
async fn open_telemetry_names_the_calls_of_clients_as_rpc() {
    let (client_recorder, client) = recorder();
    let layer = ClientMetricsLayer::builder("health")
        .naming(Naming::open_telemetry_client())
        .recorder(client_recorder)
        .grpc()
        .build()
        .unwrap();
    let (incoming, channel) = listen().await;
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().add_service(Double::default().server());
    tokio::spawn(server.serve_with_incoming(incoming));

    let channel = layer.layer(channel);
    let origin = format!("http://{address}").parse().unwrap();
    let mut with_origin = HealthClient::with_origin(channel.clone(), origin);
    with_origin.check(named("")).await.unwrap();
    let mut without = HealthClient::new(channel);
    without.check(named("")).await.unwrap();
    without.check(named("x")).await.unwrap_err();

    let check = ("rpc_method", "grpc.health.v1.Health/Check");
    let grpc = ("rpc_system_name", "grpc");
    let ok = ("rpc_response_status_code", "OK");
    let not_found = ("rpc_response_status_code", "NOT_FOUND");
    let port = address.port().to_string();
    let host = ("server_address", "127.0.0.1");
    assert_series(
        &client.take(),
        "rpc_client_call_duration_seconds",
        &[
            (&[check, ok, grpc, host, ("server_port", &port)], 1),
            (&[check, ok, grpc], 1),
            (&[("error_type", "NOT_FOUND"), check, not_found, grpc], 1),
        ],
    );
    assert_eq!(client.take().0.len(), 3);
}

#[tokio::test]
async fn the_status_label_can_be_renamed() {
    let (recorder, reader) = recorder();
    let layer = HttpMetricsLayer::builder()
        .naming(Naming::prometheus().grpc_status_label("grpc_code"))
        .recorder(recorder)
        .grpc()
        .build()
        .unwrap();
    let (incoming, channel) = listen().await;
    let server = Server::builder()
        .layer(layer)
        .add_service(Double::default().server());
    tokio::spawn(server.serve_with_incoming(incoming));
    HealthClient::new(channel).check(named("")).await.unwrap();
    until("the call is recorded", async || {
        reader.take().requests() == 1
    })
    .await;
    let ok = [("grpc_code", "OK")];
    assert_eq!(reader.take().counter("http_requests_total", &ok), 1);
    let old = reader.take().values("http_requests_total", "grpc_status");
    assert_eq!(old, [""; 0]);
}

#[test]
fn labels_of_calls_and_of_the_app_must_differ() {
    let build = |naming, label: &'static str, is_grpc| {
        let builder = HttpMetricsLayer::builder().naming(naming);
        let builder = builder.label(label, ["a"], |_| None);
        let builder = if is_grpc { builder.grpc() } else { builder };
        builder.build().err().map(|error| error.to_string())
    };
    let twice = |label| format!("label name \"{label}\" is used twice: each name must be unique");
    let own =
        |label| format!("label name \"{label}\" is a label of the layer itself: choose another");
    let prometheus = Naming::prometheus;
    assert_eq!(
        build(prometheus(), "grpc_status", true),
        Some(twice("grpc_status"))
    );
    assert_eq!(build(prometheus(), "grpc_status", false), None);
    let open_telemetry = Naming::open_telemetry;
    assert_eq!(
        build(open_telemetry(), "rpc_method", true),
        Some(own("rpc_method"))
    );
    assert_eq!(build(open_telemetry(), "rpc_method", false), None);
    assert_eq!(build(open_telemetry(), "grpc_status", true), None);
}
