#!/usr/bin/env bash
# tracing 0.1.44, tracing-opentelemetry 0.34.0, opentelemetry 0.33.1, opentelemetry_sdk 0.33.1, tracing-subscriber 0.3.23.
#
# The field `otel.name` of a `tracing` span names its span of OpenTelemetry. A value that is recorded before the span is first entered takes the
# place of the one given at its creation. A value that is recorded later is dropped without a word: it becomes neither the name nor an
# attribute. So a route that is known only after the inner service
# ran cannot rename its span in this way. `OpenTelemetrySpanExt::context().span().update_name(..)` can.
#
# Seen: "before: GET /orders/{id}", "after: GET" and "update_name: GET /orders/{id}".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["testing", "trace"] }
tracing = "=0.1.44"
tracing-opentelemetry = { version = "=0.34.0", default-features = false }
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry"] }
TOML
cat >src/main.rs <<'RUST'
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

const NAME: &str = "GET /orders/{id}";

fn show(when: &str, handle: impl FnOnce(&Span)) {
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("finding"));
    tracing::subscriber::with_default(registry().with(layer), || {
        let span = info_span!("request", otel.name = "GET");
        handle(&span);
    });
    let span = spans.get_finished_spans().unwrap().remove(0);
    let is_attribute = span.attributes.iter().any(|it| it.value.as_str() == NAME);
    println!("{when}: {}, attribute {is_attribute}", span.name);
}

fn main() {
    show("before", |span| {
        span.record("otel.name", NAME);
        span.in_scope(|| ());
    });
    show("after", |span| {
        span.in_scope(|| ());
        span.record("otel.name", NAME);
    });
    show("update_name", |span| {
        span.in_scope(|| ());
        span.context().span().update_name(NAME);
    });
}
RUST
cargo build --quiet
seen=$(target/debug/finding)
echo "$seen"
[ "$seen" = "before: GET /orders/{id}, attribute false
after: GET, attribute false
update_name: GET /orders/{id}, attribute false" ]
