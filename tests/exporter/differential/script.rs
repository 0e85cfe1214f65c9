//! Arbitrary scripts of calls, and the recorder that they are sent to.

use std::collections::{BTreeMap, BTreeSet};

use metrics::Unit;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use tower_vitals::Prometheus;
use tower_vitals::catalog::{DURATION_BUCKETS, Kind, SIZE_BUCKETS};

/// Some bounds need sanitizing or an exponent.
pub(super) const BUCKETS: [(&str, &[f64]); 3] = [
    ("signed", &[-2.5, 0.0, 1e-5, 2.5]),
    ("wide.range", &[1e-7, 0.1, 1.0, 1e6, 1_048_576.0, 1e21]),
    ("picking_seconds", &[0.25]),
];
const METRICS: [(&str, Kind); 15] = [
    ("orders_total", Kind::Counter),
    ("orders", Kind::Counter),
    ("shop.visits", Kind::Counter),
    ("9lives_total", Kind::Counter),
    (":größe total:", Kind::Counter),
    ("queue", Kind::Gauge),
    ("temp/°C", Kind::Gauge),
    ("__Load", Kind::Gauge),
    ("🦀", Kind::Gauge),
    ("wait_seconds", Kind::Histogram),
    ("own.bytes", Kind::Histogram),
    ("signed", Kind::Histogram),
    ("wide.range", Kind::Histogram),
    ("picking_seconds", Kind::Histogram),
    (EXTREME, Kind::Histogram),
];
/// Its samples are too large or too small to add up exactly.
pub(super) const EXTREME: &str = "extreme-wait";
const LABELS: [&str; 8] = ["shop", "by.way", "größe", "x y", "9", "_a", "a:b", REGION.0];
const REGION: (&str, &str) = ("region", "eu-1");

#[derive(Debug, Clone)]
pub(super) enum Write {
    Register,
    Increment(u64),
    Absolute(u64),
    Set(f64),
    Add(f64),
    Subtract(f64),
    Record(f64),
    RecordMany(f64, usize),
    Describe(Option<Unit>, String),
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) metric: Index,
    pub(super) labels: Vec<(String, String)>,
    /// One for each kind, because the metric is chosen later.
    pub(super) counter: Write,
    pub(super) gauge: Write,
    pub(super) histogram: Write,
    pub(super) sample: Index,
    /// Whether the texts are compared before the next call, too.
    pub(super) is_compared: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) prefix: &'static str,
    pub(super) global_labels: Vec<(&'static str, &'static str)>,
    pub(super) metrics: Vec<(String, Kind)>,
    pub(super) calls: Vec<Call>,
}

/// The expected names, written from the format's grammar.
pub(super) fn sanitized(name: &str, also: &str) -> String {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
    let chars = name.chars().enumerate();
    chars
        .map(|(at, c)| {
            if valid(c) && !(at == 0 && c.is_ascii_digit()) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    let odd = vec![
        "\\", "\"", "\n", "n", "\\\\", "\\\"", "{", "}", ",", "=", " ", "#", "ä", "🦀", "\t", "\r",
        "\0",
    ];
    prop_oneof![
        4 => select(vec!["eu", "us", "", " ", "eu-2", "# EOF"]).prop_map(str::to_owned),
        4 => prop::collection::vec(select(odd), 0..5).prop_map(|parts| parts.concat()),
        1 => any::<String>(),
    ]
}

fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let known = subsequence(LABELS.to_vec(), 0..4);
    let known = known.prop_map(|names| names.into_iter().map(str::to_owned).collect());
    let any = prop::collection::vec(prop_oneof![any::<String>(), "[a-c.:9]{1,3}"], 0..3);
    let names = prop_oneof![4 => known, 1 => any];
    let pairs = names.prop_flat_map(|names: Vec<String>| {
        let values = prop::collection::vec(text(), names.len());
        (Just(names), values)
    });
    let labels = pairs.prop_map(|(names, values)| {
        let mut seen = BTreeSet::new();
        let labels = names.into_iter().zip(values);
        let labels = labels.filter(|(name, value)| {
            let name = sanitized(name, "");
            let is_reserved =
                name.is_empty() || name.starts_with("__") || name == "le" || name == "quantile";
            let is_global = name == REGION.0 && (value == REGION.1 || value.is_empty());
            !is_reserved && !is_global && seen.insert(name)
        });
        labels.collect::<Vec<_>>()
    });
    labels.prop_shuffle()
}

fn counter() -> impl Strategy<Value = Write> {
    let count = || {
        prop_oneof![
            8 => 0..1000_u64,
            1 => select(vec![u64::MAX, u64::MAX - 1, 1 << 53, (1 << 53) + 1, i64::MAX as u64]),
        ]
    };
    prop_oneof![
        1 => Just(Write::Register),
        8 => count().prop_map(Write::Increment),
        2 => count().prop_map(Write::Absolute),
    ]
}

fn gauge() -> impl Strategy<Value = Write> {
    let value = || {
        prop_oneof![
            8 => -1e6..1e6_f64,
            2 => any::<f64>(),
            1 => select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, 1e21, 123_456_789.0]),
        ]
    };
    prop_oneof![
        1 => Just(Write::Register),
        4 => value().prop_map(Write::Set),
        3 => value().prop_map(Write::Add),
        3 => value().prop_map(Write::Subtract),
    ]
}

