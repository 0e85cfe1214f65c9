//! `Routes::serve`: the routes on an address of their own, over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support;

use axum::Router;
use axum::extract::ConnectInfo;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tower_vitals::routes::Guard;
use tower_vitals::{ErrorKind, Prometheus, Routes};

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn split(response: &[u8]) -> (String, &[u8]) {
    let end = response
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let (head, body) = response.split_at(end);
    (String::from_utf8(head.to_vec()).unwrap(), body)
}

fn routes() -> Routes {
    Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .liveness()
}

#[tokio::test]
async fn shutdown_finishes_responses_in_progress() {
    let prometheus = Prometheus::builder().max_series(200_000).build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for number in 0..100_000 {
        let label = Label::new("n", format!("{number:0>80}"));
        let key = Key::from_parts("many_total", vec![label]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    let server = Routes::new()
        .metrics(prometheus)
        .spawn("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr();
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert!(
        exchange(&mut stream, SCRAPE)
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );

    // A response that is half sent when the shutdown begins is sent whole.
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(SCRAPE.as_bytes()).await.unwrap();
    let mut first = [0; 1];
    slow.read_exact(&mut first).await.unwrap();
    let shutdown = tokio::spawn(async move { server.shutdown().await });
    tokio::task::yield_now().await;
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    let (head, body) = split(&rest);
    assert!(
        head.contains(&format!("content-length: {}\r\n", body.len())),
        "{head}"
    );
    assert!(body.len() > 8_000_000, "more than the socket buffers hold");
    shutdown.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_unknown_path_is_a_404_with_a_body() {
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let request = "GET /none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let response = exchange(&mut stream, request).await;
    assert!(
        response.starts_with("HTTP/1.1 404 Not Found\r\n"),
        "{response}"
    );
    assert!(
        response.contains("content-type: application/problem+json\r\n"),
        "{response}"
    );
    server.shutdown().await;
}

async fn livez(address: SocketAddr) -> std::io::Result<(u16, String)> {
    support::request(&address.to_string(), "/livez").await
}

#[tokio::test]
async fn serve_runs_until_its_future_is_dropped() {
    let address = support::health::free_address();
    let serving = tokio::spawn(async move {
        routes().serve(address).await.unwrap();
    });
    support::until("the server responds", async || {
        livez(address).await.is_ok_and(|(status, _)| status == 200)
    })
    .await;
    assert!(!serving.is_finished());
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert!(livez(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_handle_leaves_the_server_running() {
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    drop(server);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(livez(address).await.unwrap().0, 200);
}

#[tokio::test]
async fn every_clone_of_a_handle_can_stop_the_server_and_await_its_end() {
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let stopped = tokio::spawn({
        let server = server.clone();
        async move { server.stopped().await }
    });
    assert_eq!(livez(server.local_addr()).await.unwrap().0, 200);
    assert!(!stopped.is_finished());
    server.clone().shutdown().await;
    timeout(Duration::from_secs(5), stopped)
        .await
        .unwrap()
        .unwrap();
    assert!(livez(server.local_addr()).await.is_err());
    // A stopped server stays stopped.
    server.stopped().await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_guard_sees_the_address_of_the_peer() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let guard = Guard::with({
        let seen = Arc::clone(&seen);
        move |parts| {
            let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
            seen.lock().unwrap().extend(peer.map(|peer| peer.0));
            peer.is_some_and(|peer| peer.0.ip().is_loopback())
        }
    });
    let routes = routes().protect("/metrics").guard(guard);
    let server = routes.spawn("127.0.0.1:0").await.unwrap();
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        addresses.push(stream.local_addr().unwrap());
        let response = exchange(&mut stream, SCRAPE).await;
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    }
    assert_eq!(*seen.lock().unwrap(), addresses);
    server.shutdown().await;
}

#[tokio::test]
async fn an_ip_guard_checks_real_peers_here_and_in_axum() {
    for (range, status) in [("127.0.0.0/8", 200), ("10.0.0.0/8", 403)] {
        let routes = routes().protect("/metrics").guard(Guard::ip([range]));
        let server = routes.clone().spawn("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().to_string();
        let response = support::request(&address, "/metrics").await.unwrap();
        assert_eq!(response.0, status, "{range}");
        server.shutdown().await;

        // The peer of a dual-stack listener is ::ffff:127.0.0.1.
        let listener = TcpListener::bind("[::]:0").await.unwrap();
        let address = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let app = Router::new().merge(routes);
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(axum::serve(listener, app).into_future());
        let response = support::request(&address, "/metrics").await.unwrap();
        assert_eq!(response.0, status, "{range}");
        serving.abort();
    }
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_names_it() {
    let first = routes().spawn("127.0.0.1:0").await.unwrap();
    let address = first.local_addr().to_string();
    let error = routes().spawn(address.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    assert!(
        message.contains(&address) && message.contains("cannot listen on"),
        "{message}"
    );
    assert!(std::error::Error::source(&error).is_some());
    assert!(routes().spawn("no address").await.is_err());
    let error = routes().serve(address).await.unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_responses_are_bounded() {
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    // Six megabytes exceed the socket buffers.
    for number in 0..600 {
        let label = Label::new("n", format!("{number:0>10000}"));
        let key = Key::from_parts("many_total", vec![label]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    let server = Routes::new()
        .metrics(prometheus)
        .spawn("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr();
    let status = async |stream: &mut TcpStream| {
        stream.write_all(SCRAPE.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        String::from_utf8(head.to_vec()).unwrap()
    };
    // Each reads the first twelve bytes only. One at a time, because concurrent requests share a text. One address gets half of
    // the texts.
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(status(&mut stream).await, "HTTP/1.1 200");
        slow.push(stream);
    }
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(status(&mut stream).await, "HTTP/1.1 503");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert!(
            rest.contains("retry-after: 1") && rest.contains("wait to be read"),
            "{rest}"
        );
    }
    // Clients that leave free their permits.
    drop(slow);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        if status(&mut stream).await == "HTTP/1.1 200" {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no permit after all clients have left"
        );
    }
    server.shutdown().await;
}

/// The clock is paused, and advances while every task waits.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_end_its_head_within_10_seconds_is_closed() {
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    for head in ["", "GET /livez HTTP/1.1\r\nhost: x\r\nx-"] {
        let began = tokio::time::Instant::now();
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        // The connection may be reset.
        let _ = stream.read_to_end(&mut response).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_secs(10), "{head:?}: {took:?}");
        assert!(took < Duration::from_secs(20), "{head:?}: {took:?}");
    }
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_closed() {
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for number in 0..2000 {
        let label = Label::new("n", format!("{number:0>10000}"));
        let key = Key::from_parts("many_total", vec![label]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    let server = Routes::new().metrics(prometheus);
    let server = server.spawn("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(SCRAPE.as_bytes()).await.unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    tokio::time::sleep(Duration::from_mins(2)).await;
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(
        rest.len() < 20_000_000,
        "the response was not cut off: {}",
        rest.len()
    );
    server.shutdown().await;
}

#[tokio::test]
async fn silent_and_half_sent_requests_delay_no_probe() {
    let server = routes().spawn("127.0.0.1:0").await.unwrap();
    let mut held = Vec::new();
    for n in 0..600 {
        let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
        let sent = ["", "GET /livez HTTP/1.1\r\nhost: x\r\nx-"][n % 2];
        stream.write_all(sent.as_bytes()).await.unwrap();
        held.push(stream);
        if n % 100 == 99 {
            let response = timeout(Duration::from_secs(1), livez(server.local_addr()));
            assert_eq!(response.await.expect("within 1 s").unwrap().0, 200);
        }
    }
    drop(held);
    server.shutdown().await;
}
