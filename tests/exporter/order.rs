//! Two scrapes differ in their values alone: the order of families and series stays.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use std::collections::BTreeMap;

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;
use tower_vitals::exporter::Snapshot;

use crate::support::exposition::{Exposition, labels_of};

const SERIES: usize = 40;

/// Registers series in an order of its own. `names` are the metrics' first letters.
fn record(prometheus: &Prometheus, names: &str, seed: usize) {
    with_local_recorder(prometheus, || {
        for n in 0..SERIES {
            // 7 and 40 have no common divisor, so each number occurs once.
            let user = (n * 7 + seed) % SERIES;
            for name in names.chars() {
                let labels = [("user", user.to_string()), ("shop", (user % 3).to_string())];
                counter!(format!("{name}_total"), &labels).increment(1);
                gauge!(format!("{name}_now"), &labels).set(n as f64);
                histogram!(format!("{name}_seconds"), &labels).record(n as f64);
            }
        }
    });
}

/// The lines without the values.
fn series(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| match line.strip_prefix('#') {
            Some(_) => line,
            None => line.rsplit_once(' ').map_or(line, |(series, _)| series),
        })
        .collect()
}

fn names(snapshot: &Snapshot) -> Vec<(String, Vec<BTreeMap<String, String>>)> {
    let families = snapshot.families.iter();
    families
        .map(|family| {
            let series = family.series.iter().map(labels_of);
            (family.name.clone(), series.collect())
        })
        .collect()
}

#[test]
fn two_scrapes_differ_in_their_values_alone() {
    let prometheus = Prometheus::builder()
        .global_label("zone", "a")
        .build()
        .unwrap();
    record(&prometheus, "qdzam", 3);
    let read = || {
        (
            prometheus.render(),
            prometheus.render_openmetrics(),
            prometheus.snapshot(),
        )
    };
    let first = read();
    record(&prometheus, "mzaqd", 21);
    let second = read();
    assert_ne!(first.0, second.0);
    let third = read();
    assert_eq!(second.0, third.0);
    assert_eq!(second.1, third.1);
    assert_eq!(series(&first.0), series(&second.0));
    assert_eq!(series(&first.1), series(&second.1));
    assert_eq!(names(&first.2), names(&second.2));
}

#[test]
fn families_are_sorted_by_name() {
    let prometheus = Prometheus::builder().build().unwrap();
    record(&prometheus, "qdzam", 3);
    let text = prometheus.render();
    let parsed = Exposition::parse(&text);
    let families: Vec<_> = parsed.types.iter().map(|(name, _)| name).collect();
    assert!(families.len() > 15, "{families:?}");
    assert!(families.is_sorted(), "{families:?}");
    let snapshot = prometheus.snapshot();
    let of_snapshot: Vec<_> = snapshot
        .families
        .iter()
        .map(|family| &family.name)
        .collect();
    assert_eq!(of_snapshot, families);
    // The samples of both formats are the same lines in the same order, apart from the spelling of values.
    let open = prometheus.render_openmetrics();
    let open = Exposition::parse(&open);
    let samples = |parsed: &Exposition| -> Vec<_> {
        let samples = parsed.samples.iter();
        samples
            .map(|sample| (sample.name.clone(), sample.label("user").map(str::to_owned)))
            .collect()
    };
    assert_eq!(samples(&open), samples(&parsed));
}

#[test]
fn a_new_series_leaves_the_others_in_their_order() {
    let prometheus = Prometheus::builder().build().unwrap();
    record(&prometheus, "dz", 3);
    let before = prometheus.render();
    record(&prometheus, "a", 5);
    with_local_recorder(&prometheus, || {
        for user in ["", "0", "39", "x"] {
            counter!("d_total", "user" => user, "shop" => "new").increment(1);
        }
    });
    let after = prometheus.render();
    let before = series(&before);
    let mut after = series(&after);
    after.retain(|line| before.contains(line));
    assert_eq!(after, before);
}
