//! Label names that the format does not allow, and labels without a value.

use metrics::{Key, Label, counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::Kind;

use super::{KINDS, built, key, read, record, series};
use crate::support::exposition::is_label_name;
use crate::support::log::Log;

#[test]
fn reserved_label_names_are_renamed() {
    for (reserved, renamed) in [
        ("le", "exported_le"),
        ("quantile", "exported_quantile"),
        ("__name__", "exported___name__"),
        ("__x", "exported___x"),
    ] {
        for kind in KINDS {
            let (log, logging) = Log::of_this_thread();
            let prometheus = built();
            for size in ["small", "large", "small"] {
                let labels = vec![Label::new(reserved, size), Label::new("shop", "eu")];
                record(&prometheus, kind, &Key::from_parts("sizes", labels));
            }
            drop(logging);
            let (text, snapshot) = read(&prometheus);
            assert_eq!(series(&text, "sizes", kind).len(), 2, "{reserved}");
            let sizes = snapshot.family("sizes").unwrap();
            assert_eq!(sizes.series.len(), 2, "{reserved}");
            for (size, count) in [("small", 2.0), ("large", 1.0)] {
                let labels = [(renamed, size), ("shop", "eu")];
                let suffix = if kind == Kind::Histogram {
                    "_count"
                } else {
                    ""
                };
                assert_eq!(text.value(&format!("sizes{suffix}"), &labels), count);
                assert!(sizes.series.iter().any(|series| series.has(&labels)));
            }
            assert_eq!(log.count("WARN"), 1, "{reserved}: {}", log.text());
            assert_eq!(log.count("sizes"), 1, "{reserved}: {}", log.text());
        }
    }
}

#[test]
fn labels_with_equal_or_no_names_are_renamed_and_keep_their_values() {
    let cases: [&[(&str, &str)]; 6] = [
        &[("a.b", "1"), ("a-b", "2"), ("c", "3")],
        &[("a.b", "1"), ("a_b", "2"), ("a-b", "3")],
        &[("a", "1"), ("a", "2")],
        &[("", "1"), ("a", "2")],
        &[("", "1"), ("", "2"), ("_", "3")],
        &[("le", "1"), ("exported_le", "2"), ("le", "3")],
    ];
    for labels in cases {
        for kind in KINDS {
            let (log, logging) = Log::of_this_thread();
            let prometheus = built();
            record(&prometheus, kind, &key("odd", labels));
            record(&prometheus, kind, &key("odd", labels));
            drop(logging);
            let (text, snapshot) = read(&prometheus);
            let series = series(&text, "odd", kind);
            assert_eq!(series.len(), 1, "{labels:?}: {series:?}");
            assert_eq!(series[0].value.as_f64(), 2.0, "{labels:?}");
            let names = series[0].labels.iter().map(|(name, _)| name);
            assert!(names.clone().all(|name| is_label_name(name)), "{series:?}");
            assert_eq!(series[0].labels().len(), labels.len(), "{labels:?}");
            let mut values: Vec<_> = series[0].labels.iter().map(|(_, value)| &**value).collect();
            values.sort_unstable();
            let mut expected: Vec<_> = labels.iter().map(|(_, value)| *value).collect();
            expected.sort_unstable();
            assert_eq!(values, expected, "{labels:?}");
            assert_eq!(snapshot.family("odd").unwrap().series.len(), 1);
            assert_eq!(log.count("WARN"), 1, "{labels:?}: {}", log.text());
        }
    }
}

#[test]
fn labels_with_equal_names_in_another_order_are_the_same_series() {
    let prometheus = built();
    for labels in [[("a.b", "1"), ("a-b", "2")], [("a-b", "2"), ("a.b", "1")]] {
        record(&prometheus, Kind::Counter, &key("odd_total", &labels));
    }
    let (text, _) = read(&prometheus);
    let series = series(&text, "odd_total", Kind::Counter);
    assert_eq!(series.len(), 1, "{series:?}");
    assert_eq!(series[0].value.as_f64(), 2.0);
}

/// A label of a global label's name replaces it, however often it occurs.
#[test]
fn renamed_labels_and_global_labels_stay_apart() {
    let builder = Prometheus::builder().prefix("shop");
    let prometheus = builder
        .global_label("region", "eu")
        .global_label("exported_le", "global")
        .build()
        .unwrap();
    let labels = [("le", "1"), ("region", "us")];
    record(&prometheus, Kind::Histogram, &key("sizes", &labels));
    let (text, _) = read(&prometheus);
    let series = series(&text, "shop_sizes", Kind::Histogram);
    assert_eq!(series.len(), 1);
    let labels = series[0].labels();
    assert!(labels.values().any(|value| value == "1"), "{labels:?}");
    assert_eq!(labels["region"], "us");
}

#[test]
fn a_label_without_a_value_is_no_label() {
    let (log, logging) = Log::of_this_thread();
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("r_total").increment(1);
        counter!("r_total", "t" => "").increment(5);
        gauge!("level", "t" => "", "u" => "1").increment(2.0);
        gauge!("level", "u" => "1").increment(3.0);
        histogram!("r_seconds", "t" => "").record(1.0);
        histogram!("r_seconds").record(2.0);
    });
    drop(logging);
    let (text, snapshot) = read(&prometheus);
    assert_eq!(text.value("r_total", &[]), 6.0);
    assert_eq!(text.value("level", &[("u", "1")]), 5.0);
    assert_eq!(text.value("r_seconds_count", &[]), 2.0);
    assert_eq!(text.value("r_seconds_sum", &[]), 3.0);
    for name in ["r_total", "level", "r_seconds"] {
        assert_eq!(snapshot.family(name).unwrap().series.len(), 1, "{name}");
    }
    assert_eq!(snapshot.sum("r_total", &[]), Some(6.0));
    assert_eq!(log.text(), "");
}
