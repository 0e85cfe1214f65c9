//! A real collector that takes smaller requests than others.

use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::limits::large_span;
use crate::own_rotel::OwnRotel;

#[tokio::test]
#[ignore = "needs rotel: tests/run"]
async fn a_real_collector_with_a_small_limit_gets_smaller_requests() {
    let collector = OwnRotel::start(&["--otlp-grpc-max-recv-msg-size-mib", "1"]);
    let (recorder, reader) = crate::support::recorder();
    let tracing = Tracing::builder()
        .protocol(Protocol::Grpc)
        .endpoint(&collector.grpc())
        .recorder(recorder)
        .run()
        .unwrap();
    let _subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    // 2 MB together.
    let text = "d".repeat(4_000);
    (0..50).for_each(|_| large_span(&text));
    let counts = tracing.shutdown(Duration::from_secs(20)).await;
    assert_eq!((counts.exported, counts.lost()), (50, 0));
    let failures = reader
        .take()
        .counter("monitoring_span_export_failures_total", &[]);
    assert!((1..=3).contains(&failures), "{failures}");
}
