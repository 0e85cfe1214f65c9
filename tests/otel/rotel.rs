//! A real collector.

use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::until;
use crate::services::{CALLER, TRACE, order_through_two_services};
use crate::support::env;

/// A span in the collector's log.
#[derive(Debug)]
struct Logged {
    name: String,
    kind: String,
    trace: String,
    id: String,
    parent: String,
}

/// The spans of a service, in the log to which the collector writes all that it gets.
fn logged(service: &str) -> Vec<Logged> {
    let log = std::fs::read_to_string(env("VITALS_OTLP_LOG")).unwrap();
    let resources = log
        .split("ResourceSpans #")
        .filter(|part| part.contains(service));
    let spans = resources.flat_map(|part| part.split("\nSpan #").skip(1));
    let spans = spans.map(|span| {
        let value = |key: &str| {
            let mut lines = span.lines().filter_map(|line| line.trim().split_once(':'));
            let line = lines.find(|(name, _)| name.trim() == key);
            line.map_or(String::new(), |(_, value)| value.trim().to_owned())
        };
        Logged {
            name: value("Name"),
            kind: value("Kind"),
            trace: value("Trace ID"),
            id: value("ID"),
            parent: value("Parent ID"),
        }
    });
    spans.collect()
}

#[tokio::test]
#[ignore = "needs an OTLP collector: tests/run"]
async fn a_request_through_two_services_is_one_trace_in_a_real_collector() {
    for (protocol, endpoint) in [
        (Protocol::Grpc, env("VITALS_OTLP_GRPC")),
        (Protocol::HttpProtobuf, env("VITALS_OTLP_HTTP")),
    ] {
        let service = format!("shop-{protocol:?}-{}", std::process::id());
        let builder = Tracing::builder().protocol(protocol).endpoint(&endpoint);
        let tracing = builder.service_name(&service).run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        order_through_two_services().await;
        let counts = tracing.shutdown(Duration::from_secs(20)).await;
        assert_eq!((counts.exported, counts.lost()), (4, 0), "{protocol:?}");

        until("spans in the log", || logged(&service).len() == 4);
        let spans = logged(&service);
        let find = |name: &str, kind: &str| {
            let found = spans
                .iter()
                .find(|span| span.name == name && span.kind.ends_with(kind));
            found.unwrap_or_else(|| panic!("no {name}: {spans:?}"))
        };
        let server = find("GET /orders/{id}", "_SERVER");
        let call = find("GET", "_CLIENT");
        let other = find("GET /items/{id}", "_SERVER");
        let inner = find("read stock", "_INTERNAL");
        assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:?}");
        assert_eq!(server.parent, CALLER);
        assert_eq!(call.parent, server.id);
        assert_eq!(other.parent, call.id);
        assert_eq!(inner.parent, other.id);
    }
}
