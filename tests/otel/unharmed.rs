//! A service whose collector is away, slow or busy: requests are answered, few spans are kept, and losses are counted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_vitals::{HttpLayer, ServerSpanLayer};
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, Mode, until};
use crate::support;

const REQUESTS: u64 = 300;
const QUEUE: u64 = 40;
const BATCH: u64 = 10;

/// Sends a request, which must be answered at once: nothing of it waits for the collector.
async fn ask(app: &Router, path: &str) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(5), async {
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap()
    });
    answered.await.unwrap();
}

/// `None` refuses connections.
async fn survives(mut collector: Collector, fault: Option<Mode>, reason: &str) {
    let case = format!("{:?} {fault:?}", collector.protocol);
    match fault {
        Some(mode) => collector.answer(mode),
        None => collector.stop(),
    }
    let (recorder, reader) = support::recorder();
    let tracing = collector
        .builder()
        .max_queue(QUEUE as usize)
        .max_batch(BATCH as usize)
        .timeout(Duration::from_millis(200))
        .export_timeout(Duration::from_millis(500))
        .recorder(recorder);
    let tracing = tracing.run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let app = Router::new()
        .route("/orders", get(async || "orders"))
        .route("/last", get(async || "last"))
        .layer(HttpLayer::new().span(ServerSpanLayer::new()));
    let lost = |reason: &str| {
        reader
            .take()
            .counter("monitoring_spans_dropped_total", &[("reason", reason)])
    };
    let mut sent = 0;
    let deadline = Instant::now() + Duration::from_secs(20);
    while sent < REQUESTS || lost(reason) == 0 {
        assert!(
            Instant::now() < deadline,
            "{case}: nothing is lost for {reason}"
        );
        ask(&app, "/orders").await;
        sent += 1;
        let kept = sent - tracing.counts().lost();
        assert!(kept <= QUEUE + BATCH, "{case}: {kept} spans are kept");
    }

    match fault {
        Some(_) => collector.answer(Mode::Takes),
        None => collector.restart(),
    }
    // Until the queue has room.
    while !collector
        .spans()
        .iter()
        .any(|span| span.name == "GET /last")
    {
        assert!(Instant::now() < deadline, "{case}: no spans again");
        ask(&app, "/last").await;
        sent += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let counts = tracing.shutdown(Duration::from_secs(60)).await;
    assert_eq!(counts.exported + counts.lost(), sent, "{case}");
    let spans = collector.spans();
    let taken: BTreeSet<_> = spans.iter().map(|span| &span.span_id).collect();
    // An answer that came too late is none.
    let known = counts.exported..=counts.exported + counts.export_failed;
    assert!(
        known.contains(&(taken.len() as u64)),
        "{case}: {} of {counts:?}",
        taken.len()
    );
    for (reason, count) in [
        ("queue_full", counts.queue_full),
        ("export_failed", counts.export_failed),
        ("rejected", counts.rejected),
        ("shutdown", 0),
    ] {
        assert_eq!(lost(reason), count, "{case}: {reason}");
    }
    let metrics = reader.take();
    assert_eq!(
        metrics.counter("monitoring_spans_exported_total", &[]),
        counts.exported
    );
    assert!(
        metrics.counter("monitoring_span_export_failures_total", &[]) > 0,
        "{case}"
    );
}

#[tokio::test]
async fn a_service_survives_a_collector_that_is_away() {
    for protocol in BOTH {
        survives(Collector::start(protocol), None, "export_failed").await;
    }
}

#[tokio::test]
async fn a_service_survives_a_collector_that_does_not_answer() {
    for protocol in BOTH {
        survives(
            Collector::start(protocol),
            Some(Mode::Hangs),
            "export_failed",
        )
        .await;
    }
}

#[tokio::test]
async fn a_service_survives_a_collector_that_is_busy() {
    for protocol in BOTH {
        for mode in [Mode::Refuses(503), Mode::Busy("1")] {
            survives(Collector::start(protocol), Some(mode), "export_failed").await;
        }
    }
    let http = Collector::start(BOTH[1]);
    survives(http, Some(Mode::Refuses(429)), "export_failed").await;
}

#[tokio::test]
async fn a_service_survives_a_collector_that_refuses_its_spans() {
    for protocol in BOTH {
        survives(
            Collector::start(protocol),
            Some(Mode::Refuses(400)),
            "rejected",
        )
        .await;
    }
}

#[tokio::test]
async fn the_pause_that_a_collector_asks_for_is_kept() {
    let collector = Collector::start(BOTH[1]);
    collector.answer(Mode::Busy("1"));
    let tracing = collector.builder().run().unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let started = Instant::now();
    drop(info_span!("span"));
    until("attempt", || collector.attempts() == 1);
    collector.answer(Mode::Takes);
    collector.wait_for(1);
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert_eq!(collector.attempts(), 2);
}

/// A batch whose time ends during the pause is lost, but the next one waits.
#[tokio::test]
async fn a_pause_longer_than_the_time_of_a_batch_is_kept() {
    let collector = Collector::start(BOTH[1]);
    collector.answer(Mode::Busy("1"));
    let builder = collector.builder().max_batch(1);
    let tracing = builder
        .export_timeout(Duration::from_millis(500))
        .run()
        .unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    let started = Instant::now();
    for _ in 0..3 {
        drop(info_span!("span"));
    }
    for lost in 1..=2 {
        until("loss", || tracing.counts().export_failed >= lost);
        let (took, least) = (started.elapsed(), Duration::from_secs(lost - 1));
        assert!(took >= least, "{lost} lost after {took:?}");
    }
    collector.answer(Mode::Takes);
    assert_eq!(tracing.shutdown(Duration::from_secs(60)).await.exported, 1);
    let took = started.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert_eq!(collector.attempts(), 3);
}

/// The time of a batch is that of all its parts.
#[tokio::test]
async fn a_batch_in_parts_has_no_more_time() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::HangsAtMost(1));
        let builder = collector.builder().batch_delay(Duration::from_secs(60));
        let tracing = builder
            .export_timeout(Duration::from_secs(1))
            .max_batch(8)
            .run()
            .unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        for _ in 0..8 {
            drop(info_span!("span"));
        }
        until("loss", || tracing.counts().export_failed == 8);
        // Of 8, 4, 2 and 1 spans.
        assert!(collector.attempts() <= 4, "{}", collector.attempts());
    }
}
