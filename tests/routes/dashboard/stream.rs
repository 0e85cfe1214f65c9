//! The stream of frames and its viewers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use metrics::{Counter, Key, Level, Metadata, Recorder};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tower_vitals::routes::Guard;
use tower_vitals::{Health, Prometheus, Routes};

use super::{METADATA, Stream, app, data, family, respond};

/// A service that counts how often its metrics are gathered.
struct Service {
    app: Router,
    gathered: Arc<AtomicUsize>,
    orders: Counter,
}

fn service() -> Service {
    let prometheus = Prometheus::builder().build().unwrap();
    let gathered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&gathered);
    prometheus.on_gather(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let metadata = Metadata::new("test", Level::INFO, None);
    let orders = prometheus.register_counter(&Key::from_name("orders_total"), &metadata);
    let routes = Routes::new()
        .metrics(prometheus)
        .guard(Guard::open())
        .dashboard();
    Service {
        app: app(routes),
        gathered,
        orders,
    }
}

impl Service {
    fn gathered(&self) -> usize {
        self.gathered.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn all_viewers_get_the_same_bytes_of_one_snapshot_per_second() {
    let service = service();
    let started = Instant::now();
    sleep(Duration::from_secs(5)).await;
    assert_eq!(service.gathered(), 0, "nothing is computed without viewers");

    let mut viewers = Vec::new();
    for _ in 0..50 {
        viewers.push(Stream::open(&service.app).await);
    }
    let begun = Instant::now();
    let mut expected_orders = [None, Some(7.0), Some(3.5)].into_iter();
    for number in 0..3 {
        let mut frames = Vec::new();
        for viewer in &mut viewers {
            frames.push(viewer.bytes().await.unwrap());
        }
        assert!(frames.iter().all(|frame| *frame == frames[0]));
        let frame = data(std::str::from_utf8(&frames[0]).unwrap());
        assert_eq!(frame["full"], number == 0);
        let orders = family(&frame, "orders_total").unwrap();
        assert_eq!(orders[2].as_f64(), expected_orders.next().unwrap());
        assert_eq!(service.gathered(), number + 1);
        if number == 0 {
            service.orders.increment(7);
        }
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert_eq!(started.elapsed(), Duration::from_secs(7));

    // Somebody who joins later gets a whole frame at once, of the second that the others see.
    let mut late = Stream::open(&service.app).await;
    let frame = late.next().await;
    assert_eq!(frame["full"], true);
    assert_eq!(family(&frame, "orders_total").unwrap()[2], 3.5);
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert_eq!(service.gathered(), 3, "no snapshot of its own");

    drop((viewers, late));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(
        service.gathered(),
        3,
        "nothing is computed once all have left"
    );
    let mut again = Stream::open(&service.app).await;
    assert_eq!(again.next().await["full"], true);
    assert_eq!(service.gathered(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_was_too_slow_gets_a_whole_frame() {
    let service = service();
    let mut quick = Stream::open(&service.app).await;
    let mut slow = Stream::open(&service.app).await;
    assert_eq!(slow.next().await["full"], true);
    for _ in 0..4 {
        quick.next().await;
    }
    service.orders.increment(4);
    assert_eq!(quick.next().await["full"], false);
    let whole = slow.next().await;
    assert_eq!(whole["full"], true);
    assert_eq!(family(&whole, "orders_total").unwrap()[2], 1);
    let (one, other) = (quick.bytes().await, slow.bytes().await);
    assert_eq!(one, other, "it has caught up");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_reads_nothing_for_a_minute_loses_its_place() {
    let service = service();
    let mut stuck = Stream::open(&service.app).await;
    stuck.next().await;
    for _ in 0..55 {
        sleep(Duration::from_secs(1)).await;
    }
    assert!(service.gathered() > 50);
    sleep(Duration::from_secs(10)).await;
    let gathered = service.gathered();
    assert!(gathered < 65, "{gathered}");
    sleep(Duration::from_secs(100)).await;
    assert_eq!(service.gathered(), gathered, "nobody else views");
    assert_eq!(stuck.bytes().await, None);
}

#[tokio::test(start_paused = true)]
async fn viewers_are_limited() {
    let service = service();
    let mut viewers = Vec::new();
    for _ in 0..256 {
        viewers.push(Stream::open(&service.app).await);
    }
    let refused = respond(&service.app, "/dashboard/events", &[]).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()[CONTENT_TYPE], "application/problem+json");
    assert_eq!(refused.headers()[RETRY_AFTER], "5");
    viewers.pop();
    let mut next = Stream::open(&service.app).await;
    assert_eq!(next.next().await["full"], true);
}

#[tokio::test]
async fn the_stream_has_the_headers_of_a_stream_and_needs_the_guard() {
    let prometheus = Prometheus::builder().build().unwrap();
    let routes = Routes::new()
        .metrics(prometheus)
        .guard(Guard::bearer("s3cret"))
        .dashboard();
    let app = app(routes);
    let token = [(AUTHORIZATION, "Bearer s3cret")];
    let response = respond(&app, "/dashboard/events", &token).await;
    let headers = response.headers();
    assert_eq!(headers[CONTENT_TYPE], "text/event-stream");
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!(headers["x-accel-buffering"], "no");
    // The token in the address opens nothing.
    let refused = respond(&app, "/dashboard/events?token=s3cret", &[]).await;
    assert_eq!(refused.status(), 401);
}

#[tokio::test(start_paused = true)]
async fn streams_end_while_the_service_drains() {
    let health = Health::builder().build().unwrap();
    let routes = Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .health(health.clone())
        .guard(Guard::open())
        .dashboard();
    let app = app(routes);
    let mut stream = Stream::open(&app).await;
    let first = stream.next().await;
    assert_eq!(first["health"]["is_draining"], false);
    assert_eq!(first["overview"]["status"], "healthy");
    health.drain();
    let last = stream.next().await;
    assert_eq!(
        last["health"]["readiness"],
        json!({"status": "unhealthy", "reason": "draining"})
    );
    assert_eq!(stream.bytes().await, None);
    // Another viewer still sees how it goes on.
    let mut next = Stream::open(&app).await;
    assert_eq!(next.next().await["health"]["is_draining"], true);
    assert_eq!(next.bytes().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_within_a_minute_so_that_the_guard_is_asked_again() {
    let is_allowed = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&is_allowed);
    let prometheus = Prometheus::builder().build().unwrap();
    let orders = prometheus.register_counter(&Key::from_name("orders_total"), &METADATA);
    let routes = Routes::new()
        .metrics(prometheus)
        .guard(Guard::with(move |_| asked.load(Ordering::Relaxed)))
        .dashboard();
    let app = app(routes);
    let begun = Instant::now();
    let mut stream = Stream::open(&app).await;
    let mut frames = 0;
    while stream.bytes().await.is_some() {
        frames += 1;
        assert!(frames < 100, "the stream does not end");
        orders.increment(3);
    }
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
    assert!((59..=61).contains(&frames), "{frames}");

    // Rates go on for a client that returns at once.
    drop(stream);
    sleep(Duration::from_millis(1_500)).await;
    let mut again = Stream::open(&app).await;
    let frame = again.next().await;
    assert_eq!(frame["full"], true);
    assert_eq!(frame["seconds"], 10);
    assert!(family(&frame, "orders_total").unwrap()[2].as_f64().unwrap() > 2.0);

    is_allowed.store(false, Ordering::Relaxed);
    while again.bytes().await.is_some() {}
    let refused = respond(&app, "/dashboard/events", &[]).await;
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn a_server_of_its_own_stops_although_somebody_views() {
    let routes = Routes::new()
        .metrics(Prometheus::builder().build().unwrap())
        .guard(Guard::open())
        .dashboard();
    let server = routes.spawn("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let request = "GET /dashboard/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 64];
    stream.read_exact(&mut read).await.unwrap();
    assert!(read.starts_with(b"HTTP/1.1 200 OK\r\n"));

    let stopped = timeout(Duration::from_secs(5), server.shutdown()).await;
    assert!(stopped.is_ok());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    // The end of the chunked body: the stream is complete.
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"));
}
