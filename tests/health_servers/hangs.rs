//! Servers that hang or send one byte at a time.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::health::{assert_says, hanging_server, result, threads, with};
use sqlx::postgres::PgPoolOptions;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis};
use tower_vitals::health::{Check, Status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_or_drips_is_unhealthy_at_the_timeout_and_leaks_nothing() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let head: &[u8] = b"HTTP/1.1 200 OK\r\n";
    for (drip, behavior) in [(None, "hangs"), (Some(head), "drips")] {
        let (address, open) = hanging_server(drip).await;
        let checks = [
            (
                "postgres",
                with(
                    Postgres::url(&format!("postgres://u:p@{address}/x"))
                        .unwrap()
                        .timeout(TIMEOUT),
                ),
            ),
            (
                "postgres pool",
                with(
                    Postgres::pool(
                        PgPoolOptions::new()
                            .connect_lazy(&format!("postgres://u:p@{address}/x"))
                            .unwrap(),
                    )
                    .timeout(TIMEOUT),
                ),
            ),
            (
                "redis",
                with(
                    Redis::url(&format!("redis://:p@{address}"))
                        .unwrap()
                        .timeout(TIMEOUT),
                ),
            ),
            (
                "rabbitmq",
                with(
                    RabbitMq::url(&format!("amqp://u:p@{address}/%2f"))
                        .unwrap()
                        .timeout(TIMEOUT),
                ),
            ),
            (
                "http",
                with(
                    Http::get(&format!("http://{address}/"))
                        .unwrap()
                        .timeout(TIMEOUT),
                ),
            ),
        ];
        let mut before = 0;
        for round in 0..8 {
            for (name, health) in &checks {
                let started = Instant::now();
                let result = result(health).await;
                let elapsed = started.elapsed();
                // A dripping server may be rejected earlier: its first byte does not belong to the protocol.
                if behavior == "hangs" {
                    assert_says(&result, Status::Unhealthy, "timed out after 300ms");
                    assert!(elapsed >= TIMEOUT, "{name}: {elapsed:?}");
                }
                assert_eq!(result.status(), Status::Unhealthy, "{name} {behavior}");
                assert!(
                    elapsed < TIMEOUT + Duration::from_millis(500),
                    "{name} {behavior}: {elapsed:?}"
                );
            }
            if round == 1 {
                before = threads();
            }
        }
        crate::support::until("abandoned connections are closed", async || {
            open.load(Ordering::SeqCst) == 0
        })
        .await;
        crate::support::until("no thread is left", async || threads() <= before).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_connection_leaks_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let checks = [
        with(Postgres::url(&format!("postgres://u:p@{address}/x")).unwrap()),
        with(Redis::url(&format!("redis://:p@{address}")).unwrap()),
        with(RabbitMq::url(&format!("amqp://u:p@{address}/%2f")).unwrap()),
        with(Http::get(&format!("http://{address}/")).unwrap()),
    ];
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let mut before = (0, 0);
    for round in 0..20 {
        for health in &checks {
            assert_says(&result(health).await, Status::Unhealthy, "cannot connect");
        }
        if round == 1 {
            before = (tasks(), threads());
        }
    }
    crate::support::until("no task and no thread is left", async || {
        tasks() <= before.0 && threads() <= before.1
    })
    .await;
}

/// The server keeps running but drops idle connections silently, as a load balancer does.
#[tokio::test]
async fn a_cached_connection_that_fell_silent_is_replaced_in_the_same_check() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            loop {
                let read = stream.read(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                // Each command is one RESP array, and gets one reply.
                let replies = "+OK\r\n".repeat(text.matches('*').count());
                stream.write_all(replies.as_bytes()).await.unwrap();
                if text.contains("PING") {
                    break;
                }
            }
            open.push(stream);
        }
    });
    let health = with(Redis::url(&format!("redis://{address}")).unwrap());
    for _ in 0..3 {
        assert_says(&result(&health).await, Status::Healthy, "");
    }
}
