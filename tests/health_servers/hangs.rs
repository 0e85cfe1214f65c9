//! Servers that hang or drip. Alone in its process, for it counts threads.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::health::{assert_says, hanging_server, result, threads, with};
use sqlx::postgres::PgPoolOptions;
use tower_vitals::health::checks::{Http, Postgres, RabbitMq, Redis};
use tower_vitals::health::{Check, Status};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_or_drips_is_unhealthy_at_its_timeout_and_nothing_piles_up() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let head: &[u8] = b"HTTP/1.1 200 OK\r\n";
    for (drip, of) in [(None, "hangs"), (Some(head), "drips")] {
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
                let began = Instant::now();
                let found = result(health).await;
                let took = began.elapsed();
                // A protocol may notice by its first byte that this is no server of its kind.
                if of == "hangs" {
                    assert_says(&found, Status::Unhealthy, "timed out after 300ms");
                    assert!(took >= TIMEOUT, "{name}: {took:?}");
                }
                assert_eq!(found.status(), Status::Unhealthy, "{name} {of}");
                assert!(
                    took < TIMEOUT + Duration::from_millis(500),
                    "{name} {of}: {took:?}"
                );
            }
            if round == 1 {
                before = threads();
            }
        }
        crate::support::until("what was given up is closed", async || {
            open.load(Ordering::SeqCst) == 0
        })
        .await;
        crate::support::until("no thread stays behind", async || threads() <= before).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_leaves_nothing_behind() {
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
    crate::support::until("no task and no thread stays behind", async || {
        tasks() <= before.0 && threads() <= before.1
    })
    .await;
}

/// A server that forgets connections that were idle, as a balancer does: it is there all the time.
#[tokio::test]
async fn a_kept_connection_that_fell_silent_is_replaced_in_the_same_check() {
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
                // A command is an array of RESP; each is answered.
                let answers = "+OK\r\n".repeat(text.matches('*').count());
                stream.write_all(answers.as_bytes()).await.unwrap();
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
