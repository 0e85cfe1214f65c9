//! The instruments: the families, labels and outcomes they record.

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::support::Taken;
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::debugging::DebuggingRecorder;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_vitals::Prometheus;
use tower_vitals::catalog::{FAMILIES, Kind};
use tower_vitals::instrument::{
    Connections, DatabaseConnections, Errors, EventTypes, Events, ExternalApi, Plugins, Query,
    RedisConnections, ServiceCalls, Storage, Tokens,
};

/// A recorder that several instruments share.
#[derive(Clone)]
struct Shared(Arc<DebuggingRecorder>);

impl Recorder for Shared {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.0.describe_counter(key, unit, text);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.0.describe_gauge(key, unit, text);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, text: SharedString) {
        self.0.describe_histogram(key, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.0.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.0.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        self.0.register_histogram(key, metadata)
    }
}

fn recorder() -> (Shared, crate::support::Reader) {
    let (recorder, reader) = crate::support::recorder();
    (Shared(Arc::new(recorder)), reader)
}

type Work = Pin<Box<dyn Future<Output = Result<u32, String>>>>;

/// Observes futures with every outcome: two successes, a failure, two cancellations and a panic.
fn observe_every_outcome(observe: impl AsyncFn(Work) -> Result<u32, String>) {
    let run = |work: Work| observe(work).now_or_never();
    let never = || poll_fn(|_| Poll::<Result<u32, String>>::Pending);
    assert_eq!(run(Box::pin(ready(Ok(1)))), Some(Ok(1)));
    assert_eq!(run(Box::pin(async { Ok(2) })), Some(Ok(2)));
    assert_eq!(
        run(Box::pin(ready(Err("no".to_owned())))),
        Some(Err("no".to_owned()))
    );
    assert_eq!(run(Box::pin(never())), None);
    assert_eq!(run(Box::pin(pending())), None);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        run(Box::pin(async { panic!("on purpose") }))
    }));
    assert!(panicked.is_err(), "the panic propagates");
}

#[track_caller]
fn assert_counts(
    taken: &Taken,
    name: &str,
    labels: &[(&str, &str)],
    label: &str,
    counts: &[(&str, u64)],
) {
    for (value, count) in counts {
        let all: Vec<_> = labels.iter().copied().chain([(label, *value)]).collect();
        assert_eq!(
            taken.counter(name, &all),
            *count,
            "{name} {all:?} of {taken:?}"
        );
    }
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    assert_eq!(taken.counter(name, &[]), total, "{name}: {taken:?}");
}

#[test]
fn service_calls_are_counted_by_outcome() {
    let (recorder, reader) = recorder();
    let billing = ServiceCalls::new("billing").recorder(recorder);
    observe_every_outcome(async |work| billing.observe(work).await);
    billing.record(true, Duration::from_millis(250));
    billing.record(false, Duration::from_millis(750));
    let taken = reader.take();
    let outcomes = [
        ("success", 3),
        ("failure", 2),
        ("cancelled", 2),
        ("panic", 1),
    ];
    assert_counts(
        &taken,
        "service_calls_total",
        &[("service_name", "billing")],
        "status",
        &outcomes,
    );
    let durations = taken.samples(
        "service_call_duration_seconds",
        &[("service_name", "billing")],
    );
    assert_eq!(durations.len(), 8);
    assert_eq!(durations[6..], [0.25, 0.75]);
}

#[tokio::test]
async fn service_calls_are_a_layer_for_any_service() {
    let (recorder, reader) = recorder();
    let layer = ServiceCalls::new("double").recorder(recorder);
    let service = layer.layer(service_fn(|number: i32| async move {
        match number {
            0.. => Ok(number * 2),
            _ => Err("negative"),
        }
    }));
    assert_eq!(service.clone().oneshot(4).await, Ok(8));
    assert_eq!(service.clone().oneshot(-4).await, Err("negative"));
    drop(service.clone().call(1));
    let mut panics = layer.layer(service_fn(|(): ()| -> std::future::Ready<Result<(), ()>> {
        panic!("in call")
    }));
    assert!(catch_unwind(AssertUnwindSafe(|| panics.call(()))).is_err());
    let outcomes = [
        ("success", 1),
        ("failure", 1),
        ("cancelled", 1),
        ("panic", 1),
    ];
    let taken = reader.take();
    assert_counts(
        &taken,
        "service_calls_total",
        &[("service_name", "double")],
        "status",
        &outcomes,
    );
}

