//! What only the store itself can show: names without the catalogue, and single looks for idle series.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use metrics::{CounterFn, GaugeFn, HistogramFn, Key, Label};

use super::stored_series::StoredSeries;
use super::{IdleTimeouts, Store, StoreConfig};
use crate::catalog::{self, Kind, MONITORING_SERIES_REJECTED};
use crate::exporter::escaping::Escaping;
use crate::recorder::RequestRecorder;

/// A store without prefix and catalogue.
pub(super) fn store(max_series: usize) -> Store {
    idle_store(max_series, None)
}

fn idle_store(max_series: usize, idle_timeout: Option<Duration>) -> Store {
    let config = StoreConfig {
        max_series,
        buckets: [("wait_seconds".to_owned(), vec![0.1, 1.0])].into(),
        idle_timeouts: IdleTimeouts {
            of_all: idle_timeout,
            ..IdleTimeouts::default()
        },
        ..StoreConfig::default()
    };
    Store::new(config, &[])
}

fn add(series: &StoredSeries, count: u64) {
    CounterFn::increment(series, count);
}

#[test]
fn a_count_of_losses_that_has_another_kind_is_not_counted() {
    let store = store(10);
    let name = MONITORING_SERIES_REJECTED.name;
    assert!(store.register(Kind::Gauge, &Key::from_name(name)).is_some());
    let orders = store.register(Kind::Counter, &Key::from_name("orders"));
    add(&orders.unwrap(), 3);
    assert!(
        store
            .register(Kind::Gauge, &Key::from_name("orders"))
            .is_none()
    );
    let text = store.render_text(Escaping::Underscores, 0);
    assert!(text.contains("orders 3\n"), "{text}");
    assert!(!text.contains("metric=\"orders\""), "{text}");
}

#[test]
fn labels_are_compared_as_labels_and_not_as_text() {
    let store = store(100);
    let keys: [&[(&str, &str)]; 9] = [
        &[("a", "1"), ("b", "2")],
        &[("a", "1\",b=\"2")],
        &[("a", "1")],
        &[("a", "1"), ("b", "2"), ("c", "3")],
        &[("a", "1,b")],
        &[("a", "\\"), ("b", "2")],
        &[("a", "\\\",b=\"2")],
        &[("b", "1"), ("a", "2")],
        &[],
    ];
    let register = |labels: &[(&str, &str)]| {
        let labels = labels.iter();
        let labels =
            labels.map(|(name, value)| Label::new((*name).to_owned(), (*value).to_owned()));
        let key = Key::from_parts("orders_total", labels.collect::<Vec<_>>());
        store.register(Kind::Counter, &key).unwrap()
    };
    for (n, labels) in keys.iter().enumerate() {
        add(&register(labels), 1 << n);
        // In another order and with a label that is none.
        let mut other: Vec<_> = labels.iter().rev().copied().collect();
        other.push(("none", ""));
        add(&register(&other), 1 << n);
    }
    for (n, labels) in keys.iter().enumerate() {
        let total = register(labels).total().as_f64();
        assert!(
            (total - f64::from(2 << n)).abs() < f64::EPSILON,
            "{labels:?}: {total}"
        );
    }
}

fn labelled(name: &'static str, value: &str) -> Key {
    Key::from_parts(name, vec![Label::new("v", value.to_owned())])
}

/// Each look finds everything idle that was not written since the last one.
fn always_idle(max_series: usize) -> Store {
    idle_store(max_series, Some(Duration::from_nanos(1)))
}

#[test]
fn a_series_that_was_just_written_is_shown_and_not_forgotten() {
    let store = always_idle(2);
    let count = |v: &str| {
        let series = store.register(Kind::Counter, &labelled("c_total", v));
        add(&series.unwrap(), 1);
    };
    for v in ["a", "b"] {
        count(v);
        store.sweep();
        store.sweep();
    }
    count("c");
    store.sweep();
    count("a");
    store.sweep();
    let text = store.render_text(Escaping::Underscores, 0);
    assert!(text.contains("c_total{v=\"a\"} 2\n"), "{text}");
    count("a");
    store.sweep();
    let text = store.render_text(Escaping::Underscores, 0);
    assert!(text.contains("c_total{v=\"a\"} 3\n"), "{text}");
}

