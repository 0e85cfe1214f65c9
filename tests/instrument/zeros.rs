//! Counters whose labels are known exist at 0 before their first use, so that `increase()` sees the first event.

use std::future::ready;
use std::time::Duration;

use crate::support::prometheus::{Target, prometheus_answers};
use axum::Router;
use axum::routing::get;
use futures_util::FutureExt;
use http::StatusCode;
use metrics::{Key, Level, Metadata, Recorder, with_local_recorder};
use tokio::net::TcpListener;
use tower_vitals::Prometheus;
use tower_vitals::instrument::{
    Connections, DatabaseConnections, Errors, EventTypes, Events, ExternalApi, Plugins, Query,
    RedisConnections, ServiceCalls, Storage, Tokens,
};

/// The counters, and the counts of histograms, without those of the recorder itself.
fn counts(prometheus: &Prometheus) -> Vec<String> {
    let text = prometheus.render();
    let is_count = |line: &&str| {
        let name = line.split(['{', ' ']).next().unwrap();
        !name.starts_with("monitoring_") && (name.ends_with("_total") || name.ends_with("_count"))
    };
    let mut counts: Vec<_> = text.lines().filter(is_count).map(str::to_owned).collect();
    counts.sort();
    counts
}

fn built() -> Prometheus {
    Prometheus::builder().build().unwrap()
}

const SERVICE_CALLS: [&str; 5] = [
    r#"service_call_duration_seconds_count{service_name="billing"} 0"#,
    r#"service_calls_total{service_name="billing",status="cancelled"} 0"#,
    r#"service_calls_total{service_name="billing",status="failure"} 0"#,
    r#"service_calls_total{service_name="billing",status="panic"} 0"#,
    r#"service_calls_total{service_name="billing",status="success"} 0"#,
];

#[test]
fn every_instrument_has_its_counters_at_zero_when_it_is_created() {
    fn assert_zero<T>(
        create: impl Fn() -> T,
        recorder: impl Fn(T, Prometheus) -> T,
        expected: &[&str],
    ) {
        let own = built();
        let _created = recorder(create(), own.clone());
        assert_eq!(counts(&own), expected);
        let local = built();
        let created = with_local_recorder(&local, &create);
        assert_eq!(counts(&local), expected);
        drop(created);
    }

    assert_zero(
        || ServiceCalls::new("billing"),
        ServiceCalls::recorder,
        &SERVICE_CALLS,
    );
    assert_zero(
        || ExternalApi::new("stripe", "/v1"),
        ExternalApi::recorder,
        &[
            r#"external_api_duration_seconds_count{service="stripe"} 0"#,
            r#"external_api_requests_total{service="stripe",endpoint="/v1",status="cancelled"} 0"#,
            r#"external_api_requests_total{service="stripe",endpoint="/v1",status="error"} 0"#,
            r#"external_api_requests_total{service="stripe",endpoint="/v1",status="success"} 0"#,
            r#"external_api_requests_total{service="stripe",endpoint="/v1",status="timeout"} 0"#,
        ],
    );
    assert_zero(
        || Query::new("select"),
        Query::recorder,
        &[r#"db_query_duration_seconds_count{query_type="select"} 0"#],
    );
    assert_zero(
        || Storage::new("get", "sessions"),
        Storage::recorder,
        &[r#"storage_operations_total{operation="get",namespace="sessions"} 0"#],
    );
    assert_zero(
        || Events::new("placed"),
        Events::recorder,
        &[r#"events_total{event_type="placed"} 0"#],
    );
    assert_zero(
        || EventTypes::new(["order.*", "user"]).unwrap(),
        EventTypes::recorder,
        &[
            r#"events_total{event_type="order.*"} 0"#,
            r#"events_total{event_type="other"} 0"#,
            r#"events_total{event_type="user"} 0"#,
        ],
    );
    assert_zero(
        || Errors::new("torn_page", "ledger"),
        Errors::recorder,
        &[r#"errors_total{error_type="torn_page",component="ledger"} 0"#],
    );
    assert_zero(
        || Tokens::new("small-1", "USD"),
        Tokens::recorder,
        &[
            r#"token_cost_total{model="small-1",currency="USD"} 0"#,
            r#"tokens_total{model="small-1",kind="completion"} 0"#,
            r#"tokens_total{model="small-1",kind="prompt"} 0"#,
        ],
    );
}

#[test]
fn the_first_event_is_one_more_than_zero() {
    let prometheus = built();
    let calls = with_local_recorder(&prometheus, || ServiceCalls::new("billing"));
    let failures = [("status", "failure")];
    let before = prometheus.snapshot();
    assert_eq!(before.sum("service_calls_total", &failures), Some(0.0));
    with_local_recorder(&prometheus, || calls.record(false, Duration::ZERO));
    let after = prometheus.snapshot();
    assert_eq!(after.sum("service_calls_total", &failures), Some(1.0));
    assert_eq!(after.sum("service_calls_total", &[]), Some(1.0));
}

/// Another exporter's recorder, which cannot announce its installation, and an instrument created before it.
#[test]
fn the_first_use_of_one_counter_registers_all_of_the_instrument() {
    let calls = ServiceCalls::new("billing");
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        assert!(counts(&prometheus).is_empty(), "{:?}", counts(&prometheus));
        let called = calls.observe(ready(Ok::<_, ()>(()))).now_or_never();
        called.unwrap().unwrap();
    });
    let expected = SERVICE_CALLS.map(|line| {
        let is_counted = line.contains("success") || line.contains("duration");
        let value = if is_counted { "1" } else { "0" };
        format!("{}{value}", &line[..line.len() - 1])
    });
    assert_eq!(counts(&prometheus), expected);
}

#[test]
fn statuses_that_are_named_exist_at_zero() {
    let prometheus = built();
    let statuses = || [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR];
    let expected = |value: u32| {
        format!(
            "external_api_requests_total{{service=\"stripe\",endpoint=\"/v1\",status=\"500\"}} {value}"
        )
    };
    let charges = ExternalApi::new("stripe", "/v1")
        .zero_statuses(statuses())
        .recorder(prometheus.clone());
    assert!(counts(&prometheus).contains(&expected(0)));
    assert_eq!(counts(&prometheus).len(), 5 + 2);
    charges.record(StatusCode::INTERNAL_SERVER_ERROR, Duration::ZERO);
    assert!(counts(&prometheus).contains(&expected(1)));
    assert_eq!(counts(&prometheus).len(), 5 + 2);

    // In the other order, and for a clone that exists.
    let other = built();
    let charges = ExternalApi::new("stripe", "/v1").recorder(other.clone());
    let clone = charges.clone();
    let _charges = charges.zero_statuses(statuses());
    assert!(counts(&other).contains(&expected(0)));
    clone.record(StatusCode::INTERNAL_SERVER_ERROR, Duration::ZERO);
    assert!(counts(&other).contains(&expected(1)));
}

/// The count of dropped series counts registrations.
#[test]
fn each_series_is_registered_once() {
    let prometheus = Prometheus::builder().max_series(1).build().unwrap();
    let dropped = || {
        let dropped = prometheus.snapshot();
        dropped.sum("monitoring_series_dropped_total", &[])
    };
    let events = [1, 2, 3].map(|n| Events::new(n.to_string()).recorder(prometheus.clone()));
    assert_eq!(dropped(), Some(2.0));
    for events in &events {
        events.record();
    }
    assert_eq!(dropped(), Some(2.0));
    assert_eq!(prometheus.snapshot().sum("events_total", &[]), Some(3.0));
}

/// A gauge at 0 would be a wrong value, not an unknown one.
#[test]
fn gauges_exist_only_when_they_are_set() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        let _gauges = (
            Plugins::new(),
            DatabaseConnections::new(),
            RedisConnections::new(),
            Connections::new(),
        );
    });
    let snapshot = prometheus.snapshot();
    assert!(snapshot.families.is_empty(), "{:?}", snapshot.families);
}