#[test]
fn external_api_requests_are_counted_by_status() {
    let (recorder, reader) = recorder();
    let charges = ExternalApi::new("stripe", "/v1/charges").recorder(recorder);
    observe_every_outcome(async |work| charges.observe(work).await);
    charges.record(StatusCode::CREATED, Duration::from_millis(500));
    charges.record(StatusCode::CREATED, Duration::from_millis(500));
    charges.record_timeout(Duration::from_secs(3));
    charges.record_error(Duration::from_secs(1));
    let taken = reader.take();
    let statuses = [
        ("success", 2),
        ("error", 3),
        ("cancelled", 2),
        ("201", 2),
        ("timeout", 1),
    ];
    let labels = [("service", "stripe"), ("endpoint", "/v1/charges")];
    assert_counts(
        &taken,
        "external_api_requests_total",
        &labels,
        "status",
        &statuses,
    );
    let durations = taken.samples("external_api_duration_seconds", &[("service", "stripe")]);
    assert_eq!(durations.len(), 10);
    assert_eq!(durations[6..], [0.5, 0.5, 3.0, 1.0]);
}

#[test]
fn queries_are_timed_however_they_end() {
    let (recorder, reader) = recorder();
    let select = Query::new("select").recorder(recorder);
    observe_every_outcome(async |work| select.observe(work).await);
    select.record(Duration::from_secs(2));
    let taken = reader.take();
    let durations = taken.samples("db_query_duration_seconds", &[("query_type", "select")]);
    assert_eq!((durations.len(), durations[6]), (7, 2.0));
}

#[test]
fn operations_events_errors_and_tokens_are_counted() {
    let (recorder, reader) = recorder();
    let get = Storage::new("get", "sessions").recorder(recorder.clone());
    observe_every_outcome(async |work| get.observe(work).await);
    get.record();
    let placed = Events::new("order.placed").recorder(recorder.clone());
    placed.record();
    placed.record_many(4);
    Errors::new("torn_page", "ledger")
        .recorder(recorder.clone())
        .record();
    let tokens = Tokens::new("small-1", "USD").recorder(recorder);
    tokens.record(812, 64);
    tokens.record(1, 1);
    for cost in [0.25, 1.5, -1.0, f64::NAN, f64::INFINITY] {
        tokens.record_cost(cost);
    }
    let taken = reader.take();
    let get = [("operation", "get"), ("namespace", "sessions")];
    assert_eq!(taken.counter("storage_operations_total", &get), 7);
    assert_eq!(
        taken.counter("events_total", &[("event_type", "order.placed")]),
        5
    );
    let torn = [("error_type", "torn_page"), ("component", "ledger")];
    assert_eq!(taken.counter("errors_total", &torn), 1);
    let model = [("model", "small-1")];
    assert_counts(
        &taken,
        "tokens_total",
        &model,
        "kind",
        &[("prompt", 813), ("completion", 65)],
    );
    let paid = [("model", "small-1"), ("currency", "USD")];
    assert_eq!(taken.gauge("token_cost_total", &paid), 1.75);
}

#[tokio::test]
async fn events_in_a_stream_are_counted_by_pattern() {
    let (recorder, reader) = recorder();
    let types = EventTypes::new(["order.placed", "internal.*", "order.*"])
        .unwrap()
        .recorder(recorder);
    let names = [
        "order.placed",
        "internal.a",
        "internal.b.c",
        "order.sent",
        "internal",
        "user",
    ];
    let passed: Vec<_> = types
        .track(stream::iter(names), |name| *name)
        .collect()
        .await;
    assert_eq!(passed, names);
    types.record("order.placed");
    // More names do not create more series.
    for n in 0..1000 {
        types.record(&format!("user.{n}"));
    }
    let taken = reader.take();
    let counts = [
        ("order.placed", 2),
        ("internal.*", 2),
        ("order.*", 1),
        ("other", 1002),
    ];
    assert_counts(&taken, "events_total", &[], "event_type", &counts);
    assert_eq!(taken.values("events_total", "event_type").len(), 4);
    for pattern in ["", "a*b", "*.created", "**"] {
        let error = EventTypes::new([pattern]).unwrap_err().to_string();
        assert!(
            error.contains(&format!("event pattern {pattern:?} is refused")),
            "{error}"
        );
    }
    assert!(EventTypes::new(["*"]).is_ok());
}

