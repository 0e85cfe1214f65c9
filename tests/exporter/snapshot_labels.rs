//! The labels of a snapshot's series.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use metrics::{counter, with_local_recorder};
use tower_vitals::Prometheus;

#[test]
fn labels_are_read_by_name_and_in_order() {
    let builder = Prometheus::builder().global_label("zone", "a");
    let prometheus = builder.build().unwrap();
    with_local_recorder(&prometheus, || {
        counter!("orders_total", "shop" => "eu \"1\"", "by.way" => "ü").increment(1);
        counter!("plain_total", "zone" => "b").increment(1);
    });
    let snapshot = prometheus.snapshot();
    let orders = &snapshot.family("orders_total").unwrap().series[0];
    let labels = &orders.labels;
    let pairs: Vec<(&str, &str)> = labels.iter().collect();
    assert_eq!(
        pairs,
        [("zone", "a"), ("shop", "eu \"1\""), ("by_way", "ü")]
    );
    assert_eq!(labels.len(), 3);
    assert_eq!(labels.get("shop"), Some("eu \"1\""));
    assert_eq!(labels.get("by_way"), Some("ü"));
    assert_eq!(labels.get("by.way"), None);
    assert!(orders.has(&[("zone", "a"), ("by_way", "ü")]));
    assert!(!orders.has(&[("zone", "b")]));
    let plain = &snapshot.family("plain_total").unwrap().series[0];
    assert_eq!(plain.labels.iter().collect::<Vec<_>>(), [("zone", "b")]);
}
