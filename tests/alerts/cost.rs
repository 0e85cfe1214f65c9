//! The cost of an evaluation.

use allocation_counter::measure;
use tower_vitals::alerts::{Evaluation, Selector, Signal};

use super::metrics::{Cell, at, rule, samples, seconds, snapshot};

/// The allocations of one evaluation over this number of series.
fn allocations(signal: Signal, series: usize) -> u64 {
    let rule = rule(signal);
    let mut samples = samples(&rule);
    let names: Vec<_> = (0..series).map(|index| index.to_string()).collect();
    let labels: Vec<_> = names
        .iter()
        .map(|name| [("n", &**name), ("status", "500")])
        .collect();
    for step in 0..4 {
        let series = labels
            .iter()
            .map(|labels| ("c_total", &labels[..], Cell::Counter(100 + step)));
        samples.add(&snapshot(&series.collect::<Vec<_>>()), at(1000 + 10 * step));
    }
    let mut evaluation = Evaluation::NoData;
    let measured = measure(|| evaluation = rule.evaluate(&samples, at(1030)));
    assert!(
        matches!(evaluation, Evaluation::Members(_)),
        "{evaluation:?}"
    );
    measured.count_total
}

#[test]
fn a_rule_without_groups_allocates_the_same_for_any_number_of_series() {
    let failed = || Selector::new("c_total").starts_with("status", "5");
    for signal in [
        Signal::value("c_total"),
        Signal::rate(failed(), seconds(60)),
        Signal::ratio(failed(), "c_total", seconds(60)),
        Signal::absent("c_total"),
    ] {
        let few = allocations(signal.clone(), 2);
        assert_eq!(allocations(signal.clone(), 200), few, "{signal:?}");
        assert!(few <= 8, "{signal:?}: {few}");
    }
}
