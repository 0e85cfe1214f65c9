//! A service's own metrics: described, bucketed, bounded, and refused if invalid.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use metrics::{Unit, counter, gauge, histogram, with_local_recorder};
use tower_vitals::catalog::{Catalog, Family, Kind, Values};
use tower_vitals::exporter::Value;
use tower_vitals::{ErrorKind, Prometheus};

const ORDERS: Family = Family::counter("orders_total", "Orders placed.")
    .labels(&["shop", "tenant"])
    .values(&[
        ("shop", Values::Closed(&["eu", "us"])),
        ("tenant", Values::AtMost(3)),
    ]);
const PICKING: Family = Family::histogram(
    "picking_duration_seconds",
    "Time to pick an order, in seconds.",
)
.unit(Unit::Seconds)
.buckets(&[10.0, 60.0]);
const ENERGY: Family = Family::counter("energy_joules_total", "Energy used, in joules.")
    .labels(&["hall"])
    .values(&[("hall", Values::Closed(&["a"]))])
    .float();
const STOCK: Family = Family::gauge("stock", "Items in stock.");

fn recorder(builder: tower_vitals::exporter::PrometheusBuilder) -> Prometheus {
    let mut catalog = Catalog::new();
    for family in [ORDERS, PICKING, ENERGY, STOCK] {
        catalog.register(family).unwrap();
    }
    builder.catalog(catalog).build().unwrap()
}

