//! Faults of names that only a store without the catalogue can have.

use metrics::{CounterFn, Key, Label};

use super::{IdleTimeouts, Store, StoreConfig};
use crate::catalog::{Kind, MONITORING_SERIES_REJECTED};

/// A store without prefix and catalogue.
pub(super) fn store(max_series: usize) -> Store {
    let config = StoreConfig {
        prefix: String::new(),
        global_labels: Vec::new(),
        max_series,
        buckets: [("wait_seconds".to_owned(), vec![0.1, 1.0])].into(),
        idle_timeouts: IdleTimeouts::default(),
    };
    Store::new(config, &[])
}

#[test]
fn a_count_of_losses_that_has_another_kind_is_not_counted() {
    let store = store(10);
    let name = MONITORING_SERIES_REJECTED.name;
    assert!(store.register(Kind::Gauge, &Key::from_name(name)).is_some());
    let orders = store.register(Kind::Counter, &Key::from_name("orders"));
    orders.unwrap().increment(3);
    assert!(
        store
            .register(Kind::Gauge, &Key::from_name("orders"))
            .is_none()
    );
    let text = store.render_text(0);
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
        register(labels).increment(1 << n);
        // In another order and with a label that is none.
        let mut other: Vec<_> = labels.iter().rev().copied().collect();
        other.push(("none", ""));
        register(&other).increment(1 << n);
    }
    for (n, labels) in keys.iter().enumerate() {
        let total = register(labels).total().as_f64();
        assert!(
            (total - f64::from(2 << n)).abs() < f64::EPSILON,
            "{labels:?}: {total}"
        );
    }
}