#[test]
fn gauges_have_the_last_value_set() {
    let (recorder, reader) = recorder();
    Plugins::new().recorder(recorder.clone()).set(3);
    let database = DatabaseConnections::new().recorder(recorder.clone());
    database.set(10, 4);
    database.set_max(20);
    RedisConnections::new().recorder(recorder.clone()).set(2);
    let connections = Connections::new().recorder(recorder);
    let open = [
        connections.open(),
        connections.clone().open(),
        connections.open(),
    ];
    assert_eq!(reader.take().gauge("active_connections", &[]), 3.0);
    drop(open);
    let taken = reader.take();
    for (name, value) in [
        ("plugins_loaded", 3.0),
        ("database_connections", 10.0),
        ("db_connections_active", 4.0),
        ("database_connections_max", 20.0),
        ("redis_connections", 2.0),
        ("active_connections", 0.0),
    ] {
        assert_eq!(taken.gauge(name, &[]), value, "{name}");
    }
}

#[test]
fn use_before_a_recorder_is_installed_is_harmless() {
    let calls = ServiceCalls::new("early");
    let connections = Connections::new();
    let early = connections.open();
    assert_eq!(
        calls.observe(ready(Ok::<_, ()>(1))).now_or_never(),
        Some(Ok(1))
    );
    let prometheus = Prometheus::builder().build().unwrap();
    metrics::with_local_recorder(&prometheus, || {
        assert_eq!(
            calls.observe(ready(Ok::<_, ()>(2))).now_or_never(),
            Some(Ok(2))
        );
        let late = connections.open();
        drop(early);
        assert_eq!(
            prometheus.snapshot().sum("active_connections", &[]),
            Some(1.0)
        );
        drop(late);
    });
    let snapshot = prometheus.snapshot();
    assert_eq!(
        snapshot.sum("service_calls_total", &[("service_name", "early")]),
        Some(1.0)
    );
    assert_eq!(snapshot.sum("active_connections", &[]), Some(0.0));
}

#[test]
fn every_instrument_records_its_families_with_the_labels_of_the_catalogue() {
    let prometheus = Prometheus::builder().build().unwrap();
    let on = || prometheus.clone();
    let done = || ready(Ok::<_, ()>(()));
    ServiceCalls::new("s")
        .recorder(on())
        .observe(done())
        .now_or_never()
        .unwrap()
        .unwrap();
    ExternalApi::new("s", "e")
        .recorder(on())
        .record(StatusCode::OK, Duration::ZERO);
    Query::new("q").recorder(on()).record(Duration::ZERO);
    DatabaseConnections::default().recorder(on()).set(1, 1);
    RedisConnections::default().recorder(on()).set(1);
    Storage::new("o", "n").recorder(on()).record();
    Events::new("e").recorder(on()).record();
    Errors::new("e", "c").recorder(on()).record();
    let tokens = Tokens::new("m", "EUR").recorder(on());
    tokens.record(1, 1);
    tokens.record_cost(1.0);
    Plugins::default().recorder(on()).set(1);
    let _connection = Connections::default().recorder(on()).open();
    let snapshot = prometheus.snapshot();
    assert!(snapshot.families.len() >= 15, "{:?}", snapshot.families);
    for family in &snapshot.families {
        let known = FAMILIES
            .iter()
            .find(|known| known.name == family.name)
            .unwrap();
        assert_eq!((family.kind, &*family.help), (known.kind, known.help));
        for series in &family.series {
            let labels: Vec<_> = series.labels.iter().map(|(name, _)| name).collect();
            assert_eq!(labels, known.labels, "{}", family.name);
        }
        assert!(known.kind != Kind::Histogram || !known.buckets.is_empty());
    }
}

#[test]
fn observing_allocates_nothing() {
    let prometheus = Prometheus::builder().build().unwrap();
    let calls = ServiceCalls::new("billing").recorder(prometheus.clone());
    let get = Storage::new("get", "sessions").recorder(prometheus);
    let once = || {
        calls
            .observe(ready(Ok::<_, ()>(())))
            .now_or_never()
            .unwrap()
            .unwrap();
        get.observe(ready(Err::<(), _>(())))
            .now_or_never()
            .unwrap()
            .unwrap_err();
    };
    (0..64).for_each(|_| once());
    // After this, the thread has cells of its own.
    (0..4_096).for_each(|_| once());
    let allocated = allocation_counter::measure(|| (0..640).for_each(|_| once()));
    assert_eq!(allocated.count_total, 0);
}
