//! Metric names that the format does not allow, and names that clash.

use metrics::{Key, counter, gauge, histogram, with_local_recorder};
use tower_vitals::catalog::Kind;

use super::{KINDS, REJECTED, built, key, read, record, series};
use crate::support::exposition::is_metric_name;
use crate::support::log::Log;

#[test]
fn a_metric_name_that_begins_with_underscores_is_kept() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("__starts_total").increment(3);
        gauge!("__load").set(0.5);
    });
    let (text, _) = read(&prometheus);
    assert_eq!(text.value("__starts_total", &[]), 3.0);
    assert_eq!(text.value("__load", &[]), 0.5);
}

#[test]
fn an_empty_metric_name_becomes_a_valid_one() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("").increment(3);
        counter!("ok_total").increment(1);
    });
    let (text, _) = read(&prometheus);
    assert_eq!(text.value("ok_total", &[]), 1.0);
    let named = text
        .samples
        .iter()
        .find(|sample| sample.value.as_f64() == 3.0);
    assert!(is_metric_name(&named.unwrap().name), "{named:?}");
}

#[test]
fn names_that_become_equal_are_one_series_with_one_warning() {
    let (log, logging) = Log::of_this_thread();
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("shop.orders").increment(1);
        counter!("shop.orders").increment(1);
    });
    assert_eq!(log.text(), "", "a dot alone is no mistake");
    with_local_recorder(&prometheus, || {
        counter!("shop-orders").increment(3);
        counter!("shop-orders").increment(4);
        counter!("shop.orders").increment(5);
        counter!("shop_orders").increment(6);
    });
    drop(logging);
    let (text, snapshot) = read(&prometheus);
    assert_eq!(text.value("shop_orders", &[]), 20.0);
    assert_eq!(snapshot.family("shop_orders").unwrap().series.len(), 1);
    assert_eq!(log.count("WARN"), 1, "{}", log.text());
    assert_eq!(log.count("shop_orders"), 1, "{}", log.text());
}

/// The later one is rejected, because both would have series of one name.
#[test]
fn a_histogram_and_a_metric_with_the_name_of_its_series_clash() {
    for suffix in ["_count", "_sum", "_bucket"] {
        for kind in [Kind::Counter, Kind::Gauge] {
            for is_histogram_first in [true, false] {
                let name = format!("wait{suffix}");
                let (log, logging) = Log::of_this_thread();
                let prometheus = built();
                let single = Key::from_name(name.clone());
                for _ in 0..2 {
                    if is_histogram_first {
                        record(&prometheus, Kind::Histogram, &key("wait", &[]));
                        record(&prometheus, kind, &single);
                    } else {
                        record(&prometheus, kind, &single);
                        record(&prometheus, Kind::Histogram, &key("wait", &[]));
                    }
                }
                drop(logging);
                let (text, snapshot) = read(&prometheus);
                let rejected = if is_histogram_first {
                    assert_eq!(text.value("wait_count", &[]), 2.0);
                    assert_eq!(text.value("wait_sum", &[]), 2.0);
                    assert!(snapshot.family(&name).is_none());
                    &*name
                } else {
                    assert_eq!(text.value(&name, &[]), 2.0);
                    assert!(snapshot.family("wait").is_none());
                    "wait"
                };
                assert_eq!(text.value(REJECTED, &[("metric", rejected)]), 2.0);
                assert_eq!(log.count("WARN"), 1, "{}", log.text());
            }
        }
    }
}

/// A histogram's own name is none of its series.
#[test]
fn names_that_only_look_like_a_histograms_are_kept() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        histogram!("wait").record(1.0);
        counter!("wait_total").increment(2);
        counter!("wait_counts").increment(3);
        histogram!("wait_count_seconds").record(4.0);
        counter!("y_count").increment(5);
    });
    let (text, _) = read(&prometheus);
    for (name, value) in [
        ("wait_count", 1.0),
        ("wait_total", 2.0),
        ("wait_counts", 3.0),
        ("wait_count_seconds_sum", 4.0),
        ("y_count", 5.0),
    ] {
        assert_eq!(text.value(name, &[]), value, "{name}");
    }
    assert_eq!(
        text.of(REJECTED)
            .filter(|rejected| rejected.value.as_f64() > 0.0)
            .count(),
        0
    );
}

/// metrics-exporter-prometheus adds no suffix to a name that ends like it: `discount` for `discount_count`.
#[test]
fn a_histogram_whose_name_ends_like_a_suffix_has_all_its_series() {
    for name in ["discount", "checksum", "x_count", "x_sum", "x_bucket"] {
        let prometheus = built();
        record(&prometheus, Kind::Histogram, &Key::from_name(name));
        let (text, snapshot) = read(&prometheus);
        assert_eq!(text.value(&format!("{name}_count"), &[]), 1.0);
        assert_eq!(text.value(&format!("{name}_sum"), &[]), 1.0);
        let last = [("le", "+Inf")];
        assert_eq!(text.value(&format!("{name}_bucket"), &last), 1.0);
        assert_eq!(snapshot.histogram(name, &[]).unwrap().count, 1);
    }
}

/// In `OpenMetrics`, the family of the counter `orders_total` is `orders`.
#[test]
fn a_counter_and_a_metric_of_its_name_without_total_are_both_kept() {
    for kind in KINDS {
        for is_counter_first in [true, false] {
            let prometheus = built();
            let total = key("orders_total", &[]);
            if is_counter_first {
                record(&prometheus, Kind::Counter, &total);
            }
            record(&prometheus, kind, &key("orders", &[]));
            record(&prometheus, Kind::Counter, &total);
            let (text, snapshot) = read(&prometheus);
            let expected = if is_counter_first { 2.0 } else { 1.0 };
            assert_eq!(text.value("orders_total", &[]), expected);
            assert_eq!(series(&text, "orders", kind).len(), 1);
            assert_eq!(snapshot.family("orders").unwrap().kind, kind);
        }
    }
}
