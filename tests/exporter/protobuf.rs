//! The protobuf format, decoded by Google's library.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "no index and no count of these tests is large"
)]

use std::collections::BTreeMap;
use std::fmt::Write;

use metrics::{Key, Label, Level, Metadata, Recorder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value as Json;
use tower_vitals::Prometheus;
use tower_vitals::exporter::{ExemplarLabels, NativeHistograms};

use crate::support::exposition::{Exposition, Labels, Number};
use crate::support::python::python;

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

/// Decodes a hexadecimal stream of messages, and prints each as a line of JSON. The messages are described here, from
/// `io/prometheus/client/metrics.proto`.
const DECODE: &str = r#"
import json, sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, json_format
from google.protobuf.internal.decoder import _DecodeVarint

TYPES = {"double": 1, "int64": 3, "uint64": 4, "int32": 5, "string": 9, "uint32": 13, "enum": 14, "sint32": 17, "sint64": 18}
file = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package="io.prometheus.client", syntax="proto2")
kind = file.enum_type.add(name="MetricType")
for number, name in enumerate(["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"]):
    kind.value.add(name=name, number=number)

def message(called, /, **fields):
    described = file.message_type.add(name=called)
    for field, (number, kind) in fields.items():
        label = 3 if kind.endswith("*") else 1
        kind = kind.rstrip("*")
        added = described.field.add(name=field, number=number, label=label)
        if kind == "MetricType":
            added.type, added.type_name = 14, ".io.prometheus.client.MetricType"
        elif kind in TYPES:
            added.type = TYPES[kind]
        else:
            added.type, added.type_name = 11, ".io.prometheus.client." + kind

message("Timestamp", seconds=(1, "int64"), nanos=(2, "int32"))
message("LabelPair", name=(1, "string"), value=(2, "string"))
message("Exemplar", label=(1, "LabelPair*"), value=(2, "double"), timestamp=(3, "Timestamp"))
message("Gauge", value=(1, "double"))
message("Counter", value=(1, "double"), exemplar=(2, "Exemplar"), created_timestamp=(3, "Timestamp"))
message("Bucket", cumulative_count=(1, "uint64"), upper_bound=(2, "double"), exemplar=(3, "Exemplar"))
message("BucketSpan", offset=(1, "sint32"), length=(2, "uint32"))
message("Histogram", sample_count=(1, "uint64"), sample_sum=(2, "double"), bucket=(3, "Bucket*"), schema=(5, "sint32"),
    zero_threshold=(6, "double"), zero_count=(7, "uint64"), negative_span=(9, "BucketSpan*"), negative_delta=(10, "sint64*"),
    positive_span=(12, "BucketSpan*"), positive_delta=(13, "sint64*"), created_timestamp=(15, "Timestamp"),
    exemplars=(16, "Exemplar*"))
message("Metric", label=(1, "LabelPair*"), gauge=(2, "Gauge"), counter=(3, "Counter"), histogram=(7, "Histogram"))
message("MetricFamily", name=(1, "string"), help=(2, "string"), type=(3, "MetricType"), metric=(4, "Metric*"))
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
family_class = message_factory.GetMessageClass(pool.FindMessageTypeByName("io.prometheus.client.MetricFamily"))

def unknown(decoded):
    assert decoded.SerializeToString() == decoded.__class__.FromString(decoded.SerializeToString()).SerializeToString()
    before = decoded.ByteSize()
    decoded.DiscardUnknownFields()
    assert decoded.ByteSize() == before, "unknown fields"

stream = bytes.fromhex(sys.stdin.read())
at = 0
while at < len(stream):
    length, at = _DecodeVarint(stream, at)
    assert at + length <= len(stream)
    family = family_class.FromString(stream[at:at + length])
    unknown(family)
    at += length
    print(json.dumps(json_format.MessageToDict(family, preserving_proto_field_name=True)))
"#;

