//! Snapshots of given values, and their evaluation.

use std::time::{Duration, SystemTime};

use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::{Evaluated, Evaluation, Rule, Samples, Signal};
use tower_vitals::exporter::Snapshot;

/// The buckets of histograms that are named so.
pub(crate) const BUCKETS: [f64; 4] = [0.1, 0.5, 1.0, 5.0];

#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Counter(u64),
    Gauge(f64),
    /// Samples, and how often each was recorded.
    Histogram(Vec<(f64, usize)>),
}

pub(crate) type Series<'a> = (&'a str, &'a [(&'a str, &'a str)], Cell);

/// A snapshot of a recorder that holds these values alone, so that counters can also fall and series can leave.
pub(crate) fn snapshot(series: &[Series<'_>]) -> Snapshot {
    let builder = Prometheus::builder().buckets("wait_seconds", &BUCKETS);
    let prometheus = builder.build().unwrap();
    let metadata = Metadata::new("test", Level::INFO, None);
    for (name, labels, cell) in series {
        let labels = labels.iter();
        let labels =
            labels.map(|(name, value)| Label::new((*name).to_owned(), (*value).to_owned()));
        let key = Key::from_parts((*name).to_owned(), labels.collect::<Vec<_>>());
        match cell {
            Cell::Counter(value) => prometheus
                .register_counter(&key, &metadata)
                .absolute(*value),
            Cell::Gauge(value) => prometheus.register_gauge(&key, &metadata).set(*value),
            Cell::Histogram(samples) => {
                let histogram = prometheus.register_histogram(&key, &metadata);
                for (value, times) in samples {
                    histogram.record_many(*value, *times);
                }
            }
        }
    }
    prometheus.snapshot()
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn at(time: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds(time)
}

/// A rule of this signal, which judges any number of events.
pub(crate) fn rule(signal: Signal) -> Rule {
    Rule::new("Test", signal).min_events(0)
}

/// Samples for one rule.
pub(crate) fn samples(rule: &Rule) -> Samples {
    Samples::for_rules(std::slice::from_ref(rule))
}

/// Samples of one counter without labels, `c_total`.
pub(crate) fn counter(rule: &Rule, points: &[(u64, u64)]) -> Samples {
    let mut samples = samples(rule);
    for (time, value) in points {
        samples.add(
            &snapshot(&[("c_total", &[], Cell::Counter(*value))]),
            at(*time),
        );
    }
    samples
}

pub(crate) fn members(evaluation: Evaluation) -> Vec<Evaluated> {
    match evaluation {
        Evaluation::Members(members) => members,
        other => panic!("{other:?}"),
    }
}

/// The value of the only member; `None` without data.
pub(crate) fn value(rule: &Rule, samples: &Samples, time: u64) -> Option<f64> {
    match rule.evaluate(samples, at(time)) {
        Evaluation::Members(members) => {
            assert_eq!(members.len(), 1, "{members:?}");
            assert!(members[0].labels.is_empty(), "{members:?}");
            Some(members[0].value)
        }
        Evaluation::NoData => None,
        Evaluation::Failed(error) => panic!("{error}"),
    }
}