#[test]
fn any_number_of_instruments_can_be_created_without_a_recorder() {
    for n in 0..30_000 {
        let errors = Errors::new("e", n.to_string());
        errors.record();
    }
    let kept: Vec<_> = (0..20_000)
        .map(|n| Errors::new("e", n.to_string()))
        .collect();
    let prometheus = built();
    with_local_recorder(&prometheus, || kept[19_999].record());
    assert_eq!(prometheus.snapshot().sum("errors_total", &[]), Some(1.0));
}

/// Prometheus does not see the first event of a counter that is born at 1.
#[tokio::test]
#[ignore = "needs Prometheus: tests/run"]
async fn prometheus_sees_the_first_failure_increase() {
    let prometheus = built();
    let calls = ServiceCalls::new("nightly").recorder(prometheus.clone());
    let rendered = prometheus.clone();
    let app = Router::new().route("/metrics", get(async move || rendered.render()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let scraped = tokio::task::spawn_blocking(move || {
        let _target = Target::add(&address, "zeros");
        // An earlier run of this test has other addresses.
        let here = format!("instance=\"{address}\"");
        let failures = format!("service_calls_total{{status=\"failure\",{here}}}");
        prometheus_answers(&failures, |failures| failures == 0.0);
        calls.record(false, Duration::ZERO);
        let late = prometheus.register_counter(
            &Key::from_name("born_at_one_total"),
            &Metadata::new("test", Level::INFO, None),
        );
        late.increment(1);
        prometheus_answers(&failures, |failures| failures == 1.0);
        let increase = format!("increase({failures}[1m])");
        let increase = prometheus_answers(&increase, |increase| increase > 0.0);
        let unseen = format!("increase(born_at_one_total{{{here}}}[1m])");
        (increase, prometheus_answers(&unseen, |_| true))
    });
    let (increase, unseen) = scraped.await.unwrap();
    println!("increase() over the first failure is {increase}, and {unseen} without a zero");
    assert_eq!(unseen, 0.0);
    server.abort();
}
