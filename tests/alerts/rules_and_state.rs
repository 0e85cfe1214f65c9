//! Rules, samples and the state machine together.

use std::time::{Duration, UNIX_EPOCH};

use metrics::{Key, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::state::AlertState::{Firing, Inactive, Pending, Resolved};
use tower_vitals::alerts::state::{Limits, RuleHead, State};
use tower_vitals::alerts::{Rule, Rules, Samples, Selector, Signal};

const INTERVAL: Duration = Duration::from_secs(60);

/// Failures in five minutes: the alert is pending for two evaluations, fires, and resolves when the window has passed.
#[test]
fn an_error_rate_fires_and_resolves() {
    let failed = Selector::new("errors_total");
    let rules = Rules::builder()
        .rule(
            Rule::new(
                "Errors",
                Signal::increase(failed, 5 * INTERVAL).by(["component"]),
            )
            .gt(10.0)
            .consecutive(3),
        )
        .build()
        .unwrap();
    let prometheus = Prometheus::builder().build().unwrap();
    let metadata = Metadata::new("test", metrics::Level::INFO, None);
    let labels = [("error_type", "timeout"), ("component", "db")];
    let errors = prometheus.register_counter(&Key::from_parts("errors_total", &labels), &metadata);
    let mut samples = Samples::for_rules(&rules);
    let mut state = State::new(Limits::default());
    let mut seen = Vec::new();
    for minute in 0..20_u32 {
        if (3..8).contains(&minute) {
            errors.increment(20);
        }
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000) + minute * INTERVAL;
        samples.add(&prometheus.snapshot(), now);
        let evaluation = rules[0].evaluate(&samples, now);
        let head = RuleHead::of(&rules[0], INTERVAL);
        for transition in state.evaluate(&head, evaluation, now).unwrap() {
            assert_eq!(transition.labels["component"], "db");
            seen.push((minute, transition.from, transition.to));
        }
    }
    assert_eq!(
        seen,
        [
            (3, Inactive, Pending),
            (5, Pending, Firing),
            // The window is left-open: the one that ends at 11 begins after the last increase, at 7.
            (11, Firing, Resolved),
        ]
    );
}
