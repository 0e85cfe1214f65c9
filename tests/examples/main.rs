//! The examples `shop` and `worker`, as a user starts them. `cargo build --all-features --examples` builds them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests panic on failure"
)]

#[path = "../support/example.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]
mod example;
mod shop;
mod worker;

use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::example::Example;

const HTTP: &str = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";

/// Waits for half a minute at most.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Returns the status and the body. `url` has no host name, and `headers` end in a new line each.
async fn send(method: &str, url: &str, headers: &str) -> (u16, String) {
    let (address, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} /{path} {HTTP}{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn is_ready(example: &Example) {
    until("it is ready", async || {
        send("GET", &format!("{}/readyz", example.url), "").await.0 == 200
    })
    .await;
}

fn terminate(example: &Example) {
    let id = example.process.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(killed.success());
}

async fn exit_code(example: &mut Example) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = example.process.try_wait().unwrap() {
            return status.code();
        }
        assert!(Instant::now() < deadline, "it does not end");
        sleep(Duration::from_millis(20)).await;
    }
}
