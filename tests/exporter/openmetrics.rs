//! `OpenMetrics` 1.0: the reference parser accepts it, and all values equal those of the text, of JSON and of the
//! snapshot.

use std::collections::BTreeMap;

use crate::support::python::python;
use axum::Router;
use axum::body::Body;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use http_body_util::BodyExt;
use metrics::{Key, Label, Level, Metadata, Recorder};
use serde_json::Value as Json;
use tower::ServiceExt;
use tower_vitals::catalog::{FAMILIES, Kind};
use tower_vitals::exporter::{Snapshot, Value};
use tower_vitals::{Prometheus, Routes};

/// Prints every sample as a line of JSON: name, labels, value as text.
const SAMPLES: &str = "
import json, sys
from PARSER import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')):
    for sample in family.samples:
        print(json.dumps([sample.name, sample.labels, repr(sample.value)]))
";

/// Every scrape adds to it, so no two scrapes have the same value.
const SCRAPES: &str = "monitoring_scrape_duration_seconds";

/// Values by name and labels. They are text, so that NaN equals itself.
pub(super) type Samples = BTreeMap<(String, BTreeMap<String, String>), String>;

fn shown(value: f64) -> String {
    format!("{value:?}")
}

pub(super) fn by_parser(parser: &str, text: &str) -> Samples {
    let lines = python(&SAMPLES.replace("PARSER", parser), text);
    let mut samples = Samples::new();
    for line in lines.lines() {
        let (name, mut labels, value): (String, BTreeMap<String, String>, String) =
            serde_json::from_str(line).unwrap();
        if let Some(bound) = labels.get_mut("le") {
            *bound = shown(bound.parse().unwrap());
        }
        let value = shown(value.parse().unwrap());
        assert_eq!(samples.insert((name, labels), value), None, "{line}");
    }
    samples
}

pub(super) fn of_snapshot(snapshot: &Snapshot) -> Samples {
    let mut samples = Samples::new();
    for family in &snapshot.families {
        for series in &family.series {
            let labels: BTreeMap<_, _> = series.labels.iter().cloned().collect();
            let mut add = |suffix: &str, labels: BTreeMap<_, _>, value: f64| {
                samples.insert((format!("{}{suffix}", family.name), labels), shown(value));
            };
            match &series.value {
                Value::Counter(value) | Value::Gauge(value) => add("", labels, *value),
                Value::Histogram(histogram) => {
                    for (bound, count) in &histogram.buckets {
                        let mut labels = labels.clone();
                        labels.insert("le".to_owned(), shown(*bound));
                        add("_bucket", labels, *count as f64);
                    }
                    add("_sum", labels.clone(), histogram.sum);
                    add("_count", labels, histogram.count as f64);
                }
            }
        }
    }
    samples
}

/// The values in JSON, by their names in the text.
fn of_json(json: &Json) -> Samples {
    let mut samples = Samples::new();
    for (name, family) in json["metrics"].as_object().unwrap() {
        for series in family["series"].as_array().unwrap() {
            let labels: BTreeMap<String, String> =
                serde_json::from_value(series["labels"].clone()).unwrap();
            for (field, suffix) in [("value", ""), ("sum", "_sum"), ("count", "_count")] {
                if let Some(value) = series.get(field).and_then(Json::as_f64) {
                    samples.insert((format!("{name}{suffix}"), labels.clone()), shown(value));
                }
            }
        }
    }
    samples
}

async fn get(prometheus: &Prometheus, path: &str, accept: &str) -> (String, String) {
    let request = Request::get(path).header(ACCEPT, accept);
    let router = Router::from(Routes::new().metrics(prometheus.clone()));
    let response = router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let content_type = response.headers()[CONTENT_TYPE]
        .to_str()
        .unwrap()
        .to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (content_type, String::from_utf8(body.to_vec()).unwrap())
}

