#!/usr/bin/env bash
# reqwest 0.13.5 with http 1 (crates.io).
#
# A `reqwest::Response` converts into an `http::Response<reqwest::Body>` and back. Expected: the same response comes back, so
# that a tower layer for `http` types can stand between a client and its user. Seen: the URL is gone, also for relative redirects
# and error messages that are built from it. `url()` is a placeholder host, and `error_for_status()` names it.
#
# Output seen:
#   before: http://127.0.0.1/orders/7
#   after:  http://no.url.provided.local/
#   error:  HTTP status server error (503 Service Unavailable) for url (http://no.url.provided.local/)
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "round-trip"
version = "0.0.0"
edition = "2021"

[dependencies]
http = "1"
reqwest = { version = "=0.13.5", default-features = false }
tokio = { version = "1", features = ["io-util", "macros", "net", "rt"] }
TOML
cat >"$dir/src/main.rs" <<'RUST'
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    });
    let url = format!("http://127.0.0.1:{port}/orders/7");
    let response = reqwest::get(url).await.unwrap();
    let shown = |url: &reqwest::Url| url.as_str().replace(&format!(":{port}"), "");
    println!("before: {}", shown(response.url()));
    let response: reqwest::Response = http::Response::from(response).into();
    println!("after:  {}", shown(response.url()));
    println!("error:  {}", response.error_for_status().unwrap_err());
}
RUST
got=$(cargo run --quiet --manifest-path "$dir/Cargo.toml")
want='before: http://127.0.0.1/orders/7
after:  http://no.url.provided.local/
error:  HTTP status server error (503 Service Unavailable) for url (http://no.url.provided.local/)'
echo "$got"
[ "$got" = "$want" ] || { echo "the behaviour has changed" >&2; exit 1; }