fn histogram() -> impl Strategy<Value = Write> {
    let bounds = [DURATION_BUCKETS, SIZE_BUCKETS].concat();
    let bounds = BUCKETS
        .iter()
        .flat_map(|(_, bounds)| *bounds)
        .copied()
        .chain(bounds);
    let value = prop_oneof![
        4 => 0.0..12.0_f64,
        2 => -1e6..1e6_f64,
        1 => select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        4 => select(bounds.filter(|bound| *bound < 1e20).collect::<Vec<_>>()),
    ];
    (
        value,
        prop_oneof![4 => Just(None), 1 => (0..700_usize).prop_map(Some)],
        0..12_u8,
    )
        .prop_map(|(value, many, register)| match many {
            _ if register == 0 => Write::Register,
            None => Write::Record(value),
            Some(count) => Write::RecordMany(value, count),
        })
}

fn describe() -> impl Strategy<Value = Write> {
    let unit = prop::option::of(select(vec![
        Unit::Seconds,
        Unit::Bytes,
        Unit::Percent,
        Unit::Count,
    ]));
    (unit, text()).prop_map(|(unit, text)| Write::Describe(unit, text))
}

/// Most calls use one of the `sets` of labels, in an order of their own.
fn call(sets: Vec<Vec<(String, String)>>) -> impl Strategy<Value = Call> {
    let labels = prop_oneof![3 => select(sets).prop_shuffle(), 1 => labels()];
    let writes = (
        counter(),
        gauge(),
        histogram(),
        prop::option::weighted(0.1, describe()),
    );
    let call = (
        any::<Index>(),
        labels,
        writes,
        any::<Index>(),
        prop::bool::weighted(0.05),
    );
    call.prop_map(
        |(metric, labels, (counter, gauge, histogram, describe), sample, is_compared)| Call {
            metric,
            labels,
            counter: describe.clone().unwrap_or(counter),
            gauge: describe.clone().unwrap_or(gauge),
            histogram: describe.unwrap_or(histogram),
            sample,
            is_compared,
        },
    )
}

/// Known names and some arbitrary ones. Their endings keep the kinds apart.
fn metrics() -> impl Strategy<Value = Vec<(String, Kind)>> {
    let endings = [
        ("-all", Kind::Counter),
        (".now", Kind::Gauge),
        (" time", Kind::Histogram),
    ];
    let any = (any::<String>(), select(endings.to_vec()));
    let any = prop::collection::vec(any, 0..4);
    (subsequence(METRICS.to_vec(), 1..8), any).prop_map(|(known, any)| {
        let known = known
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), kind));
        let any = any
            .into_iter()
            .map(|(name, (ending, kind))| (name + ending, kind));
        let mut seen = BTreeSet::new();
        let metrics = known.chain(any);
        metrics
            .filter(|(name, _)| seen.insert(sanitized(name, ":")))
            .collect()
    })
}

pub(super) fn script() -> impl Strategy<Value = Script> {
    let globals = subsequence(vec![REGION, ("zone", "a\\\"b\n")], 0..=2);
    let sets = prop::collection::vec(labels(), 1..4);
    let calls = sets.prop_flat_map(|sets| prop::collection::vec(call(sets), 1..40));
    (select(vec!["", "shop", "_9"]), globals, metrics(), calls).prop_map(
        |(prefix, global_labels, metrics, mut calls)| {
            let mut spellings = BTreeMap::new();
            for (name, _) in calls.iter_mut().flat_map(|call| &mut call.labels) {
                let spelling = spellings.entry(sanitized(name, ""));
                name.clone_from(spelling.or_insert_with(|| name.clone()));
            }
            Script {
                prefix,
                global_labels,
                metrics,
                calls,
            }
        },
    )
}

impl Script {
    pub(super) fn prefix(&self) -> String {
        if self.prefix.is_empty() {
            String::new()
        } else {
            format!("{}_", self.prefix)
        }
    }

    pub(super) fn ours(&self) -> Prometheus {
        let mut builder = Prometheus::builder();
        if !self.prefix.is_empty() {
            builder = builder.prefix(self.prefix);
        }
        for (name, value) in &self.global_labels {
            builder = builder.global_label(*name, *value);
        }
        for (name, bounds) in BUCKETS {
            builder = builder.buckets(name, bounds);
        }
        builder.build().unwrap()
    }
}