fn every_family() -> Prometheus {
    let prometheus = Prometheus::builder()
        .buckets("wide", &[-5.0, 1e-5, 1.0, 1e6, 1e7])
        .build()
        .unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    let odd = [
        "plain",
        "qu\"ote",
        "back\\slash",
        "new\nline",
        "le=\"1\",}",
        "\u{1f980}",
    ];
    for family in FAMILIES {
        for (n, value) in odd.into_iter().enumerate() {
            let labels = family.labels.iter().map(|label| Label::new(*label, value));
            let key = Key::from_parts(family.name, labels.collect::<Vec<_>>());
            match family.kind {
                Kind::Counter if !family.is_float => {
                    prometheus
                        .register_counter(&key, &metadata)
                        .increment(1 << n);
                }
                Kind::Counter | Kind::Gauge => {
                    prometheus
                        .register_gauge(&key, &metadata)
                        .increment(n as f64 + 0.25);
                }
                Kind::Histogram => {
                    let histogram = prometheus.register_histogram(&key, &metadata);
                    histogram.record_many(0.3 * n as f64, n + 1);
                }
            }
        }
    }
    // What others record: no suffix, no help, bounds of every size, values that are no numbers.
    prometheus.describe_counter("orders".into(), None, "Orders \"of\" \\ all\nshops.".into());
    prometheus
        .register_counter(&Key::from_name("orders"), &metadata)
        .increment(7);
    let wide = prometheus.register_histogram(&Key::from_name("wide"), &metadata);
    for sample in [-7.0, 0.5, 1.0, 2e6, 1e9] {
        wide.record(sample);
    }
    for (name, value) in [
        ("endless", f64::INFINITY),
        ("bottomless", f64::NEG_INFINITY),
        ("nothing", f64::NAN),
        ("tiny_seconds", 1e-300),
        ("odd_total", 2.0),
    ] {
        prometheus
            .register_gauge(&Key::from_name(name), &metadata)
            .set(value);
    }
    prometheus
}

#[tokio::test]
#[ignore = "needs prometheus_client: tests/run"]
async fn text_openmetrics_json_and_snapshot_have_equal_values_for_every_series() {
    let prometheus = every_family();
    let (content_type, open) = get(
        &prometheus,
        "/metrics",
        "application/openmetrics-text;version=1.0.0",
    )
    .await;
    assert_eq!(
        content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let (content_type, text) = get(&prometheus, "/metrics", "*/*").await;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    let (content_type, json) = get(&prometheus, "/metrics", "application/json").await;
    assert_eq!(content_type, "application/json");

    let mut snapshot = of_snapshot(&prometheus.snapshot());
    let mut read = by_parser("prometheus_client.parser", &text);
    let mut open = by_parser("prometheus_client.openmetrics.parser", &open);
    let mut json = of_json(&serde_json::from_str(&json).unwrap());
    let counted = [&open, &read, &json, &snapshot].map(|samples| {
        let count = samples[&(format!("{SCRAPES}_count"), BTreeMap::new())].as_str();
        count.parse::<f64>().unwrap()
    });
    let before = counted[0];
    assert_eq!(counted, [before, before + 1.0, before + 2.0, before + 3.0]);
    for samples in [&mut open, &mut read, &mut json, &mut snapshot] {
        samples.retain(|(name, _), _| !name.starts_with(SCRAPES));
    }
    assert!(snapshot.len() > 1000, "{}", snapshot.len());
    // The parser appends `_total` to every counter's name. Prometheus does not.
    let orders = read.remove(&("orders_total".to_owned(), BTreeMap::new()));
    read.insert(("orders".to_owned(), BTreeMap::new()), orders.unwrap());
    assert_eq!(read, snapshot);

    // In OpenMetrics, a histogram with negative bounds has neither sum nor count.
    let mut expected = snapshot.clone();
    expected.retain(|(name, _), _| name != "wide_sum" && name != "wide_count");
    assert_eq!(open, expected);

    // JSON has no buckets, and null for NaN and infinity.
    let mut expected = snapshot;
    expected.retain(|(name, _), value| {
        !name.ends_with("_bucket") && value.parse::<f64>().unwrap().is_finite()
    });
    assert_eq!(json, expected);
}

/// The Accept headers of Prometheus 2.53 and 3.
#[tokio::test]
async fn prometheus_gets_its_preferred_format() {
    let prometheus = Prometheus::builder().build().unwrap();
    for accept in [
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
    ] {
        let (content_type, text) = get(&prometheus, "/metrics", accept).await;
        assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
        assert!(text.ends_with("# EOF\n"), "{text}");
        let (content_type, _) = get(&prometheus, "/metrics/prometheus", accept).await;
        assert!(content_type.starts_with("text/plain; version=0.0.4"));
    }
}

/// Shows that the parser in use is the strict one.
#[test]
#[ignore = "needs prometheus_client: tests/run"]
#[should_panic(expected = "Missing # EOF at end")]
fn the_openmetrics_parser_is_strict() {
    by_parser(
        "prometheus_client.openmetrics.parser",
        "# TYPE a counter\na_total 1\n",
    );
}
