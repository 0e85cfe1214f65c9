//! Concurrent scrapes and slow clients: memory is bounded, requests that find no room get 503 and `Retry-After`, and the app's
//! handlers keep responding. [`Routes`] are merged into an app, over real sockets. `serve.rs` tests `Routes::serve`.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::support::until;
use axum::Router;
use axum::routing::get;
use futures_util::future::join_all;
use metrics::{Key, Label, Level, Metadata, Recorder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tower_vitals::{Prometheus, Routes};

const SERIES: usize = 20_000;
/// Long enough that all series together exceed the socket buffers.
const VALUE_LEN: usize = 300;

/// The limit that `Routes::metrics` documents.
const MAX_TEXTS: usize = 16;

/// Generous for work of milliseconds, because the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(30);

/// Serves an app with a handler and the routes, on two workers of its own until the process ends.
fn serve() -> SocketAddr {
    let prometheus = Prometheus::builder().max_series(SERIES).build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for number in 0..SERIES {
        let label = Label::new("n", format!("{number:0>VALUE_LEN$}"));
        let key = Key::from_parts("many_total", vec![label]);
        prometheus.register_counter(&key, &metadata).increment(1);
    }
    let app: Router = Router::new()
        .route("/work", get(|| async { "done" }))
        .merge(Routes::new().metrics(prometheus));
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await
        })
    });
    address
}

struct Received {
    status: u16,
    head: String,
    body: String,
}

/// Sends a request that closes the connection after its response.
async fn send(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads a response to its end.
async fn read(mut stream: TcpStream) -> Received {
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    Received {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn response(address: SocketAddr, path: &str) -> Received {
    let exchange = async { read(send(address, path).await).await };
    tokio::time::timeout(DEADLINE, exchange).await.unwrap()
}

/// Asserts that the text has its full length, every series, and a final newline.
#[track_caller]
fn assert_whole(response: &Received) {
    let Received { head, body, .. } = response;
    let length = format!("content-length: {}", body.len());
    assert!(head.lines().any(|line| line == length), "{head}");
    let series = body
        .lines()
        .filter(|line| line.starts_with("many_total{") && line.ends_with("\"} 1"));
    assert_eq!(series.count(), SERIES);
    assert!(body.ends_with('\n'));
}

#[track_caller]
fn assert_busy(response: &Received) {
    let Received { status, head, body } = response;
    assert_eq!(*status, 503, "{head}");
    assert!(head.lines().any(|line| line == "retry-after: 1"), "{head}");
    assert!(body.contains("are allowed at once"), "{body}");
}

/// Sends `count` requests to the handler, one after another.
async fn work(address: SocketAddr, count: usize) {
    for _ in 0..count {
        let response = response(address, "/work").await;
        assert_eq!((response.status, &*response.body), (200, "done"));
    }
}

/// Requests the metrics and reads only the status.
async fn read_status(address: SocketAddr) -> TcpStream {
    let mut stream = send(address, "/metrics").await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_fifty_concurrent_scrapes_is_whole() {
    const SCRAPES: usize = 50;
    let address = serve();
    let scrapes = join_all((0..SCRAPES).map(|_| tokio::spawn(response(address, "/metrics"))));
    let work = join_all((0..4).map(|_| tokio::spawn(work(address, 50))));
    let (responses, worked) = tokio::join!(scrapes, work);

    for worked in worked {
        worked.unwrap();
    }
    for response in responses {
        let response = response.unwrap();
        assert_eq!(response.status, 200, "{}", response.head);
        assert_whole(&response);
    }
}

/// Within the time of a test, a client that reads a byte a second is one that stops reading.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_block_the_metrics_and_not_the_app() {
    let address = serve();
    // One after another, because concurrent requests share a text.
    let mut slow = Vec::new();
    while slow.len() < MAX_TEXTS {
        slow.push(read_status(address).await);
    }
    for path in ["/metrics", "/metrics/prometheus", "/metrics/json"] {
        let response = response(address, path).await;
        assert_busy(&response);
        assert!(
            response.body.contains("wait to be read"),
            "{path}: {}",
            response.body
        );
    }
    work(address, 50).await;

    // A client that resumes reading gets the whole text and makes room for one.
    let mut rest = String::new();
    let mut resumed = slow.pop().unwrap();
    resumed.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest.matches("many_total{").count(), SERIES);
    until("there is room for one text", async || {
        let response = response(address, "/metrics").await;
        if response.status == 200 {
            assert_whole(&response);
        }
        response.status == 200
    })
    .await;

    drop(slow);
    until("there is room for all texts", async || {
        response(address, "/metrics").await.status == 200
    })
    .await;
}
