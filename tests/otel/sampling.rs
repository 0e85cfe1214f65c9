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

#[cfg(feature = "axum")]
mod of_requests {
    use std::fmt::Debug;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use futures_util::{FutureExt, StreamExt, stream};
    use http::{Request, Response};
    use http_body_util::{BodyExt, Empty};
    use tower::{Layer as _, ServiceExt, service_fn};
    use tower_vitals::telemetry::otel::Tracing;
    use tower_vitals::{ClientMetricsLayer, HttpLayer, ServerSpanLayer};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Instrument, Subscriber, info_span};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt};
    use tracing_subscriber::util::SubscriberInitExt;

    use super::{Collector, MINUTE, Protocol};
    use crate::services::{CALLER, TRACE};

    /// The headers of a request that is sent now.
    async fn sent() -> HeaderMap {
        let client = service_fn(async |request: Request<()>| {
            let mut response = Response::new(Empty::<bytes::Bytes>::new());
            *response.headers_mut() = request.headers().clone();
            Ok::<_, std::io::Error>(response)
        });
        let client = ClientMetricsLayer::new("stock").traces().layer(client);
        let request = Request::get("http://stock/items").body(()).unwrap();
        client.oneshot(request).await.unwrap().headers().clone()
    }

    async fn answer() -> String {
        let task = async { sent().instrument(info_span!("task")).await };
        let later = tokio::spawn(task.in_current_span());
        let sent = sent().instrument(info_span!("inside")).await;
        let [sent, later] =
            [sent, later.await.unwrap()].map(|it| it["traceparent"].to_str().unwrap().to_owned());
        assert_eq!((&sent[..35], &sent[52..]), (&later[..35], &later[52..]));
        sent
    }

    fn app() -> Router {
        let layer = HttpLayer::new().span(ServerSpanLayer::new());
        Router::new().route("/orders", get(answer)).layer(layer)
    }

    /// The `traceparent` that the service sends while it serves the request.
    async fn serve(app: Router, parent: Option<&str>) -> String {
        let mut request = Request::get("/orders?page=2");
        if let Some(parent) = parent {
            request = request.header("traceparent", parent);
        }
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
        let body = response.unwrap().into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_callers_decision_is_taken_over_and_sent_on() {
        let collector = Collector::start(Protocol::HttpProtobuf);
        let tracing = collector.builder().run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        for (flags, count) in [("00", 0), ("01", 5)] {
            let parent = format!("00-{TRACE}-{CALLER}-{flags}");
            let sent = serve(app(), Some(&parent)).await;
            assert_eq!((&sent[3..35], &sent[53..]), (TRACE, flags));
            assert!(!sent.contains(CALLER), "{sent}");
            assert_eq!(collector.wait_for(count).len(), count);
        }
        assert_eq!(tracing.shutdown(MINUTE).await.exported, 5);
    }

    #[tokio::test]
    async fn the_body_of_a_request_that_is_not_sampled_is_inside_its_span() {
        let collector = Collector::start(Protocol::HttpProtobuf);
        let tracing = collector.builder().run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let stream = async || {
            let frame = |_| {
                let sent = sent().now_or_never().unwrap();
                Ok::<_, std::io::Error>(sent["traceparent"].to_str().unwrap().to_owned())
            };
            Body::from_stream(stream::iter(0..3).map(frame))
        };
        let layer = HttpLayer::new().span(ServerSpanLayer::new());
        let app = Router::new().route("/orders", get(stream)).layer(layer);
        let sent = serve(app, Some(&format!("00-{TRACE}-{CALLER}-00"))).await;
        assert_eq!(sent.len(), 3 * 55);
        for frame in 0..3 {
            let parent = &sent[frame * 55..][..55];
            assert_eq!((&parent[3..35], &parent[53..]), (TRACE, "00"));
        }
        assert_eq!(tracing.shutdown(MINUTE).await.exported, 0);
    }

    /// So that services with the same sampler agree about a trace.
    #[tokio::test]
    async fn the_id_of_a_trace_that_begins_decides() {
        let collector = Collector::start(Protocol::HttpProtobuf);
        let tracing = collector.builder().sample_ratio(0.5).run().unwrap();
        let _subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        let (app, mut sampled) = (app(), 0);
        for _ in 0..200 {
            let sent = serve(app.clone(), None).await;
            let low = u64::from_str_radix(&sent[19..35], 16).unwrap();
            let is_sampled = low >> 1 < 1 << 62;
            assert_eq!(&sent[53..], if is_sampled { "01" } else { "00" }, "{sent}");
            sampled += u64::from(is_sampled);
        }
        assert!((50..=150).contains(&sampled), "{sampled}");
        assert_eq!(tracing.shutdown(MINUTE).await.exported, 5 * sampled);
    }

    type Names = Arc<Mutex<Vec<&'static str>>>;

    /// The names of the fields of the spans of requests.
    #[derive(Clone, Default)]
    struct Fields(Names);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, _value: &dyn Debug) {
            self.0.lock().unwrap().push(field.name());
        }
    }

    impl<S: Subscriber> Layer<S> for Fields {
        fn on_new_span(&self, attributes: &Attributes<'_>, _id: &Id, _context: Context<'_, S>) {
            if attributes.metadata().name() == "request" {
                attributes.record(&mut self.clone());
            }
        }

        fn on_record(&self, _id: &Id, values: &Record<'_>, _context: Context<'_, S>) {
            values.record(&mut self.clone());
        }
    }

    #[tokio::test]
    async fn a_request_that_is_not_sampled_has_no_attributes() {
        for (flags, expected) in [("00", 0), ("01", 10)] {
            let fields = Fields::default();
            let tracing = Tracing::builder().without_export().run().unwrap();
            let _subscribed = tracing_subscriber::registry()
                .with(tracing.layer())
                .with(fields.clone())
                .set_default();
            let layer = HttpLayer::new().span(ServerSpanLayer::new());
            let app = Router::new()
                .route("/orders", get(|| async {}))
                .layer(layer);
            serve(app, Some(&format!("00-{TRACE}-{CALLER}-{flags}"))).await;
            let names = fields.0.lock().unwrap();
            assert_eq!(names.len(), expected, "{names:?}");
        }
    }
}
