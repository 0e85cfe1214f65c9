#!/usr/bin/env bash
# lettre 0.11.23, a mailer with the feature `tokio1`.
#
# `Error::is_transient` and `is_permanent` tell 4yz from 5yz answers of the server, and of nothing else: while the server is away
# (its port refuses the connection), both are false. Code that retries transient errors and gives the rest up loses the
# mail in the outage that retries are for. `is_timeout`, `is_client` and `is_response` are false as well.
#
# Seen: transient false, permanent false, timeout false, client false, response false.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
lettre = { version = "=0.11.23", default-features = false, features = ["builder", "smtp-transport", "tokio1"] }
tokio = { version = "1", features = ["macros", "net", "rt"] }
TOML
cat >src/main.rs <<'RUST'
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mailer = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(port).build();
    let mail = Message::builder()
        .from("alerts@example.com".parse().unwrap())
        .to("ops@example.com".parse().unwrap())
        .subject("a test")
        .body("a test".to_owned())
        .unwrap();
    let error = mailer.send(mail).await.unwrap_err();
    println!(
        "transient {}, permanent {}, timeout {}, client {}, response {}",
        error.is_transient(),
        error.is_permanent(),
        error.is_timeout(),
        error.is_client(),
        error.is_response()
    );
}
RUST
seen=$(cargo run --quiet)
echo "$seen"
[ "$seen" = "transient false, permanent false, timeout false, client false, response false" ]
