//! Collectors that are away, slow, or refuse spans.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower_vitals::telemetry::otel::TracingBuilder;
use tracing::info_span;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, Mode, until};
use crate::quiet::global;
use crate::support;
use tower_vitals::telemetry::otel::Tracing;

const MINUTE: Duration = Duration::from_secs(60);

fn run(builder: TracingBuilder) -> (Tracing, DefaultGuard) {
    let tracing = builder.run().unwrap();
    let layer = tracing.layer();
    (
        tracing,
        tracing_subscriber::registry().with(layer).set_default(),
    )
}

fn spans(count: usize) {
    (0..count).for_each(|_| drop(info_span!("span")));
}

#[tokio::test]
async fn a_short_outage_loses_nothing() {
    for protocol in BOTH {
        let mut collector = Collector::start(protocol);
        let (recorder, reader) = support::recorder();
        let (tracing, _subscribed) = run(collector.builder().recorder(recorder));
        spans(1);
        collector.wait_for(1);
        collector.stop();
        spans(10);
        until("failed attempt", || {
            let failures = "monitoring_span_export_failures_total";
            reader.take().counter(failures, &[]) > 0
        });
        collector.restart();
        collector.wait_for(11);
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.exported, counts.lost()), (11, 0), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_long_outage_loses_spans_that_are_counted() {
    for protocol in BOTH {
        let mut collector = Collector::start(protocol);
        collector.stop();
        let (recorder, reader) = support::recorder();
        let builder = collector.builder().max_queue(20).max_batch(10);
        let builder = builder
            .export_timeout(Duration::from_millis(300))
            .recorder(recorder);
        let (tracing, _subscribed) = run(builder);
        spans(10);
        until("lost batch", || tracing.counts().export_failed == 10);
        collector.restart();
        spans(5);
        collector.wait_for(5);
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.exported, counts.lost()), (5, 10), "{protocol:?}");
        let metrics = reader.take();
        let dropped =
            |reason| metrics.counter("monitoring_spans_dropped_total", &[("reason", reason)]);
        assert_eq!(dropped("export_failed"), 10, "{protocol:?}");
        assert_eq!(dropped("queue_full"), 0, "{protocol:?}");
        assert_eq!(metrics.counter("monitoring_spans_exported_total", &[]), 5);
        let failures = metrics.counter("monitoring_span_export_failures_total", &[]);
        assert!((1..=20).contains(&failures), "{protocol:?}: {failures}");
    }
}

/// Spans cost no memory and no time while the collector does not answer.
#[tokio::test]
async fn a_collector_that_hangs_fills_the_queue_and_no_more() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::Hangs);
        let (tracing, _subscribed) = run(collector.builder().max_queue(100).max_batch(10));
        spans(10);
        until("attempt", || collector.attempts() == 1);
        let started = Instant::now();
        spans(100_000);
        assert!(started.elapsed() < Duration::from_secs(20));
        assert_eq!(tracing.counts().queue_full, 99_900, "{protocol:?}");
        let started = Instant::now();
        let counts = tracing.shutdown(Duration::from_millis(200)).await;
        let took = started.elapsed();
        assert!(
            (Duration::from_millis(200)..Duration::from_secs(5)).contains(&took),
            "{took:?}"
        );
        assert_eq!(counts.shutdown, 110, "{protocol:?}");
        assert_eq!(
            (counts.exported, counts.lost()),
            (0, 100_010),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn a_timeout_of_one_attempt_is_followed_by_another() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::Hangs);
        let (tracing, _subscribed) = run(collector.builder().timeout(Duration::from_millis(100)));
        spans(3);
        until("attempts", || collector.attempts() >= 2);
        collector.answer(Mode::Takes);
        collector.wait_for(3);
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.exported, counts.lost()), (3, 0), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_busy_collector_is_asked_again_and_one_that_refuses_is_not() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::Refuses(503));
        let (tracing, _subscribed) = run(collector.builder());
        spans(2);
        until("attempts", || collector.attempts() >= 2);
        collector.answer(Mode::Takes);
        collector.wait_for(2);

        let before = collector.attempts();
        collector.answer(Mode::Refuses(400));
        spans(4);
        until("refusal", || tracing.counts().rejected == 4);
        assert_eq!(collector.attempts(), before + 1, "{protocol:?}");

        collector.answer(Mode::Rejects(1));
        spans(3);
        until("rejected span", || tracing.counts().rejected == 5);
        // More than there were.
        collector.answer(Mode::Rejects(7));
        spans(2);
        until("rejected spans", || tracing.counts().rejected >= 7);
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.exported, counts.lost()), (4, 7), "{protocol:?}");
    }
}

#[tokio::test]
async fn spans_after_the_shutdown_are_counted() {
    let collector = Collector::start(BOTH[1]);
    let (tracing, _subscribed) = run(collector.builder());
    spans(1);
    let open = info_span!("open");
    assert_eq!(tracing.shutdown(MINUTE).await.exported, 1);
    drop(open);
    spans(2);
    // A second call waits for nothing.
    let counts = tracing.shutdown(MINUTE).await;
    assert_eq!((counts.exported, counts.shutdown), (1, 3));
}

