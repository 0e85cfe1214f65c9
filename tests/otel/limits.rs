//! The limits of spans in bytes.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, Mode, attribute, count, until};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn long_texts_are_cut() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector.builder().run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let long = format!("a{}", "é".repeat(100_000));
        let text = |before: usize| format!("{} password=pl4nted-s3cret", "b".repeat(before));
        let span = info_span!(
            "span",
            otel.name = long,
            otel.status_description = long,
            long,
            exact = "c".repeat(4096),
            // The limit is within the secret, and before it.
            within = text(4080),
            before = text(4095),
            // The text that waits ends within the secret.
            waiting = text(8180),
        );
        span.in_scope(|| info!(value = long, "{long}"));
        drop(span);
        assert_eq!(tracing.shutdown(MINUTE).await.exported, 1);
        let spans = collector.spans();
        let shown = format!("{spans:?}");
        assert!(!shown.contains("pl4"), "{protocol:?}: a part of the secret");
        let Span {
            name,
            attributes,
            events,
            status,
            ..
        } = &spans[0];
        let cut = &long[..4095];
        assert_eq!((&**name, &*events[0].name), (cut, cut));
        assert_eq!(status.as_ref().unwrap().message, cut);
        let value = |key| attribute(attributes, key).unwrap();
        assert_eq!(value("long"), cut);
        assert_eq!(attribute(&events[0].attributes, "value").unwrap(), cut);
        assert_eq!(value("exact"), "c".repeat(4096));
        assert_eq!(value("within").len(), 4096);
        assert_eq!(value("before"), format!("{} ", "b".repeat(4095)));
        assert_eq!(value("waiting"), "b".repeat(4096));
    }
}

/// About 80 KiB, of which 40 KiB are exported.
pub(crate) fn large_span(text: &str) {
    drop(info_span!(
        "span",
        a = text,
        b = text,
        c = text,
        d = text,
        e = text,
        f = text,
        g = text,
        h = text,
        i = text,
        j = text
    ));
}

fn run(collector: &Collector) -> (Tracing, tracing::subscriber::DefaultGuard) {
    let tracing = collector.builder().run().unwrap();
    let layer = tracing.layer();
    let subscribed = tracing_subscriber::registry().with(layer).set_default();
    (tracing, subscribed)
}

#[tokio::test]
async fn a_request_is_small_enough_for_collectors() {
    let collector = Collector::start(Protocol::Grpc);
    let (tracing, _subscribed) = run(&collector);
    let text = "d".repeat(10_000);
    (0..200).for_each(|_| large_span(&text));
    let counts = tracing.shutdown(MINUTE).await;
    assert_eq!((counts.exported, counts.lost()), (200, 0));
    for request in collector.requests() {
        let size = request.encoded_len();
        assert!(size <= 2 * 1024 * 1024, "{size}");
    }
}

#[tokio::test]
async fn the_queue_is_bounded_by_bytes() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    collector.answer(Mode::Hangs);
    let (tracing, _subscribed) = run(&collector);
    let text = "e".repeat(100_000);
    large_span(&text);
    until("attempt", || collector.attempts() == 1);
    // 32 MiB hold about 400 of them.
    (0..600).for_each(|_| large_span(&text));
    let dropped = tracing.counts().queue_full;
    assert!((180..=220).contains(&dropped), "{dropped}");
    let counts = tracing.shutdown(Duration::from_millis(1)).await;
    assert_eq!(counts.lost(), 601);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::AtMost(3));
        let tracing = collector.builder().max_batch(10).batch_delay(MINUTE);
        let (recorder, reader) = crate::support::recorder();
        let tracing = tracing.recorder(recorder).run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        for number in 0..10 {
            drop(info_span!("span", number));
        }
        let spans = collector.wait_for(10);
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.exported, counts.lost()), (10, 0), "{protocol:?}");
        let sizes: Vec<_> = collector.requests().iter().map(count).collect();
        assert_eq!(sizes, [2, 3, 2, 3], "{protocol:?}");
        let numbers = spans
            .iter()
            .map(|span| attribute(&span.attributes, "number").unwrap());
        assert_eq!(numbers.collect::<String>(), "0123456789", "{protocol:?}");
        let requests = collector.requests();
        assert!(
            requests
                .iter()
                .all(|it| it.resource_spans[0].resource == requests[0].resource_spans[0].resource)
        );
        let failures = reader
            .take()
            .counter("monitoring_span_export_failures_total", &[]);
        assert_eq!(failures, 3, "{protocol:?}");
    }
}

/// Some proxies call all requests too large.
#[tokio::test]
async fn a_span_that_is_too_large_is_rejected() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        collector.answer(Mode::AtMost(0));
        let tracing = collector
            .builder()
            .max_batch(512)
            .batch_delay(MINUTE)
            .run()
            .unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        (0..3).for_each(|_| drop(info_span!("span")));
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.rejected, counts.lost()), (3, 3), "{protocol:?}");
        assert_eq!(collector.attempts(), 5, "{protocol:?}");

        let tracing = collector
            .builder()
            .max_batch(512)
            .batch_delay(MINUTE)
            .run()
            .unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        (0..512).for_each(|_| drop(info_span!("span")));
        let counts = tracing.shutdown(MINUTE).await;
        assert_eq!((counts.rejected, counts.lost()), (512, 512), "{protocol:?}");
        // Down to requests of 8 spans.
        assert_eq!(collector.attempts(), 5 + 127, "{protocol:?}");
    }
}