#[track_caller]
fn assert_has(text: &str, lines: &str) {
    for line in lines.lines().map(str::trim) {
        assert!(
            text.lines().any(|own| own == line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn registered_families_have_help_type_and_buckets() {
    let prometheus = recorder(Prometheus::builder().prefix("shop"));
    with_local_recorder(&prometheus, || {
        counter!(ORDERS.name, "shop" => "eu", "tenant" => "t1").increment(1);
        histogram!(PICKING.name).record(11.0);
        gauge!(ENERGY.name, "hall" => "a").increment(0.25);
        gauge!(STOCK.name).set(3.0);
    });
    assert_has(
        &prometheus.render(),
        "# HELP shop_orders_total Orders placed.
        # TYPE shop_orders_total counter
        shop_orders_total{shop=\"eu\",tenant=\"t1\"} 1
        # HELP shop_picking_duration_seconds Time to pick an order, in seconds.
        # TYPE shop_picking_duration_seconds histogram
        shop_picking_duration_seconds_bucket{le=\"10\"} 0
        shop_picking_duration_seconds_bucket{le=\"60\"} 1
        # TYPE shop_stock gauge
        # TYPE shop_energy_joules_total counter
        shop_energy_joules_total{hall=\"a\"} 0.25",
    );
    let snapshot = prometheus.snapshot();
    let energy = snapshot.family("shop_energy_joules_total").unwrap();
    assert_eq!(energy.kind, Kind::Counter);
    assert_eq!(energy.series[0].value, Value::Counter(0.25));
}

#[test]
fn labels_are_bounded_no_matter_which_code_records() {
    let prometheus = recorder(Prometheus::builder());
    with_local_recorder(&prometheus, || {
        for n in 0..100 {
            let shop = ["eu", "us", "mars", ""][n % 4];
            counter!(ORDERS.name, "shop" => shop, "tenant" => format!("t{}", n % 10)).increment(1);
            // Not in the catalogue: bounded by the series limit alone.
            counter!("logins_total", "shop" => format!("s{n}")).increment(1);
        }
        gauge!(ENERGY.name, "hall" => "b").increment(1.5);
    });
    let snapshot = prometheus.snapshot();
    let sum = |labels: &[(&str, &str)]| snapshot.sum(ORDERS.name, labels);
    assert_eq!(sum(&[]), Some(100.0), "nothing is lost");
    assert_eq!(sum(&[("shop", "eu")]), Some(25.0));
    assert_eq!(sum(&[("shop", "us")]), Some(25.0));
    assert_eq!(sum(&[("shop", "other")]), Some(25.0));
    for (tenant, orders) in [("t0", 10.0), ("t1", 10.0), ("t2", 10.0), ("other", 70.0)] {
        assert_eq!(sum(&[("tenant", tenant)]), Some(orders), "{tenant}");
    }
    let series = |name| snapshot.family(name).unwrap().series.len();
    assert!(series(ORDERS.name) <= 3 * 4);
    assert_eq!(series("logins_total"), 100);
    assert_eq!(snapshot.sum(ENERGY.name, &[("hall", "other")]), Some(1.5));
}

#[test]
fn labels_are_bounded_under_names_that_need_sanitizing() {
    let prometheus = recorder(Prometheus::builder());
    with_local_recorder(&prometheus, || {
        for shop in ["eu", "mars"] {
            counter!(ORDERS.name.replacen('_', ".", 1), "shop" => shop, "tenant" => "t")
                .increment(1);
        }
        gauge!(ENERGY.name.replace('_', "-"), "hall" => "b").increment(1.5);
    });
    let snapshot = prometheus.snapshot();
    let sum = |labels: &[(&str, &str)]| snapshot.sum(ORDERS.name, labels);
    assert_eq!(sum(&[("shop", "eu")]), Some(1.0));
    assert_eq!(sum(&[("shop", "other")]), Some(1.0));
    assert_eq!(snapshot.family(ENERGY.name).unwrap().kind, Kind::Counter);
}

#[test]
fn a_label_stays_bounded_when_many_threads_record() {
    let prometheus = recorder(Prometheus::builder());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let prometheus = &prometheus;
            scope.spawn(move || {
                with_local_recorder(prometheus, || {
                    for n in 0..1000 {
                        counter!(ORDERS.name, "shop" => "eu", "tenant" => format!("{thread}-{n}"))
                            .increment(1);
                    }
                });
            });
        }
    });
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.family(ORDERS.name).unwrap().series.len(), 4);
    assert_eq!(snapshot.sum(ORDERS.name, &[]), Some(4000.0));
}

#[test]
fn an_invalid_family_is_refused_and_the_error_says_why() {
    let help = "Some help.";
    for (family, expected) in [
        (
            Family::counter("orders-total", help),
            "metric name \"orders-total\" is refused by Prometheus: letters",
        ),
        (Family::counter("", help), "metric name \"\" is refused"),
        (
            Family::counter("job:orders:sum", help),
            "metric name \"job:orders:sum\" is refused",
        ),
        (
            Family::gauge("orders", " "),
            "metric \"orders\": help is empty",
        ),
        (
            Family::gauge("orders", help).labels(&["le"]),
            "label name \"le\" is refused",
        ),
        (
            Family::gauge("orders", help).labels(&["a", "b", "a"]),
            "label \"a\" is listed twice",
        ),
        (
            Family::gauge("orders", help).values(&[("a", Values::AtMost(1))]),
            "label \"a\" has values, but is not among the labels",
        ),
        (
            Family::gauge("orders", help)
                .labels(&["a"])
                .values(&[("a", Values::Closed(&[]))]),
            "label \"a\" has no values",
        ),
        (
            Family::gauge("orders", help)
                .labels(&["a"])
                .values(&[("a", Values::AtMost(0))]),
            "label \"a\" has no values",
        ),
        (
            Family::gauge("orders", help)
                .labels(&["a"])
                .values(&[("a", Values::AtMost(1)), ("a", Values::AtMost(2))]),
            "label \"a\" has values twice",
        ),
        (
            Family::histogram("orders", help).buckets(&[]),
            "buckets are []: at least one",
        ),
        (
            Family::histogram("orders", help).buckets(&[1.0, 1.0]),
            "buckets are [1.0, 1.0]: ",
        ),
        (
            Family::gauge("orders", help).buckets(&[1.0]),
            "a gauge has buckets",
        ),
        (
            Family::gauge("orders", help).float(),
            "a gauge is marked as float",
        ),
    ] {
        assert_refused(family, expected);
    }
}

#[track_caller]
fn assert_refused(family: Family, expected: &str) {
    let mut catalog = Catalog::new();
    for good in [ORDERS, PICKING, STOCK] {
        catalog.register(good).unwrap();
    }
    let known = catalog.families().len();
    let error = catalog.register(family).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains(expected), "{error}\n{expected}");
    // A semicolon separates mistakes, and no mistake contains one.
    let mistakes = error.to_string().split("; ").count();
    let start = format!("{mistakes} mistakes: ");
    assert!(
        mistakes == 1 || error.to_string().starts_with(&start),
        "{error}"
    );
    assert_eq!(catalog.families().len(), known);
}

#[test]
fn every_mistake_in_a_family_is_in_one_error() {
    let family = Family::gauge("bad name", "").labels(&["le"]);
    let error = Catalog::new().register(family).unwrap_err();
    assert_eq!(
        error.to_string(),
        "3 mistakes: metric name \"bad name\" is refused by Prometheus: letters, digits and underscores are allowed, a letter \
         or underscore first; metric \"bad name\": help is empty: a sentence is needed; metric \"bad name\": label name \"le\" \
         is refused by Prometheus: letters, digits and underscores are allowed, a letter or single underscore first, and le \
         and quantile are reserved"
    );
}

#[test]
fn a_clash_is_refused_and_names_both() {
    let help = "Some help.";
    for (family, expected) in [
        (
            Family::gauge("orders_total", help),
            "metric \"orders_total\" is already a counter of [\"shop\", \"tenant\"]: it cannot also be a gauge of []",
        ),
        (
            ORDERS.labels(&["shop", "tenant", "day"]),
            "is already a counter of [\"shop\", \"tenant\"]",
        ),
        (
            Family::counter("orders_total", "Another help.").labels(&["shop", "tenant"]),
            "already registered with other help",
        ),
        (
            Family::gauge("http_requests_total", help),
            "is already a counter of [\"method\", \"endpoint\", \"status\"]",
        ),
        (
            Family::counter("picking_duration_seconds_count", help),
            "clashes with the histogram \"picking_duration_seconds\": both would use the name \"picking_duration_seconds_count\"",
        ),
        (
            Family::gauge("orders", help),
            "clashes with the counter \"orders_total\": both would use the name \"orders\"",
        ),
        (
            Family::histogram("stock", help),
            "metric \"stock\" is already a gauge of []",
        ),
    ] {
        assert_refused(family, expected);
    }
}

#[test]
fn registering_an_equal_family_again_has_no_effect() {
    let mut catalog = Catalog::new();
    let known = catalog.families().len();
    catalog.register(ORDERS).unwrap().register(ORDERS).unwrap();
    assert_eq!(catalog.families().len(), known + 1);
}