fn decode(protobuf: &[u8]) -> Vec<Json> {
    let mut hex = String::new();
    for byte in protobuf {
        write!(hex, "{byte:02x}").unwrap();
    }
    let decoded = python(DECODE, &hex);
    decoded
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// 64-bit integers are texts in JSON, and numbers that are not finite have names.
fn float(value: &Json) -> f64 {
    match value {
        Json::Null => 0.0,
        Json::String(text) if text == "Infinity" => f64::INFINITY,
        Json::String(text) if text == "-Infinity" => f64::NEG_INFINITY,
        Json::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap(),
    }
}

fn integer(value: &Json) -> i64 {
    match value {
        Json::Null => 0,
        Json::String(text) => text.parse().unwrap(),
        value => value.as_i64().unwrap(),
    }
}

fn list(value: &Json) -> &[Json] {
    value.as_array().map_or(&[], |list| list)
}

fn labels(value: &Json) -> Labels {
    let label = |label: &Json| {
        let part = |part| label[part].as_str().unwrap_or_default().to_owned();
        (part("name"), part("value"))
    };
    let labels: Vec<_> = list(value).iter().map(label).collect();
    let by_name: Labels = labels.iter().cloned().collect();
    assert_eq!(by_name.len(), labels.len(), "label twice: {labels:?}");
    by_name
}

type Values = BTreeMap<(String, Labels), Number>;

/// The samples by the names that the text gives them.
fn values(families: &[Json]) -> Values {
    let mut values = Values::new();
    for family in families {
        let name = family["name"].as_str().unwrap();
        let kind = family["type"].as_str().unwrap();
        for metric in list(&family["metric"]) {
            let labels = labels(&metric["label"]);
            let mut add = |suffix: &str, labels: &Labels, value| {
                let key = (format!("{name}{suffix}"), labels.clone());
                assert!(values.insert(key, value).is_none(), "{name} twice");
            };
            let histogram = &metric["histogram"];
            match kind {
                "COUNTER" => add(
                    "",
                    &labels,
                    Number::Float(float(&metric["counter"]["value"])),
                ),
                "GAUGE" => add("", &labels, Number::Float(float(&metric["gauge"]["value"]))),
                "HISTOGRAM" => {
                    let count = Number::Float(float(&histogram["sample_count"]));
                    add(
                        "_sum",
                        &labels,
                        Number::Float(float(&histogram["sample_sum"])),
                    );
                    add("_count", &labels, count);
                    let mut labels = labels.clone();
                    if list(&histogram["bucket"]).is_empty() {
                        labels.insert("le".to_owned(), "inf".to_owned());
                        add("_bucket", &labels, count);
                    }
                    for bucket in list(&histogram["bucket"]) {
                        let bound = format!("{:?}", float(&bucket["upper_bound"]));
                        labels.insert("le".to_owned(), bound);
                        let count = Number::Float(float(&bucket["cumulative_count"]));
                        add("_bucket", &labels, count);
                    }
                }
                kind => panic!("{kind}"),
            }
        }
    }
    values
}

/// Index and count of each bucket that is not empty.
fn buckets(spans: &Json, deltas: &Json) -> BTreeMap<i64, i64> {
    let (mut buckets, mut index, mut count) = (BTreeMap::new(), 0, 0);
    let mut deltas = list(deltas).iter();
    for span in list(spans) {
        index += integer(&span["offset"]);
        for _ in 0..integer(&span["length"]) {
            count += integer(deltas.next().unwrap());
            if count > 0 {
                buckets.insert(index, count);
            }
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    buckets
}

/// What is recorded to one series.
#[derive(Debug, Clone)]
enum Recorded {
    Count(u64),
    Value(f64),
    Classic(Vec<f64>),
    Native(Vec<f64>),
    OnlyNative(Vec<f64>),
}

impl Recorded {
    fn name(&self) -> &'static str {
        match self {
            Self::Count(_) => "visits_total",
            Self::Value(_) => "open",
            Self::Classic(_) => "wait_seconds",
            Self::Native(_) => "work_seconds",
            Self::OnlyNative(_) => "sizes",
        }
    }

    fn samples(&self) -> &[f64] {
        match self {
            Self::Count(_) | Self::Value(_) => &[],
            Self::Classic(samples) | Self::Native(samples) | Self::OnlyNative(samples) => samples,
        }
    }
}

type Recording = (Recorded, String);

fn sample() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..3.0,
        2 => (-20.0..20.0).prop_map(|exponent: f64| 10_f64.powf(exponent)),
        1 => -3.0..0.0,
        1 => select(vec![0.0, -0.0, 0.1, 1.0, 4.0, 1e-300]),
    ]
}

