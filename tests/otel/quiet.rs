//! The exporter's own traffic.

use std::time::Duration;

use tower_vitals::telemetry::otel::Protocol;
use tracing::info_span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::Collector;

/// The exporter's own spans would be exported in turn, for ever. Its thread has no subscriber but the global one, which only this test
/// sets. The threads of the collectors have it, too.
#[tokio::test]
async fn the_export_makes_no_spans() {
    let (grpc, http) = (
        Collector::start(Protocol::Grpc),
        Collector::start(Protocol::HttpProtobuf),
    );
    let global = grpc.builder().level(LevelFilter::TRACE).run().unwrap();
    let layered = tracing_subscriber::registry().with(global.layer());
    tracing::subscriber::set_global_default(layered).unwrap();
    let other = http.builder().run().unwrap();
    for count in 1..=3 {
        drop(info_span!("a span"));
        grpc.wait_for(count);
        let subscribed = tracing_subscriber::registry()
            .with(other.layer())
            .set_default();
        drop(info_span!("a span"));
        drop(subscribed);
        http.wait_for(count);
    }
    other.shutdown(Duration::from_secs(60)).await;
    global.shutdown(Duration::from_secs(60)).await;
    for collector in [grpc, http] {
        let names: Vec<_> = collector
            .spans()
            .into_iter()
            .map(|span| span.name)
            .collect();
        assert_eq!(names, ["a span"; 3], "{:?}", collector.protocol);
    }
}
