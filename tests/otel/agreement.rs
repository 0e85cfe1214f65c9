//! A request's exemplar, log line and span, read back from Prometheus, the file and the collector.

use crate::collector::{until, until_each};
use crate::rotel::{READING, logged};
use crate::service::{Caller, Service};
use crate::support::env;
use crate::support::own_prometheus::OwnPrometheus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Prometheus 3 and an OTLP collector: tests/run"]
async fn an_exemplar_a_log_line_and_a_span_have_the_ids_of_their_request() {
    let Some(prometheus) = OwnPrometheus::start(&["exemplar-storage"]) else {
        return;
    };
    let collector = env("VITALS_OTLP_HTTP");
    let service = Service::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector)]);
    let trace = Caller::new(&service.address).ask("/orders").await.unwrap();

    let log = env("VITALS_OTLP_LOG");
    let spans = || logged(log.as_ref(), &service.name);
    until_each(READING, "span", || !spans().is_empty());
    let spans = spans();
    let [span] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!((&*span.name, &span.trace), ("GET /orders", &trace));

    for message in ["the orders are shown", "request"] {
        until("line", || !service.logged(message).is_empty());
        let lines = service.logged(message);
        let [line] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert_eq!(line["trace_id"], trace);
        assert_eq!(line["span_id"], span.id);
        assert_eq!(line["request_id"], span.attributes["request_id"]);
    }

    let _target = prometheus.scrape(&service.address, "/metrics", "agreement");
    for metric in [
        "http_request_duration_seconds_bucket",
        "http_requests_total",
    ] {
        let stored = || prometheus.exemplars(&format!("{metric}{{example=\"agreement\"}}"));
        until_each(READING, "exemplar", || !stored().is_empty());
        let exemplars = stored();
        let [exemplar] = &exemplars[..] else {
            panic!("{exemplars:?}")
        };
        assert_eq!(exemplar["labels"]["trace_id"], trace);
        assert_eq!(exemplar["labels"]["span_id"], span.id);
        assert_eq!(exemplar["seriesLabels"]["endpoint"], "/orders");
        if metric.ends_with("_bucket") {
            let seconds: f64 = exemplar["value"].as_str().unwrap().parse().unwrap();
            assert_eq!((seconds * 1e9).round() as u64, span.nanos);
        }
    }
}
