//! SIGTERM under load: the log, the spans and the losses of a service that ends.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_vitals::telemetry::otel::Protocol;

use crate::collector::{Collector, Mode, until, until_each};
use crate::rotel::{READING, logged};
use crate::service::{Caller, FLUSH, LAST_WORDS, LIMIT, Service};
use crate::support::env;

/// Requests that are answered before the signal.
const ANSWERED: usize = 300;

/// Sends the service SIGTERM while eight clients ask it without a pause. Returns the traces of all requests that were answered, and the
/// numbers of spans that were exported and lost.
async fn terminate_under_load(service: &mut Service) -> (BTreeSet<String>, (u64, u64)) {
    let answered = Arc::new(Mutex::new(BTreeSet::new()));
    let mut clients = JoinSet::new();
    for client in 0..8 {
        let (caller, answered) = (Caller::new(&service.address), Arc::clone(&answered));
        let path = if client % 2 == 0 {
            "/orders"
        } else {
            "/report"
        };
        clients.spawn(async move {
            while let Some(trace) = timeout(LIMIT, caller.ask(path)).await.unwrap() {
                answered.lock().unwrap().insert(trace);
            }
        });
    }
    tokio::task::block_in_place(|| {
        until("requests", || answered.lock().unwrap().len() >= ANSWERED);
    });
    service.terminate();
    let started = Instant::now();
    // Until the service takes no more connections.
    clients.join_all().await;
    let counts = tokio::task::block_in_place(|| service.end());
    let took = started.elapsed();
    // The last requests take 100 ms, and the log is there before the spans. The rest is for a slow machine.
    assert!(took < FLUSH + LIMIT, "{took:?}");
    assert_eq!(service.logged("last words").len(), LAST_WORDS);
    let answered = std::mem::take(&mut *answered.lock().unwrap());
    (answered, counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs an OTLP collector: tests/run"]
async fn each_answered_request_has_its_log_line_and_its_span() {
    for (protocol, endpoint) in [
        ("grpc", env("VITALS_OTLP_GRPC")),
        ("http/protobuf", env("VITALS_OTLP_HTTP")),
    ] {
        let mut service = Service::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100000"),
        ]);
        let (answered, (exported, lost)) = terminate_under_load(&mut service).await;
        let in_log = service.requests();
        assert!(in_log.is_superset(&answered), "{protocol}");
        assert_eq!(lost, 0, "{protocol}");
        let log = env("VITALS_OTLP_LOG");
        let spans = || logged(log.as_ref(), &service.name);
        until_each(READING, "spans in the log", || {
            spans().len() as u64 >= exported
        });
        let in_collector: BTreeSet<_> = spans().into_iter().map(|span| span.trace).collect();
        let different: Vec<_> = in_collector.symmetric_difference(&in_log).collect();
        assert_eq!(different.len(), 0, "{protocol}: {different:?}");
        assert_eq!(in_collector.len() as u64, exported, "{protocol}");
    }
}

/// The collector accepts connections and does not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_that_cannot_be_sent_are_reported() {
    let collector = Collector::start(Protocol::HttpProtobuf);
    collector.answer(Mode::Hangs);
    let mut service = Service::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100000"),
    ]);
    let (answered, counts) = terminate_under_load(&mut service).await;
    let in_log = service.requests();
    assert!(in_log.is_superset(&answered));
    assert_eq!(counts, (0, in_log.len() as u64));
    let report = "spans were lost at the shutdown: the collector did not take them in time";
    let lines = service.logged(report);
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["spans"], in_log.len() as u64);
}