fn recording() -> impl Strategy<Value = Recording> {
    let number = prop_oneof![
        any::<f64>(),
        select(vec![f64::INFINITY, f64::NEG_INFINITY, -0.0])
    ];
    let recorded = prop_oneof![
        any::<u64>().prop_map(|count| Recorded::Count(count >> 12)),
        number.prop_map(Recorded::Value),
        vec(sample(), 0..20).prop_map(Recorded::Classic),
        vec(sample(), 0..300).prop_map(Recorded::Native),
        vec(sample(), 0..300).prop_map(Recorded::OnlyNative),
    ];
    let label = prop_oneof![
        "[a-z]{0,3}",
        "(?s).{0,12}",
        select(vec!["\"\\\n\0".to_owned(), "x".repeat(20_000)])
    ];
    (recorded, label)
}

fn recorder(schema: i8, max_buckets: usize) -> Prometheus {
    let native = |name: &str| {
        let native = NativeHistograms::of([name]).schema(schema);
        native.max_buckets(max_buckets).zero_threshold(1e-9)
    };
    Prometheus::builder()
        .prefix("shop")
        .global_label("region", "eu \"1\"")
        .buckets("wait_seconds", &[-1.0, 0.1, 1.0])
        .buckets("work_seconds", &[0.1, 1.0])
        .native_histograms(native("work_seconds"))
        .native_histograms(native("sizes").without_classic_buckets())
        .build()
        .unwrap()
}

fn record(prometheus: &Prometheus, (recorded, label): &Recording) {
    let key = Key::from_parts(recorded.name(), vec![Label::new("till", label.clone())]);
    match recorded {
        Recorded::Count(count) => prometheus
            .register_counter(&key, &METADATA)
            .increment(*count),
        Recorded::Value(value) => prometheus.register_gauge(&key, &METADATA).set(*value),
        Recorded::Classic(_) | Recorded::Native(_) | Recorded::OnlyNative(_) => {
            let histogram = prometheus.register_histogram(&key, &METADATA);
            for sample in recorded.samples() {
                histogram.record(*sample);
            }
        }
    }
}

/// Asserts that the exponential buckets have these samples, by the definition of the buckets.
fn assert_native(histogram: &Json, samples: &[f64], schema: i8, max_buckets: usize) {
    let shown = integer(&histogram["schema"]);
    assert!(shown <= i64::from(schema), "{histogram}");
    assert_eq!(float(&histogram["zero_threshold"]), 1e-9);
    let per_power = 2_f64.powi(i32::try_from(shown).unwrap());
    let expected = |sign: f64| {
        let mut buckets = BTreeMap::new();
        for sample in samples.iter().map(|sample| sample * sign) {
            if sample > 1e-9 {
                let index = (sample.log2() * per_power).ceil() as i64;
                *buckets.entry(index).or_insert(0) += 1;
            }
        }
        buckets
    };
    let positive = buckets(&histogram["positive_span"], &histogram["positive_delta"]);
    let negative = buckets(&histogram["negative_span"], &histogram["negative_delta"]);
    assert_eq!(positive, expected(1.0));
    assert_eq!(negative, expected(-1.0));
    assert!(positive.len() + negative.len() <= max_buckets || shown == -4);
    let zeros = samples.iter().filter(|sample| sample.abs() <= 1e-9).count();
    assert_eq!(integer(&histogram["zero_count"]), zeros as i64);
    assert_eq!(integer(&histogram["sample_count"]), samples.len() as i64);
}

proptest! {
    // Each starts Python.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    #[ignore = "needs Python's protobuf: tests/run"]
    fn the_decoded_messages_have_the_values_of_the_text(
        recordings in vec(recording(), 0..30),
        schema in -4_i8..=8,
        max_buckets in 8_usize..200,
    ) {
        let prometheus = recorder(schema, max_buckets);
        let mut samples: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
        for recording in &recordings {
            record(&prometheus, recording);
            let (recorded, label) = recording;
            let all = samples.entry((recorded.name(), label)).or_default();
            all.extend_from_slice(recorded.samples());
        }
        let families = decode(&prometheus.render_protobuf());
        let text = Exposition::parse(&prometheus.render());
        prop_assert_eq!(values(&families), text.values());
        for family in &families {
            let name = family["name"].as_str().unwrap();
            let help = text.helps.iter().find(|(own, _)| own == name);
            prop_assert_eq!(family["help"].as_str(), help.map(|(_, help)| &**help));
            let name = name.strip_prefix("shop_").unwrap();
            if !["work_seconds", "sizes"].contains(&name) {
                continue;
            }
            for metric in list(&family["metric"]) {
                let labels = labels(&metric["label"]);
                let label = labels.get("till").map_or("", |till| till);
                assert_native(&metric["histogram"], &samples[&(name, label)], schema, max_buckets);
                let has_classic = !list(&metric["histogram"]["bucket"]).is_empty();
                prop_assert_eq!(has_classic, name == "work_seconds");
            }
        }
    }
}

