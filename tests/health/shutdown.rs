//! SIGTERM on the quickstart under load: readiness fails first, the listener closes later, and no request is lost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::example::{Example, path};
use crate::support::request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::{Health, Routes};

fn kill(example: &Example, signal: &str) {
    let pid = example.process.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
}

async fn exit_code(example: &mut Example) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(status) = example.process.try_wait().unwrap() {
            return status.code();
        }
        assert!(Instant::now() < deadline, "it does not exit");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the examples built: tests/run"]
async fn readiness_fails_before_the_listener_closes_and_no_request_is_lost() {
    let mut example = Example::start("quickstart");
    let address: Arc<str> = example.address().into();
    let is_removed = Arc::new(AtomicBool::new(false));
    let responses = Arc::new(AtomicUsize::new(0));

    // Clients behind a load balancer send requests until it has removed the instance.
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (address, is_removed, responses) = (
                Arc::clone(&address),
                Arc::clone(&is_removed),
                Arc::clone(&responses),
            );
            tokio::spawn(async move {
                let path = ["/users/7", "/slow", "/stream", "/"][client % 4];
                while !is_removed.load(Ordering::SeqCst) {
                    let (status, body) = request(&address, path).await.unwrap();
                    assert_eq!(status, 200, "{path}");
                    assert!(path != "/stream" || body.contains("chunk 9"), "{body}");
                    responses.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 200);
    crate::support::until("a thousand responses", async || {
        responses.load(Ordering::SeqCst) >= 1000
    })
    .await;

    let started = Instant::now();
    kill(&example, "-TERM");
    let failed_after = loop {
        let (status, body) = request(&address, "/readyz").await.unwrap();
        if status == 503 {
            assert_eq!(body, r#"{"status":"unhealthy","reason":"draining"}"#);
            break started.elapsed();
        }
        assert!(
            started.elapsed() < Duration::from_secs(2),
            "readiness does not fail"
        );
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(
        request(&address, "/livez").await.unwrap().0,
        200,
        "liveness is unaffected"
    );
    // The load balancer takes another second.
    sleep(Duration::from_secs(1)).await;
    is_removed.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }

    // Requests in flight when the listener closes, 5 s after the signal, are completed.
    sleep(Duration::from_millis(4500).saturating_sub(started.elapsed())).await;
    let late = ["/slow", "/stream"].map(|path| {
        let address = Arc::clone(&address);
        tokio::spawn(async move { request(&address, path).await })
    });
    let closed_after = loop {
        if TcpStream::connect(&*address).await.is_err() {
            break started.elapsed();
        }
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the listener does not close"
        );
        sleep(Duration::from_millis(20)).await;
    };
    for late in late {
        let (status, body) = late.await.unwrap().unwrap();
        assert_eq!(status, 200);
        assert!(body.contains("done") || body.contains("chunk 9"), "{body}");
    }
    assert_eq!(exit_code(&mut example).await, Some(0));
    let responses = responses.load(Ordering::SeqCst);
    println!(
        "{responses} responses; readiness 503 after {failed_after:?}, listener closed after {closed_after:?}"
    );
    assert!(closed_after >= Duration::from_secs(5) && failed_after < closed_after);
}

#[tokio::test]
#[ignore = "needs the examples built: tests/run"]
async fn an_interrupt_skips_the_delay_and_a_second_signal_ends_the_process() {
    for (signals, code) in [
        (&["-INT"][..], 0),
        (&["-TERM", "-TERM"], 143),
        (&["-TERM", "-INT"], 130),
    ] {
        let mut example = Example::start("quickstart");
        assert_eq!(request(example.address(), "/readyz").await.unwrap().0, 200);
        let started = Instant::now();
        for (n, name) in signals.iter().enumerate() {
            if n > 0 {
                // Readiness fails once the first signal has arrived.
                while request(example.address(), "/readyz").await.unwrap().0 != 503 {
                    sleep(Duration::from_millis(10)).await;
                }
            }
            kill(&example, name);
        }
        assert_eq!(exit_code(&mut example).await, Some(code), "{signals:?}");
        assert!(
            started.elapsed() < Duration::from_secs(4),
            "{signals:?}: {:?}",
            started.elapsed()
        );
    }
}

/// Every example that listens until a signal, and its exit code after SIGTERM. Two have no graceful shutdown, so the signal
/// ends them.
const SERVERS: [(&str, Option<i32>); 7] = [
    ("quickstart", Some(0)),
    ("custom_check", Some(0)),
    ("health", Some(0)),
    ("instruments", Some(0)),
    ("jobs", Some(0)),
    ("existing_stack", None),
    ("hyper", None),
];

/// A file for the history of the example `jobs`, one for each test.
fn jobs_file(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("vitals-{test}-{}.db", std::process::id()))
}

fn start(name: &str, jobs_file: &Path) -> Example {
    Example::start_command(Command::new(path(name)).env("JOBS_DB", jobs_file))
}

/// Clients that hold their connections: one is silent, one has sent half of a head, one reads chunks of a stream, one reads
/// nothing of its many answers.
struct Clients(#[expect(dead_code, reason = "it keeps them open")] Vec<TcpStream>);

impl Clients {
    async fn connect(address: &str) -> Self {
        let silent = TcpStream::connect(address).await.unwrap();
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nx-")
            .await
            .unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Where there is no stream, the answer is a 404.
        stream
            .write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        stream.read_u8().await.unwrap();
        let slow = TcpSocket::new_v4().unwrap();
        slow.set_recv_buffer_size(4096).unwrap();
        let mut slow = slow.connect(address.parse().unwrap()).await.unwrap();
        // Until the server has stopped to read, because it cannot write.
        let requests = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
        let full = Duration::from_millis(500);
        while timeout(full, slow.write_all(&requests)).await.is_ok() {}
        // The server has accepted the earlier connections, too.
        request(address, "/metrics").await.unwrap();
        Self(vec![silent, half, stream, slow])
    }
}

#[tokio::test]
#[ignore = "needs the examples built: tests/run"]
async fn a_half_sent_request_delays_the_end_of_no_example_beyond_30_seconds() {
    all_examples_end("half-sent", async |address| {
        let mut client = TcpStream::connect(address).await.unwrap();
        let half = b"GET /livez HTTP/1.1\r\nhost: x\r\nx-";
        client.write_all(half).await.unwrap();
        // The server has accepted the first connection, too.
        request(address, "/metrics").await.unwrap();
        client
    })
    .await;
}

#[tokio::test]
#[ignore = "needs the examples built: tests/run"]
async fn no_client_delays_the_end_of_an_example_beyond_30_seconds() {
    all_examples_end("clients", async |address| Clients::connect(address).await).await;
}

async fn all_examples_end<C: Send + 'static>(test: &str, connect: impl AsyncFn(&str) -> C) {
    let file = jobs_file(test);
    let mut held = Vec::new();
    for (name, code) in SERVERS {
        let example = start(name, &file);
        let clients = connect(example.address()).await;
        held.push((name, code, example, clients));
    }
    let ends = held.into_iter().map(|(name, code, mut example, clients)| {
        tokio::spawn(async move {
            let started = Instant::now();
            kill(&example, "-TERM");
            assert_eq!(exit_code(&mut example).await, code, "{name}");
            let took = started.elapsed();
            println!("{name} ended after {took:?}");
            // `run` returns at its deadline. `Routes` closes the connections of `jobs` itself.
            let earliest = match name {
                "existing_stack" | "hyper" => 0,
                "jobs" => 5,
                _ => 25,
            };
            assert!(took >= Duration::from_secs(earliest), "{name}: {took:?}");
            assert!(took < Duration::from_secs(31), "{name}: {took:?}");
            drop(clients);
        })
    });
    // All at once.
    for end in ends.collect::<Vec<_>>() {
        end.await.unwrap();
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
#[ignore = "needs the examples built: tests/run"]
async fn a_second_signal_ends_each_example_at_once_whatever_its_clients_do() {
    let file = jobs_file("second");
    for (name, code) in SERVERS {
        if code.is_none() {
            // The first one has ended it.
            continue;
        }
        let mut example = start(name, &file);
        let clients = Clients::connect(example.address()).await;
        kill(&example, "-TERM");
        while request(example.address(), "/readyz").await.unwrap().0 != 503 {
            sleep(Duration::from_millis(10)).await;
        }
        let started = Instant::now();
        kill(&example, "-INT");
        assert_eq!(exit_code(&mut example).await, Some(130), "{name}");
        let took = started.elapsed();
        assert!(took < Duration::from_secs(2), "{name}: {took:?}");
        drop(clients);
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_separate_server_serves_until_the_signal() {
    let health = Health::builder().build().unwrap();
    let routes = Routes::new().health(health.clone());
    let server = routes.spawn("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.until(receiver));
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 200);
    health.drain();
    assert_eq!(request(&address, "/readyz").await.unwrap().0, 503);
    drop(sender);
    timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap();
    assert!(request(&address, "/readyz").await.is_err());
}
