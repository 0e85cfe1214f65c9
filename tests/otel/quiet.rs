//! The exporter's own traffic.

use std::sync::LazyLock;
use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing::info_span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::Collector;
use crate::support::log::Log;

/// The subscriber of all threads that have none of their own, such as those of exporters and collectors.
pub(crate) struct Global {
    collector: Collector,
    tracing: Tracing,
    pub(crate) log: Log,
}

pub(crate) fn global() -> &'static Global {
    static GLOBAL: LazyLock<Global> = LazyLock::new(|| {
        let collector = Collector::start(Protocol::Grpc);
        let builder = collector.builder().level(LevelFilter::TRACE);
        let (tracing, log) = (builder.run().unwrap(), Log::default());
        let writer = log.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .with_filter(LevelFilter::INFO);
        let layered = tracing_subscriber::registry()
            .with(tracing.layer())
            .with(lines);
        tracing::subscriber::set_global_default(layered).unwrap();
        Global {
            collector,
            tracing,
            log,
        }
    });
    &GLOBAL
}

/// The exporter's own spans would be exported in turn, for ever. Its thread has no subscriber but the global one, as have the threads
/// of the collectors.
#[tokio::test]
async fn the_export_makes_no_spans() {
    let http = Collector::start(Protocol::HttpProtobuf);
    let Global {
        collector: grpc,
        tracing: global,
        ..
    } = global();
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
    for collector in [grpc, &http] {
        let names: Vec<_> = collector
            .spans()
            .into_iter()
            .map(|span| span.name)
            .collect();
        assert_eq!(names, ["a span"; 3], "{:?}", collector.protocol);
    }
}