#[test]
fn the_gauge_of_a_busy_endpoint_stays() {
    let store = always_idle(10);
    let (gauge, wait) = (Key::from_name("open"), Key::from_name("wait_seconds"));
    let cells = store.request_cells(Some(&gauge), &wait).unwrap();
    let slot = store.ending_slot(&cells, &Key::from_name("total")).unwrap();
    for _ in 0..5 {
        cells.begin();
        cells.end(slot, 1_000);
        store.sweep();
        let text = store.render_text(Escaping::Underscores, 0);
        assert!(text.contains("\nopen 0\n"), "{text}");
    }
    store.sweep();
    assert!(!store.render_text(Escaping::Underscores, 0).contains("open"));
}

#[test]
fn every_write_brings_a_series_back() {
    let store = always_idle(10);
    let counter = store
        .register(Kind::Counter, &Key::from_name("c_total"))
        .unwrap();
    let wait = store
        .register(Kind::Histogram, &Key::from_name("wait_seconds"))
        .unwrap();
    let gauge = store.register(Kind::Gauge, &Key::from_name("g")).unwrap();
    add(&counter, 1 << 60);
    HistogramFn::record_many(&*wait, 1024.0, 1024);
    gauge.set(2.0);
    for _ in 0..3 {
        store.sweep();
    }
    let text = store.render_text(Escaping::Underscores, 0);
    for name in ["c_total", "wait_seconds_count", "\ng "] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    add(&counter, 1);
    wait.record(1.0);
    gauge.set(2.0);
    store.sweep();
    let text = store.render_text(Escaping::Underscores, 0);
    for line in [
        "c_total 1152921504606846977\n",
        "wait_seconds_count 1025\n",
        "\ng 2\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn a_reader_sees_no_series_twice() {
    let store = always_idle(100);
    let all = ["a", "b", "c", "d"].map(|v| {
        store
            .register(Kind::Counter, &labelled("c_total", v))
            .unwrap()
    });
    let family = store
        .all_families()
        .into_iter()
        .find(|family| family.info.name() == "c_total");
    let chunks = family.unwrap().list.chunks();
    assert!(store.remove("c_total", &[("v", "a")]));
    add(&all[0], 1);
    store.sweep();
    let read = chunks
        .iter()
        .flat_map(|chunk| chunk.iter().map(Arc::as_ptr));
    let mut read: Vec<_> = read.collect();
    assert_eq!(read.len(), 4);
    read.sort();
    read.dedup();
    assert_eq!(read.len(), 4, "one was read twice");
}

#[test]
fn an_idle_series_is_removed_and_forgotten() {
    let store = always_idle(10);
    let key = labelled("c_total", "a");
    add(&store.register(Kind::Counter, &key).unwrap(), 512);
    store.sweep();
    store.sweep();
    assert!(store.remove("c_total", &[("v", "a")]));
    assert!(!store.remove("c_total", &[("v", "a")]));
    add(&store.register(Kind::Counter, &key).unwrap(), 1);
    store.sweep();
    assert!(
        store
            .render_text(Escaping::Underscores, 0)
            .contains("c_total{v=\"a\"} 1\n")
    );
}

#[test]
fn a_float_counter_only_rises() {
    const COST: catalog::Family = catalog::Family::counter("cost_total", "Cost.").float();
    let config = StoreConfig {
        max_series: 10,
        ..StoreConfig::default()
    };
    let store = Store::new(config, &[COST]);
    let cost = store
        .register(Kind::Gauge, &Key::from_name("cost_total"))
        .unwrap();
    GaugeFn::increment(&*cost, 1.5);
    for lost in [f64::NAN, f64::INFINITY, -1.0] {
        GaugeFn::increment(&*cost, lost);
    }
    GaugeFn::decrement(&*cost, 1.0);
    cost.set(0.5);
    cost.set(f64::NAN);
    CounterFn::absolute(&*cost, 4);
    cost.set(4.25);
    let text = store.render_text(Escaping::Underscores, 0);
    assert!(text.contains("\ncost_total 4.25\n"), "{text}");
    let dropped = "monitoring_samples_dropped_total{metric=\"cost_total\"} 5\n";
    assert!(text.contains(dropped), "{text}");
}

#[test]
fn a_counter_that_would_take_the_name_of_another_family_is_unknown_in_openmetrics() {
    for (names, unknown) in [
        (["orders_total", "orders_created_total", ""], "orders_total"),
        (["session_total", "", "session_created"], "session_total"),
        (
            ["wait_seconds_count_total", "", ""],
            "wait_seconds_count_total",
        ),
        (["queue_total", "", "queue"], "queue_total"),
    ] {
        let store = store(10);
        store.register(Kind::Histogram, &Key::from_name("wait_seconds"));
        for name in &names[..2] {
            if !name.is_empty() {
                store.register(Kind::Counter, &Key::from_name(*name));
            }
        }
        if !names[2].is_empty() {
            store.register(Kind::Gauge, &Key::from_name(names[2]));
        }
        let text = store.render_openmetrics(Escaping::Underscores, 0);
        let types = text.matches(" unknown\n").count();
        assert!(
            text.contains(&format!("# TYPE {unknown} unknown\n")),
            "{text}"
        );
        assert_eq!(types, 1, "{text}");
    }
}

#[test]
fn dropped_gauges_are_counted_even_if_no_admitted_series_has_labels() {
    let store = store(1);
    assert!(store.register(Kind::Gauge, &Key::from_name("g")).is_some());
    assert!(store.register(Kind::Gauge, &labelled("g", "a")).is_none());
    let text = store.render_text(Escaping::Underscores, 0);
    assert!(
        text.contains("monitoring_series_dropped_total{metric=\"g\"} 1\n"),
        "{text}"
    );
}

#[test]
fn the_largest_counts_can_be_read() {
    let store = store(10);
    let wait = store
        .register(Kind::Histogram, &Key::from_name("wait_seconds"))
        .unwrap();
    // An `Arc` has a `record_many` of its own, which loops.
    HistogramFn::record_many(&*wait, 0.0, usize::MAX);
    wait.record(5.0);
    assert!(
        store
            .render_text(Escaping::Underscores, 0)
            .contains("wait_seconds_count 0\n")
    );
}

#[test]
fn a_creation_time_moves_only_when_the_total_begins_again() {
    let mut store = always_idle(10);
    store.config.created_timestamps = true;
    let key = Key::from_name("c_total");
    // Without a handle, so that the series may be forgotten.
    let write = |store: &Store| add(&store.register(Kind::Counter, &key).unwrap(), 1);
    let lines = |store: &Store| {
        let text = store.render_openmetrics(Escaping::Underscores, 0);
        let mut lines = text.lines().filter(|line| line.starts_with("c_"));
        [lines.next(), lines.next()].map(|line| line.unwrap_or_default().to_owned())
    };
    write(&store);
    let [total, created] = lines(&store);
    assert_eq!(total, "c_total 1");
    assert!(created.starts_with("c_created 1"), "{created}");
    let now = SystemTime::now();
    // Milliseconds pass, so a new time would be another one.
    while now.elapsed().unwrap() < Duration::from_millis(3) {}
    for _ in 0..3 {
        store.sweep();
    }
    assert_eq!(lines(&store), ["", ""]);
    write(&store);
    store.sweep();
    assert_eq!(lines(&store), ["c_total 2", &*created]);
    assert!(store.remove("c_total", &[]));
    write(&store);
    let [total, again] = lines(&store);
    assert_eq!(total, "c_total 1");
    let seconds = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap();
    assert!(seconds(&again) > seconds(&created), "{created}, {again}");
}
