//! `/dashboard/history`: the requests of the last minutes, added up by status class; and `/dashboard/families`.

use std::time::Duration;

use http::StatusCode;
use metrics::{Key, Label, Level, Metadata, Recorder};
use serde_json::{Value, json};
use tower_vitals::exporter::HistoryConfig;
use tower_vitals::routes::Guard;
use tower_vitals::{Prometheus, Routes};

use super::{app, json as fetched, respond, text};

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn key(name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| Label::new(*name, *value));
    Key::from_parts(name, labels.collect::<Vec<_>>())
}

/// Ticks come from the test alone.
fn recorder() -> Prometheus {
    let hour = Duration::from_secs(3600);
    let history = HistoryConfig::new().interval(hour).window(10 * hour);
    Prometheus::builder().history(history).build().unwrap()
}

fn routes(prometheus: &Prometheus) -> Routes {
    Routes::new()
        .metrics(prometheus.clone())
        .guard(Guard::open())
        .dashboard()
}

fn count(prometheus: &Prometheus, endpoint: &'static str, status: &'static str, times: u64) {
    let labels = [
        ("method", "GET"),
        ("endpoint", endpoint),
        ("status", status),
    ];
    let counter = prometheus.register_counter(&key("http_requests_total", &labels), &METADATA);
    counter.increment(times);
}

fn measure(prometheus: &Prometheus, endpoint: &'static str, seconds: f64, times: usize) {
    let labels = [("method", "GET"), ("endpoint", endpoint)];
    let name = key("http_request_duration_seconds", &labels);
    let histogram = prometheus.register_histogram(&name, &METADATA);
    histogram.record_many(seconds, times);
    let gauge = key("http_requests_in_progress", &labels);
    prometheus.register_gauge(&gauge, &METADATA).increment(1.0);
}

/// The counts of a tick by the bound of their bucket.
fn heat(history: &Value) -> Vec<(Value, Value)> {
    let counts = history["heat"][0].as_array().unwrap();
    let bounds = history["bounds"].as_array().unwrap();
    assert_eq!(counts.len(), bounds.len() + 1);
    let bounds = bounds.iter().cloned().chain([json!("above")]);
    let own = bounds.zip(counts.iter().cloned());
    own.filter(|(_, count)| *count != 0).collect()
}

#[tokio::test]
async fn requests_are_added_up_by_class_and_bucket() {
    let prometheus = recorder();
    let app = app(routes(&prometheus));
    count(&prometheus, "/a", "200", 1000);
    count(&prometheus, "/a", "204", 500);
    count(&prometheus, "/a", "503", 300);
    count(&prometheus, "/b", "404", 60);
    measure(&prometheus, "/a", 0.02, 90);
    measure(&prometheus, "/a", 0.3, 8);
    measure(&prometheus, "/b", 60.0, 2);
    let history = prometheus.history().unwrap();
    history.tick();

    let all = fetched(&app, "/dashboard/history").await;
    assert_eq!(all["interval"], 3600.0);
    let [tick] = &all["ticks"].as_array().unwrap()[..] else {
        panic!("one tick is expected: {all}");
    };
    let rate = |place: usize| tick[place].as_f64().unwrap();
    assert_eq!(rate(2), 0.0);
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9 * other;
    assert!(close(rate(1) / rate(4), 5.0), "{tick}");
    assert!(close(rate(1) / rate(3), 25.0), "{tick}");
    let found = heat(&all);
    let expected = [
        (json!(0.025), json!(90)),
        (json!(0.5), json!(8)),
        (json!("above"), json!(2)),
    ];
    assert_eq!(found, expected);
    // As `histogram_quantile`: 50 of 90 in (0.01, 0.025], 95 is the 5th of 8 in (0.25, 0.5], and 99 is above all bounds.
    assert!(close(tick[5].as_f64().unwrap(), 0.01 + 0.015 * 50.0 / 90.0));
    assert!(close(tick[6].as_f64().unwrap(), 0.25 + 0.25 * 5.0 / 8.0));
    assert_eq!(tick[7], 10.0);
    assert_eq!(tick[8], 3.0);

    let one = fetched(&app, "/dashboard/history?method=GET&endpoint=/b&window=600").await;
    let tick = &one["ticks"][0];
    assert_eq!([&tick[1], &tick[2], &tick[4]], [0.0, 0.0, 0.0]);
    assert!(close(tick[3].as_f64().unwrap(), rate(3)));
    assert_eq!(tick[8], 1.0);
    assert_eq!(heat(&one), [(json!("above"), json!(2))]);

    let none = fetched(&app, "/dashboard/history?endpoint=/c").await;
    assert_eq!(none["ticks"][0][1], 0.0);
    assert_eq!(none["ticks"][0][5], Value::Null);
    assert_eq!(none["ticks"][0][8], Value::Null);
}

#[tokio::test]
async fn each_tick_has_the_requests_since_the_one_before() {
    let prometheus = recorder();
    let app = app(routes(&prometheus));
    let history = prometheus.history().unwrap();
    for endpoint in ["/a", "/b"] {
        measure(&prometheus, endpoint, 0.001, 4);
        count(&prometheus, endpoint, "200", 4);
        history.tick();
    }
    history.tick();
    let all = fetched(&app, "/dashboard/history").await;
    let first: Vec<_> = all["heat"].as_array().unwrap().iter().collect();
    let counts: Vec<_> = first.iter().map(|counts| &counts[0]).collect();
    assert_eq!(counts, [4, 4, 0]);
    let rates = all["ticks"].as_array().unwrap();
    assert!(rates[0][1].as_f64().unwrap() > 0.0);
    assert_eq!(rates[2][1], 0.0);
}

#[tokio::test]
async fn wrong_questions_and_a_missing_history_are_told() {
    let with = app(routes(&recorder()));
    for (query, detail) in [
        (
            "window=soon",
            "Parameter window is \"soon\": a duration like 300, 300s or 5m is needed.",
        ),
        (
            "status=200",
            "Parameter \"status\" is unknown: method, endpoint and window are allowed.",
        ),
    ] {
        let response = respond(&with, &format!("/dashboard/history?{query}"), &[]).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["detail"], detail);
    }
    let without = app(routes(&Prometheus::builder().build().unwrap()));
    let response = respond(&without, "/dashboard/history", &[]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn all_families_have_their_unit_and_help() {
    let prometheus = recorder();
    let app = app(routes(&prometheus));
    measure(&prometheus, "/a", 0.1, 1);
    prometheus.describe_gauge("carts".into(), None, "Open <b>carts</b>.".into());
    prometheus
        .register_gauge(&key("carts", &[]), &METADATA)
        .set(3.0);
    let all = fetched(&app, "/dashboard/families").await;
    assert_eq!(all["carts"], json!([null, "Open <b>carts</b>."]));
    let metrics = fetched(&app, "/metrics/json").await;
    let duration = "http_request_duration_seconds";
    assert_eq!(
        all[duration],
        json!(["seconds", metrics["metrics"][duration]["help"]])
    );
    let names = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&all), names(&metrics["metrics"]));
}