fn millis(timestamp: &Json) -> i64 {
    integer(&timestamp["seconds"]) * 1_000 + integer(&timestamp["nanos"]) / 1_000_000
}

#[test]
#[ignore = "needs Python's protobuf: tests/run"]
fn exemplars_and_created_timestamps_are_those_of_openmetrics() {
    let now = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        i64::try_from(since.unwrap().as_millis()).unwrap()
    };
    let before = now();
    let prometheus = Prometheus::builder()
        .buckets("wait_seconds", &[0.1, 1.0])
        .buckets("work_seconds", &[0.1, 1.0])
        .native_histograms(NativeHistograms::of(["work_seconds"]))
        .exemplars(|| Some(ExemplarLabels::new([("trace_id", "a\"b"), ("span", "ü")])))
        .created_timestamps(true)
        .build()
        .unwrap();
    let visits = prometheus.register_counter(&Key::from_name("visits_total"), &METADATA);
    visits.increment(3);
    for name in ["wait_seconds", "work_seconds"] {
        let histogram = prometheus.register_histogram(&Key::from_name(name), &METADATA);
        for sample in [0.5, 7.0] {
            histogram.record(sample);
        }
    }
    let after = now();
    let families = decode(&prometheus.render_protobuf());
    let metric = |name: &str| {
        let family = families.iter().find(|family| family["name"] == *name);
        family.unwrap()["metric"][0].clone()
    };
    let shown = |exemplar: &Json| {
        assert!(
            (before..=after).contains(&millis(&exemplar["timestamp"])),
            "{exemplar}"
        );
        (labels(&exemplar["label"]), float(&exemplar["value"]))
    };
    let of = |value: f64| {
        let labels = [("trace_id", "a\"b"), ("span", "ü")];
        (
            labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value,
        )
    };
    let counter = &metric("visits_total")["counter"];
    assert_eq!(shown(&counter["exemplar"]), of(3.0));
    assert!(
        (before..=after).contains(&millis(&counter["created_timestamp"])),
        "{counter}"
    );
    for name in ["wait_seconds", "work_seconds"] {
        let histogram = &metric(name)["histogram"];
        let created = millis(&histogram["created_timestamp"]);
        assert!((before..=after).contains(&created), "{histogram}");
        let exemplars: Vec<_> = list(&histogram["bucket"])
            .iter()
            .map(|bucket| bucket.get("exemplar").map(shown))
            .collect();
        assert_eq!(exemplars, [None, Some(of(0.5)), Some(of(7.0))]);
        let native: Vec<_> = list(&histogram["exemplars"]).iter().map(shown).collect();
        let expected = if name == "work_seconds" {
            vec![of(0.5), of(7.0)]
        } else {
            vec![]
        };
        assert_eq!(native, expected);
    }
}

/// The content type and the body of `/metrics` for a scraper that prefers protobuf.
#[cfg(all(feature = "axum", feature = "protobuf"))]
async fn scrape(router: axum::Router, encoding: Option<&str>) -> (String, Vec<u8>) {
    use tower::ServiceExt;

    let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
                  application/openmetrics-text;version=1.0.0;q=0.5";
    let mut request = http::Request::get("/metrics").header("accept", accept);
    if let Some(encoding) = encoding {
        request = request.header("accept-encoding", encoding);
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("content-encoding").as_deref(), encoding);
    let content_type = header("content-type").unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (content_type, body.to_vec())
}

#[cfg(all(feature = "axum", feature = "protobuf"))]
#[tokio::test]
async fn scrapers_get_the_messages_also_gzipped() {
    use std::io::Read;

    for encoding in [None, Some("gzip")] {
        let prometheus = recorder(3, 160);
        record(
            &prometheus,
            &(Recorded::Native(vec![0.5; 1_000]), "a".to_owned()),
        );
        let routes = tower_vitals::Routes::new().metrics(prometheus.clone());
        let router: axum::Router = routes.into();
        // The scrape's own duration is recorded after it.
        let expected = prometheus.render_protobuf();
        let (content_type, mut body) = scrape(router, encoding).await;
        assert_eq!(
            content_type,
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        );
        if encoding.is_some() {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&*body)
                .read_to_end(&mut plain)
                .unwrap();
            body = plain;
        }
        assert_eq!(body, expected);
    }
}
