//! The cost of a tick.

use allocation_counter::measure;
use tower_vitals::alerts::notify::Policy;

use super::desk::{Desk, at, chat, described};

/// The allocations of a tick in which nothing changes, about this number of alerts.
fn allocations(alerts: usize) -> u64 {
    let mut desk = Desk::new([chat(), Policy::new("pager").takes_acknowledgements(true)]);
    for pod in 0..alerts {
        desk.fire(&format!("down/{pod}"), 0);
    }
    for time in [0, 30, 45] {
        desk.notifier.tick(&desk.state, &described, at(time));
    }
    let mut decisions = None;
    let measured = measure(|| {
        decisions = Some(desk.notifier.tick(&desk.state, &described, at(60)));
    });
    let decisions = decisions.unwrap();
    assert!(!decisions.is_changed && decisions.queued.is_empty());
    measured.count_total
}

#[test]
fn a_tick_without_changes_allocates_nothing() {
    assert_eq!(allocations(100), 0);
    assert_eq!(allocations(10_000), 0);
}
