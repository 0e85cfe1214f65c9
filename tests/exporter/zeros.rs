//! Counters whose label values the catalogue knows exist at 0, so that `increase()` sees the first event.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use metrics::{Key, Label, Level, Metadata, Recorder, counter, gauge, with_local_recorder};
use metrics_util::debugging::DebuggingRecorder;
use tower_vitals::Prometheus;
use tower_vitals::catalog::{Catalog, Family, Kind, Values};
use tower_vitals::exporter::{PrometheusBuilder, SeriesLimit};

fn with_families(families: &[Family]) -> PrometheusBuilder {
    let mut catalog = Catalog::new();
    for family in families {
        catalog.register(*family).unwrap();
    }
    Prometheus::builder().catalog(catalog)
}

/// The lines of the text that begin with `name`.
fn series(prometheus: &Prometheus, name: &str) -> Vec<String> {
    let text = prometheus.render();
    let lines = text.lines().filter(|line| line.starts_with(name));
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

const SHOPS: (&str, Values) = ("shop", Values::Closed(&["eu", "us"]));

#[test]
fn a_counter_with_closed_labels_exists_at_zero_with_all_their_values() {
    let orders = Family::counter("orders_total", "Orders placed.")
        .labels(&["shop", "kind"])
        .values(&[SHOPS, ("kind", Values::Closed(&["gift", "own"]))]);
    let restarts = Family::counter("restarts_total", "Restarts of the till.");
    let energy = Family::counter("energy_joules_total", "Energy used.")
        .labels(&["shop"])
        .values(&[SHOPS])
        .float();
    let builder = with_families(&[orders, restarts, energy]).prefix("x");
    let prometheus = builder.global_label("zone", "a").build().unwrap();
    let expected = [
        r#"x_energy_joules_total{zone="a",shop="eu"} 0"#,
        r#"x_energy_joules_total{zone="a",shop="us"} 0"#,
        r#"x_orders_total{zone="a",shop="eu",kind="gift"} 0"#,
        r#"x_orders_total{zone="a",shop="eu",kind="own"} 0"#,
        r#"x_orders_total{zone="a",shop="us",kind="gift"} 0"#,
        r#"x_orders_total{zone="a",shop="us",kind="own"} 0"#,
        r#"x_restarts_total{zone="a"} 0"#,
    ];
    let own: Vec<_> = ["x_energy", "x_orders", "x_restarts"]
        .iter()
        .flat_map(|name| series(&prometheus, name))
        .collect();
    assert_eq!(own, expected);
    let energy = prometheus.snapshot();
    let energy = energy.family("x_energy_joules_total").unwrap();
    assert_eq!(energy.kind, Kind::Counter);

    with_local_recorder(&prometheus, || {
        counter!(orders.name, "shop" => "eu", "kind" => "gift").increment(1);
        counter!(restarts.name).increment(2);
        gauge!("energy_joules_total", "shop" => "us").increment(0.5);
    });
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("x_orders_total", &[]), Some(1.0));
    assert_eq!(snapshot.sum("x_restarts_total", &[]), Some(2.0));
    assert_eq!(snapshot.sum("x_energy_joules_total", &[]), Some(0.5));
    assert_eq!(snapshot.family("x_orders_total").unwrap().series.len(), 4);
}

#[test]
fn what_is_not_known_beforehand_does_not_exist() {
    let families = [
        Family::counter("logins_total", "Logins.").labels(&["user"]),
        Family::counter("orders_total", "Orders.")
            .labels(&["shop", "tenant"])
            .values(&[SHOPS, ("tenant", Values::AtMost(3))]),
        Family::gauge("stock", "Items in stock."),
        Family::histogram("picking_seconds", "Time to pick an order."),
    ];
    let prometheus = with_families(&families).build().unwrap();
    // That includes the crate's own families: a service that does not use an instrument does not have its metrics.
    assert_eq!(series(&prometheus, ""), [] as [String; 0]);
}

#[test]
fn a_family_with_more_known_series_than_its_limit_has_none() {
    const DIGITS: Values = Values::Closed(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);

    let orders = Family::counter("orders_total", "Orders.")
        .labels(&["shop"])
        .values(&[SHOPS]);
    let number = |max| {
        let prometheus = with_families(&[orders]).max_series(max).build().unwrap();
        series(&prometheus, "orders_total").len()
    };
    assert_eq!((number(1), number(2)), (0, 2));

    let thousand = Family::counter("thousand_total", "A thousand.")
        .labels(&["a", "b", "c"])
        .values(&[("a", DIGITS), ("b", DIGITS), ("c", DIGITS)]);
    let more = Family::counter("more_total", "Ten thousand.")
        .labels(&["a", "b", "c", "d"])
        .values(&[("a", DIGITS), ("b", DIGITS), ("c", DIGITS), ("d", DIGITS)]);
    let prometheus = with_families(&[thousand, more]).build().unwrap();
    assert_eq!(series(&prometheus, "thousand_total").len(), 1_000);
    assert_eq!(series(&prometheus, "more_total").len(), 0);
}

#[test]
fn the_count_of_dropped_series_exists_at_zero_with_each_labelled_metric() {
    let prometheus = Prometheus::builder().prefix("x").max_series(2);
    let prometheus = prometheus.build().unwrap();
    let dropped = || series(&prometheus, "x_monitoring_series_dropped_total");
    with_local_recorder(&prometheus, || counter!("plain_total").increment(1));
    assert_eq!(
        dropped(),
        [] as [String; 0],
        "one series is the limit of a metric without labels"
    );
    with_local_recorder(&prometheus, || {
        counter!("logins_total").increment(1);
        counter!("logins_total", "user" => "ann").increment(1);
        gauge!("load", "core" => "0").set(1.0);
    });
    assert_eq!(
        dropped(),
        [
            r#"x_monitoring_series_dropped_total{metric="x_load"} 0"#,
            r#"x_monitoring_series_dropped_total{metric="x_logins_total"} 0"#,
        ]
    );
    with_local_recorder(&prometheus, || {
        counter!("logins_total", "user" => "bob").increment(1);
    });
    assert_eq!(
        dropped(),
        [
            r#"x_monitoring_series_dropped_total{metric="x_load"} 0"#,
            r#"x_monitoring_series_dropped_total{metric="x_logins_total"} 1"#,
        ]
    );
}

#[test]
fn the_limit_around_another_recorder_counts_from_zero() {
    let exporter = DebuggingRecorder::new();
    let seen = exporter.snapshotter();
    let recorder = SeriesLimit::new(1).layer(exporter);
    let metadata = Metadata::new("test", Level::INFO, None);
    for n in 0..3 {
        let key = Key::from_parts("logins_total", vec![Label::new("user", n.to_string())]);
        let _counter = recorder.register_counter(&key, &metadata);
        let names = seen.snapshot().into_vec();
        let names: Vec<_> = names.iter().map(|(key, ..)| key.key().name()).collect();
        assert!(
            names.contains(&"monitoring_series_dropped_total"),
            "{names:?}"
        );
    }
}