#[tokio::test]
async fn no_time_is_too_long() {
    let collector = Collector::start(BOTH[1]);
    collector.answer(Mode::Busy("18446744073709551615"));
    let builder = collector.builder().batch_delay(MINUTE).max_batch(2);
    let (tracing, subscribed) = run(builder);
    spans(2);
    until("lost batch", || tracing.counts().export_failed == 2);
    collector.answer(Mode::Takes);
    // These wait for an hour.
    spans(3);
    let counts = tracing.shutdown(Duration::from_millis(20)).await;
    assert_eq!((counts.exported, counts.export_failed), (0, 2));
    assert_eq!((counts.shutdown, collector.attempts()), (3, 1));
    drop(subscribed);

    let patient = collector.builder().timeout(Duration::MAX).max_batch(1);
    let patient = patient
        .export_timeout(Duration::MAX)
        .batch_delay(Duration::MAX);
    let (tracing, _subscribed) = run(patient);
    spans(1);
    collector.wait_for(1);
    assert_eq!(tracing.shutdown(Duration::MAX).await.exported, 1);
}

/// A recorder that panics once, when the first failed attempt is counted.
#[derive(Clone)]
struct Cursed(Arc<AtomicBool>);

impl CounterFn for Cursed {
    fn increment(&self, _value: u64) {
        assert!(self.0.swap(true, Ordering::Relaxed), "cursed");
    }

    fn absolute(&self, _value: u64) {}
}

impl Recorder for Cursed {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match key.name() {
            "monitoring_span_export_failures_total" => Counter::from_arc(Arc::new(self.clone())),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn a_panic_loses_one_batch() {
    let log = &global().log;
    let collector = Collector::start(BOTH[1]);
    collector.answer(Mode::Refuses(400));
    let (tracing, _subscribed) = run(collector.builder().recorder(Cursed(Arc::default())));
    spans(2);
    until("lost batch", || tracing.counts().export_failed == 2);
    collector.answer(Mode::Takes);
    spans(3);
    collector.wait_for(3);
    let counts = tracing.shutdown(MINUTE).await;
    assert_eq!((counts.exported, counts.lost()), (3, 2));
    assert_eq!(log.count("the export panicked: cursed"), 1);
}

/// Forwards connections to this address. Those that are open when the flag is set stay open and forward nothing more.
fn forward(to: SocketAddr) -> (SocketAddr, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let is_silent = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&is_silent);
    std::thread::spawn(move || {
        for (at, client) in listener.incoming().enumerate() {
            let client = client.unwrap();
            let server = TcpStream::connect(to).unwrap();
            let (to_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            for (mut from, mut to) in [(client, to_server), (server, to_client)] {
                let flag = Arc::clone(&flag);
                std::thread::spawn(move || {
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = from.read(&mut buffer) {
                        let is_open = at > 0 || !flag.load(Ordering::Relaxed);
                        if is_open && to.write_all(&buffer[..count]).is_err() {
                            break;
                        }
                    }
                });
            }
        }
    });
    (address, is_silent)
}

/// The network drops the packets of a connection, and nobody closes it.
#[tokio::test]
async fn a_silent_connection_is_replaced() {
    let collector = Collector::start(BOTH[0]);
    let (address, is_silent) = forward(collector.address);
    let builder = collector.builder().endpoint(&format!("http://{address}"));
    let (tracing, _subscribed) = run(builder.timeout(Duration::from_millis(200)));
    spans(1);
    collector.wait_for(1);
    is_silent.store(true, Ordering::Relaxed);
    spans(1);
    collector.wait_for(2);
    assert_eq!(tracing.shutdown(MINUTE).await.exported, 2);
}

/// Without a handle there is no shutdown, and no more spans can come.
#[tokio::test]
async fn spans_are_sent_when_all_handles_are_gone() {
    const ROUNDS: usize = 50;
    let collector = Collector::start(BOTH[1]);
    for _ in 0..ROUNDS {
        let (tracing, subscribed) = run(collector.builder().max_batch(2).batch_delay(MINUTE));
        spans(3);
        drop((tracing, subscribed));
    }
    collector.wait_for(3 * ROUNDS);
}

/// The spans are not sent twice.
#[tokio::test]
async fn an_answer_of_200_that_breaks_off_is_an_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            // The request fits in one segment.
            let _ = connection.read(&mut [0; 8 * 1024]).unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab";
            connection.write_all(answer).unwrap();
        }
    });
    let builder = Tracing::builder().endpoint(&format!("http://{address}"));
    let (tracing, _subscribed) = run(builder.batch_delay(Duration::from_millis(10)));
    spans(2);
    let counts = tracing.shutdown(MINUTE).await;
    assert_eq!((counts.exported, counts.lost()), (2, 0));
    assert_eq!(requests.load(Ordering::Relaxed), 1);
}
