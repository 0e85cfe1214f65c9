//! Label values round-trip: `prometheus_client`'s parser returns the recorded values.

use std::collections::BTreeSet;

use crate::support::python::python;
use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tower_vitals::catalog::{FAMILIES, Kind};
use tower_vitals::{Prometheus, catalog};

/// Prints every sample as a line of JSON: name, labels, value.
const PARSE: &str = "
import json, sys
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode('utf-8')
for family in text_string_to_metric_families(text):
    for sample in family.samples:
        print(json.dumps([sample.name, sample.labels, sample.value]))
";

fn parsed(text: &str) -> Vec<(String, Value)> {
    python(PARSE, text)
        .lines()
        .map(|line| {
            let sample: Value = serde_json::from_str(line).unwrap();
            (sample[0].as_str().unwrap().to_owned(), sample[1].clone())
        })
        .collect()
}

/// Mostly characters that are hard to escape.
fn label_value() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "\\", "\"", "\n", "n", "\\\\", "\\\"", "{", "}", ",", "=", " ", "#", "ä", "🦀", "\t", "\r",
        "\u{85}", "\u{2028}", "\0",
    ]);
    prop_oneof![
        4 => prop::collection::vec(odd, 0..8).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

fn record(recorder: &Prometheus, family: &catalog::Family, values: &[String]) {
    let labels = family
        .labels
        .iter()
        .zip(values)
        .map(|(label, value)| Label::new(*label, value.clone()));
    let key = Key::from_parts(family.name, labels.collect::<Vec<_>>());
    let metadata = Metadata::new("test", Level::INFO, None);
    match family.kind {
        Kind::Counter => recorder.register_counter(&key, &metadata).increment(1),
        Kind::Gauge => recorder.register_gauge(&key, &metadata).set(1.0),
        Kind::Histogram => recorder.register_histogram(&key, &metadata).record(1.0),
    }
}

#[test]
#[ignore = "needs prometheus_client: tests/run"]
fn any_label_value_round_trips_and_distinct_values_stay_distinct() {
    let mut runner = TestRunner::new(Config::default());
    // Families with declared values show no others.
    let families = FAMILIES.iter().filter(|family| family.values.is_empty());
    for family in families {
        let prometheus = Prometheus::builder().build().unwrap();
        let values = prop::collection::vec(label_value(), family.labels.len());
        let mut sent = BTreeSet::new();
        for _ in 0..500 {
            sent.insert(values.new_tree(&mut runner).unwrap().current());
        }
        for values in &sent {
            record(&prometheus, family, values);
        }

        let sample = match family.kind {
            Kind::Histogram => format!("{}_count", family.name),
            Kind::Counter | Kind::Gauge => family.name.to_owned(),
        };
        let received: Vec<Vec<String>> = parsed(&prometheus.render())
            .into_iter()
            .filter(|(name, _)| *name == sample)
            .map(|(_, labels)| {
                let value = |label: &&str| labels[label].as_str().unwrap_or_default().to_owned();
                family.labels.iter().map(value).collect()
            })
            .collect();
        assert_eq!(received.len(), sent.len(), "{}", family.name);
        assert_eq!(
            received.into_iter().collect::<BTreeSet<_>>(),
            sent,
            "{}",
            family.name
        );
    }
}
