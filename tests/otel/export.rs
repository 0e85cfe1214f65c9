//! The way of spans to the collector.

use std::time::Duration;

use tower_vitals::telemetry::otel::Tracing;
use tracing::{error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::collector::{BOTH, Collector, attribute};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn spans_arrive_with_their_service_their_parents_and_their_events() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector
            .builder()
            .resource_attribute("service.version", "1.2.3");
        let tracing = tracing.header("x-tenant", "tenant-4711").run().unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        info_span!("outer", otel.kind = "server", items = 3).in_scope(|| {
            info!(sku = "A-1", "reserved");
            info_span!("inner").in_scope(|| error!("out of stock"));
        });
        let counts = tracing.shutdown(MINUTE).await;
        drop(subscribed);
        assert_eq!((counts.exported, counts.lost()), (2, 0), "{protocol:?}");

        let spans = collector.wait_for(2);
        let [inner, outer] = &spans[..] else {
            panic!("{spans:?}");
        };
        assert_eq!((&*inner.name, &*outer.name), ("inner", "outer"));
        assert_eq!(inner.trace_id, outer.trace_id);
        assert_eq!(inner.parent_span_id, outer.span_id);
        assert!(outer.parent_span_id.is_empty());
        assert_eq!(outer.kind, 2, "a server's");
        assert_eq!(attribute(&outer.attributes, "items").unwrap(), "3");
        assert_eq!(outer.events[0].name, "reserved");
        assert_eq!(
            attribute(&outer.events[0].attributes, "sku").unwrap(),
            "A-1"
        );
        assert_eq!(inner.status.as_ref().unwrap().code, 2, "an error");
        assert_eq!(outer.status.as_ref().map_or(0, |status| status.code), 0);

        let request = &collector.requests()[0].resource_spans[0];
        let resource = &request.resource.as_ref().unwrap().attributes;
        assert_eq!(attribute(resource, "service.name").unwrap(), "shop");
        assert_eq!(attribute(resource, "service.version").unwrap(), "1.2.3");
        assert_eq!(
            attribute(resource, "telemetry.sdk.language").unwrap(),
            "rust"
        );
        assert_eq!(
            request.scope_spans[0].scope.as_ref().unwrap().name,
            "tower-vitals"
        );
        assert_eq!(collector.headers()[0]["x-tenant"], "tenant-4711");
    }
}

/// Without a shutdown: after the delay, and at once if there is a whole batch.
#[tokio::test]
async fn spans_are_sent_after_the_delay_or_with_a_whole_batch() {
    for protocol in BOTH {
        let collector = Collector::start(protocol);
        let tracing = collector.builder().run().unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(tracing.layer())
            .set_default();
        drop(info_span!("alone"));
        assert_eq!(collector.wait_for(1)[0].name, "alone");
        drop(subscribed);

        let batches = collector
            .builder()
            .batch_delay(MINUTE)
            .max_batch(3)
            .run()
            .unwrap();
        let subscribed = tracing_subscriber::registry()
            .with(batches.layer())
            .set_default();
        (0..7).for_each(|_| drop(info_span!("together")));
        collector.wait_for(1 + 6);
        assert_eq!(batches.shutdown(MINUTE).await.exported, 7, "{protocol:?}");
        drop(subscribed);
        let sizes = collector.requests().into_iter().skip(1).map(|request| {
            let scopes = &request.resource_spans[0].scope_spans;
            scopes.iter().map(|scope| scope.spans.len()).sum::<usize>()
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [3, 3, 1], "{protocol:?}");
    }
}

/// All handles and layers are gone, so no one can call `shutdown`.
#[test]
fn spans_are_sent_when_everything_is_dropped() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().batch_delay(MINUTE).run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    drop(tracing);
    drop(info_span!("last"));
    drop(subscribed);
    assert_eq!(collector.wait_for(1)[0].name, "last");
}

#[tokio::test]
async fn other_targets_and_levels_are_left_out() {
    let collector = Collector::start(BOTH[1]);
    let tracing = collector.builder().exclude_target("noisy").run().unwrap();
    let subscribed = tracing_subscriber::registry()
        .with(tracing.layer())
        .set_default();
    info_span!("kept").in_scope(|| {
        drop(info_span!(target: "h2::client", "left out"));
        drop(info_span!(target: "tower::buffer", "left out"));
        drop(info_span!(target: "noisy::deep", "left out"));
        drop(tracing::debug_span!("left out"));
        drop(info_span!(target: "tower_http::trace", "of tower-http"));
        info_span!(target: "hyper", "between").in_scope(|| drop(info_span!("grandchild")));
        warn!(target: "h2", "left out");
    });
    assert_eq!(tracing.shutdown(MINUTE).await.exported, 3);
    drop(subscribed);
    let spans = collector.wait_for(3);
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["grandchild", "kept", "of tower-http"]);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!(spans[1].events.len(), 0);
}

#[tokio::test]
async fn without_export_spans_have_ids_and_disabled_there_are_none() {
    let off = Tracing::builder().without_export().run().unwrap();
    assert!(!off.is_exporting());
    let subscribed = tracing_subscriber::registry()
        .with(off.layer())
        .set_default();
    info_span!("outer").in_scope(|| {
        let context = opentelemetry::Context::current();
        assert!(opentelemetry::trace::TraceContextExt::has_active_span(
            &context
        ));
    });
    assert_eq!(off.shutdown(MINUTE).await.exported, 0);
    drop(subscribed);
    let disabled = Tracing::builder().disabled(true).run().unwrap();
    assert!(!disabled.is_exporting());
    let subscribed = tracing_subscriber::registry()
        .with(disabled.layer())
        .set_default();
    info_span!("outer").in_scope(|| {
        let context = opentelemetry::Context::current();
        assert!(!opentelemetry::trace::TraceContextExt::has_active_span(
            &context
        ));
    });
    drop(subscribed);
}
