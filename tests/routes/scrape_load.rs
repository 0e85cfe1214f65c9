//! Scrapes that come together, and clients that do not read: what is held is bounded, who comes past it is told when to come
//! again, and the service's own handlers go on answering. [`Routes`] merged into an app, over real sockets; for the routes
//! on an address of their own see `serve.rs`.

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
/// With so long a value each, all are more than the sockets' own buffers take.
const VALUE_LEN: usize = 300;

/// As `Routes::metrics` documents them.
const MAX_RENDERS: usize = 4;
const MAX_ANSWERS: usize = 16;

/// For what takes milliseconds, on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(30);

/// An app with a handler and the routes, on two workers of its own that end with the process.
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

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Sends a request, on a connection that ends with its answer.
async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Reads an answer to its end.
async fn read(mut stream: TcpStream) -> Answer {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

async fn answer(address: SocketAddr, path: &str) -> Answer {
    let exchange = async { read(ask(address, path).await).await };
    tokio::time::timeout(DEADLINE, exchange).await.unwrap()
}

/// The text is whole: as long as its head says, with every series, ended by a line's end.
#[track_caller]
fn assert_whole(answer: &Answer) {
    let Answer { head, body, .. } = answer;
    let length = format!("content-length: {}", body.len());
    assert!(head.lines().any(|line| line == length), "{head}");
    let series = body
        .lines()
        .filter(|line| line.starts_with("many_total{") && line.ends_with("\"} 1"));
    assert_eq!(series.count(), SERIES);
    assert!(body.ends_with('\n'));
}

#[track_caller]
fn assert_busy(answer: &Answer) {
    let Answer { status, head, body } = answer;
    assert_eq!(*status, 503, "{head}");
    assert!(head.lines().any(|line| line == "retry-after: 1"), "{head}");
    assert!(body.contains("are allowed at once"), "{body}");
}

/// `count` requests, one after another: the handler answers each.
async fn work(address: SocketAddr, count: usize) {
    for _ in 0..count {
        let answer = answer(address, "/work").await;
        assert_eq!((answer.status, &*answer.body), (200, "done"));
    }
}

/// Asks for the metrics, and reads no more than their status.
async fn read_hardly(address: SocketAddr) -> TcpStream {
    let mut stream = ask(address, "/metrics").await;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_scrapes_at_once_each_is_whole_or_told_to_come_again() {
    const SCRAPES: usize = 50;
    let address = serve();
    let scrapes = join_all((0..SCRAPES).map(|_| tokio::spawn(answer(address, "/metrics"))));
    let work = join_all((0..4).map(|_| tokio::spawn(work(address, 50))));
    let (answers, worked) = tokio::join!(scrapes, work);

    for worked in worked {
        worked.unwrap();
    }
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (whole, busy): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    println!("{} whole, {} busy", whole.len(), busy.len());
    // Nobody is turned away but for as many as are rendered, and all of those are answered.
    assert!(whole.len() >= MAX_RENDERS, "{}", whole.len());
    // To be all rendered in turn, they would have to come no faster than that.
    assert!(!busy.is_empty());
    busy.into_iter().for_each(assert_busy);
    whole.iter().copied().for_each(assert_whole);

    // Once they have gone, all is as before.
    until("a scrape is answered", async || {
        answer(address, "/metrics").await.status == 200
    })
    .await;
}

/// A client that reads a byte a second is, for as long as a test lasts, one that reads a few and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hardly_read_keep_others_from_the_metrics_but_not_from_the_service() {
    let address = serve();
    // As many at once as are rendered at once.
    let mut slow = Vec::new();
    while slow.len() < MAX_ANSWERS {
        slow.extend(join_all((0..MAX_RENDERS).map(|_| read_hardly(address))).await);
    }
    for path in ["/metrics", "/metrics/prometheus", "/metrics/json"] {
        let answer = answer(address, path).await;
        assert_busy(&answer);
        assert!(
            answer.body.contains("wait to be read"),
            "{path}: {}",
            answer.body
        );
    }
    work(address, 50).await;

    // One that reads on gets all of its text, late as it is, and makes room for one.
    let mut rest = String::new();
    let mut reads_on = slow.pop().unwrap();
    reads_on.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest.matches("many_total{").count(), SERIES);
    until("there is room for one", async || {
        let answer = answer(address, "/metrics").await;
        if answer.status == 200 {
            assert_whole(&answer);
        }
        answer.status == 200
    })
    .await;

    drop(slow);
    until(
        "there is room for as many as are rendered at once",
        async || {
            let answers = join_all((0..MAX_RENDERS).map(|_| answer(address, "/metrics"))).await;
            answers.iter().all(|answer| answer.status == 200)
        },
    )
    .await;
}
