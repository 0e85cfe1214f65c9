//! Which traces are sampled.

use std::time::Duration;

use tower_vitals::telemetry::otel::{Protocol, Tracing, TracingBuilder};
use tracing::{info_span, span::Span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::Collector;

const MINUTE: Duration = Duration::from_secs(60);

/// The names of the exported spans.
async fn exported(
    collector: &Collector,
    builder: TracingBuilder,
    act: impl FnOnce(),
) -> Vec<String> {
    let before = collector.spans().len();
    let tracing = builder.run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    act();
    tracing.shutdown(MINUTE).await;
    drop(subscribed);
    let mut names: Vec<_> = collector.spans()[before..]
        .iter()
        .map(|it| it.name.clone())
        .collect();
    names.sort_unstable();
    names
}

fn request(path: &str) -> Span {
    info_span!(
        "request",
        otel.kind = "server",
        otel.name = path,
        url.path = path
    )
}

#[tokio::test]
async fn probes_and_scrapes_are_left_out_with_everything_inside() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    for sampler in ["parentbased_always_on", "always_on", "traceidratio"] {
        let act = || {
            let paths = [
                "/metrics",
                "/metrics/json",
                "/healthz",
                "/livez",
                "/readyz",
                "/startupz",
                "/health/ready",
                "/ping",
                "/ping/x",
            ];
            for path in paths
                .into_iter()
                .chain(["/orders", "/pingpong", "/metricsx"])
            {
                request(path).in_scope(|| {
                    info_span!("check").in_scope(|| drop(info_span!("query")));
                    drop(info_span!(
                        "request",
                        otel.kind = "client",
                        url.path = "/metrics"
                    ));
                });
            }
            drop(info_span!("work", url.path = "/metrics"));
        };
        let builder = Tracing::from_vars([("OTEL_TRACES_SAMPLER", sampler)]);
        let builder = builder
            .unwrap()
            .endpoint(&collector.url())
            .exclude_path("/ping");
        let names = exported(&collector, builder, act).await;
        let expected = [
            "/metricsx",
            "/orders",
            "/pingpong",
            "check",
            "check",
            "check",
            "query",
            "query",
            "query",
            "request",
            "request",
            "request",
            "work",
        ];
        assert_eq!(names, expected, "{sampler}");
    }
}

#[tokio::test]
async fn the_share_of_traces_is_that_of_the_sampler() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    let act = || (0..2_000).for_each(|_| request("/orders").in_scope(|| drop(info_span!("inner"))));
    for (sampler, ratio, expected) in [
        ("always_off", "", 0..=0),
        ("ALWAYS_OFF", "", 0..=0),
        ("parentbased_always_off", "", 0..=0),
        ("always_on", "", 4_000..=4_000),
        ("Parentbased_TraceIdRatio", "0.25", 800..=1_200),
        ("traceidratio", "0.25", 800..=1_200),
        ("traceidratio", "0", 0..=0),
        ("traceidratio", "1", 4_000..=4_000),
        ("traceidratio", "", 4_000..=4_000),
    ] {
        let vars = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", ratio),
        ];
        let builder = Tracing::from_vars(vars);
        let builder = builder
            .unwrap()
            .endpoint(&collector.url())
            .max_queue(10_000);
        let names = exported(&collector, builder, act).await;
        assert!(
            expected.contains(&names.len()),
            "{sampler} {ratio}: {}",
            names.len()
        );
        // A trace is whole or not there.
        let roots = names.iter().filter(|name| *name == "/orders").count();
        assert_eq!(2 * roots, names.len(), "{sampler} {ratio}");
    }
}
