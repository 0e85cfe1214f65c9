//! A real collector.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::until_each;
use crate::endings::{requests_that_end_in_all_ways, seen};
use crate::services::{CALLER, TRACE, order_through_two_services};
use crate::support::env;

/// The pause between two readings of the collector's log, which is long.
pub(crate) const READING: Duration = Duration::from_millis(50);

/// A span in the collector's log.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) nanos: u64,
    pub(crate) is_error: bool,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// The spans of a service, in the log to which the collector writes all that it gets.
pub(crate) fn logged(log: &Path, service: &str) -> Vec<Logged> {
    let log = std::fs::read_to_string(log).unwrap();
    let resources = log.split("ResourceSpans #");
    let name = format!("service.name: Str({service})\n");
    let resources = resources.filter(|part| part.contains(&name));
    let spans = resources.flat_map(|part| part.split("\nSpan #").skip(1));
    let spans = spans.filter_map(Logged::parse);
    spans.collect()
}

impl Logged {
    /// `None` if the collector is still writing the span.
    fn parse(span: &str) -> Option<Self> {
        let (span, _events) = span.split_once("\nEvents:").unwrap_or((span, ""));
        let (head, attributes) = span.split_once("\nAttributes:").unwrap_or((span, ""));
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let head: BTreeMap<_, _> = lines
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let nanos = |key| head.get(key)?.parse::<u64>().ok();
        let attributes = attributes.lines().filter_map(|line| {
            let (key, value) = line.trim().strip_prefix("-> ")?.split_once(": ")?;
            let (_type, value) = value.strip_suffix(')')?.split_once('(')?;
            Some((key.to_owned(), value.to_owned()))
        });
        let value = |key| Some((*head.get(key)?).to_owned());
        let parsed = Self {
            name: value("Name")?,
            kind: value("Kind")?,
            trace: value("Trace ID")?,
            id: value("ID")?,
            parent: value("Parent ID")?,
            nanos: nanos("End time")? - nanos("Start time")?,
            is_error: value("Status code")? == "STATUS_CODE_ERROR",
            attributes: attributes.collect(),
        };
        // The last attribute of the spans of requests.
        let is_complete =
            parsed.kind.ends_with("_INTERNAL") || parsed.attributes.contains_key("duration_ms");
        is_complete.then_some(parsed)
    }
}

/// Exports to the collector what `run` does, over both protocols. Returns what `run` returned, and the spans.
async fn exported<R>(what: &str, run: impl AsyncFn() -> R) -> Vec<(R, Vec<Logged>)> {
    let mut exported = Vec::new();
    for (protocol, endpoint) in [
        (Protocol::Grpc, env("VITALS_OTLP_GRPC")),
        (Protocol::HttpProtobuf, env("VITALS_OTLP_HTTP")),
    ] {
        let service = format!("{what}-{protocol:?}-{}", std::process::id());
        let builder = Tracing::builder().protocol(protocol).endpoint(&endpoint);
        let tracing = builder.service_name(&service).run().unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let returned = run().await;
        let counts = tracing.shutdown(Duration::from_secs(20)).await;
        drop(subscribed);
        assert_eq!(counts.lost(), 0, "{protocol:?}");
        let log = env("VITALS_OTLP_LOG");
        let spans = || logged(log.as_ref(), &service);
        until_each(READING, "spans in the log", || {
            spans().len() as u64 == counts.exported
        });
        exported.push((returned, spans()));
    }
    exported
}

#[tokio::test]
#[ignore = "needs an OTLP collector: tests/run"]
async fn a_request_through_two_services_is_one_trace_in_a_real_collector() {
    for ((), spans) in exported("shop", async || drop(order_through_two_services().await)).await {
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
        assert_eq!(spans.len(), 4);
        assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:?}");
        assert_eq!(server.parent, CALLER);
        assert_eq!(call.parent, server.id);
        assert_eq!(other.parent, call.id);
        assert_eq!(inner.parent, other.id);
    }
}

#[tokio::test]
#[ignore = "needs an OTLP collector: tests/run"]
async fn a_real_collector_gets_the_duration_and_the_error_of_the_metric() {
    for (ended, mut spans) in exported("endings", requests_that_end_in_all_ways).await {
        spans.sort_by(|a, b| a.name.cmp(&b.name));
        let seen = spans.iter().map(|span| {
            seen(&span.name, span.nanos, span.is_error, |key| {
                span.attributes.get(key).cloned()
            })
        });
        assert_eq!(seen.collect::<Vec<_>>(), ended);
    }
}
