//! Faults of names that only a store without the catalogue can have.

use metrics::{CounterFn, Key};

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
