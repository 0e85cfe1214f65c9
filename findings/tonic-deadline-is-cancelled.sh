#!/usr/bin/env bash
# tonic 0.14.9 with tonic-health 0.14.9 (crates.io).
#
# 1. A call whose `Endpoint::timeout` passes. Expected: DEADLINE_EXCEEDED, gRPC's code for this. Seen: CANCELLED with the message
#    "Timeout expired", so a client cannot tell its own deadline from a cancellation by the server, and retry policies for
#    DEADLINE_EXCEEDED do not match.
# 2. `Watch` of tonic-health for a service that is not registered. Expected: a stream that sends SERVICE_UNKNOWN and stays open, as
#    the comment of health.proto says. Seen: the call fails with NOT_FOUND.
#
# Output seen:
#   deadline: Cancelled "Timeout expired"
#   watch:    NotFound "service not registered"
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "deadline"
version = "0.0.0"
edition = "2021"

[dependencies]
tokio = { version = "1", features = ["macros", "net", "rt"] }
tokio-stream = { version = "0.1", features = ["net"] }
tonic = { version = "=0.14.9", default-features = false, features = ["channel", "router", "server"] }
tonic-health = "=0.14.9"
TOML
cat >"$dir/src/main.rs" <<'RUST'
use std::time::Duration;
use tonic::transport::{Endpoint, Server};
use tonic_health::pb::{health_client::HealthClient, HealthCheckRequest};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let request = |service: &str| HealthCheckRequest { service: service.to_owned() };

    // A listener that accepts and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", silent.local_addr().unwrap());
    let channel = Endpoint::from_shared(uri).unwrap().timeout(Duration::from_millis(200));
    let mut client = HealthClient::new(channel.connect_lazy());
    let status = client.check(request("")).await.unwrap_err();
    println!("deadline: {:?} {:?}", status.code(), status.message());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    let (_reporter, service) = tonic_health::server::health_reporter();
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    let channel = Endpoint::from_shared(uri).unwrap().connect().await.unwrap();
    match HealthClient::new(channel).watch(request("shop.v1.Carts")).await {
        Err(status) => println!("watch:    {:?} {:?}", status.code(), status.message()),
        Ok(stream) => println!("watch:    {:?}", stream.into_inner().message().await),
    }
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
echo "$got"
want='deadline: Cancelled "Timeout expired"
watch:    NotFound "service not registered"'
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
