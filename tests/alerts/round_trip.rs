//! Any rule survives JSON.

use std::time::Duration;

use proptest::prelude::*;
use tower_vitals::alerts::state::Inhibition;
use tower_vitals::alerts::{Announcer, Level, NoData, Rule, Rules, Scope, Selector, Signal};

/// Up to ten days, in milliseconds.
fn duration() -> impl Strategy<Value = Duration> {
    (0_u64..864_000_000).prop_map(Duration::from_millis)
}

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn selector() -> impl Strategy<Value = Selector> {
    let matchers = prop::collection::vec((0_u8..4, text(), text()), 0..4);
    (text(), matchers).prop_map(|(metric, matchers)| {
        matchers.into_iter().fold(
            Selector::new(metric),
            |selector, (kind, label, value)| match kind {
                0 => selector.eq(label, value),
                1 => selector.ne(label, value),
                2 => selector.starts_with(label, value),
                _ => selector.not_starts_with(label, value),
            },
        )
    })
}

fn signal() -> impl Strategy<Value = Signal> {
    let labels = prop::collection::vec(text(), 0..3);
    let parts = (
        0_u8..13,
        selector(),
        selector(),
        duration(),
        0.0..=1.0,
        text(),
        labels,
    );
    parts.prop_map(|(kind, one, other, window, share, name, labels)| {
        let signal = match kind {
            0 => Signal::value(one),
            1 => Signal::rate(one, window),
            2 => Signal::increase(one, window),
            3 => Signal::ratio(one, other, window),
            4 => Signal::average(one, window),
            5 => Signal::quantile(share, one, window),
            6 => Signal::age(one),
            7 => Signal::absent(one),
            8 => Signal::max(one),
            9 => Signal::min(one),
            10 => Signal::avg(one),
            11 => Signal::quotient(one, other),
            _ => Signal::computed(name),
        };
        signal.by(labels)
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let threshold = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let judged = (text(), signal(), 0_u8..6, threshold, any::<u64>());
    let timing = (
        prop::option::of(1_u32..),
        duration(),
        duration(),
        prop::option::of(duration()),
        0_u8..3,
    );
    let texts = (
        text(),
        text(),
        prop::option::of(text()),
        prop::collection::btree_map(text(), text(), 0..3),
    );
    let inhibition = (text(), prop::collection::vec(text(), 0..3));
    let routing = (
        prop::collection::vec(inhibition, 0..3),
        prop::collection::vec(text(), 0..3),
        any::<bool>(),
        any::<bool>(),
        0_u8..4,
    );
    (judged, timing, texts, routing).prop_map(|(judged, timing, texts, routing)| {
        let (name, signal, comparison, threshold, events) = judged;
        let rule = Rule::new(name, signal).min_events(events);
        let rule = match comparison {
            0 => rule.gt(threshold),
            1 => rule.ge(threshold),
            2 => rule.lt(threshold),
            3 => rule.le(threshold),
            4 => rule.eq(threshold),
            _ => rule.ne(threshold),
        };
        let (times, pending, keep, resolve, no_data) = timing;
        let rule = match times {
            Some(times) => rule.consecutive(times),
            None => rule.for_duration(pending),
        };
        let no_data = [NoData::Keep, NoData::Resolve, NoData::Fire][usize::from(no_data)];
        let mut rule = rule.keep_firing_for(keep).no_data(no_data);
        rule.auto_resolve = resolve;
        let (summary, description, runbook, labels) = texts;
        let mut rule = rule.summary(summary).description(description);
        rule.runbook_url = runbook;
        rule.labels = labels;
        let (inhibitions, channels, is_shared, is_external, level) = routing;
        for (source, labels) in inhibitions {
            rule = rule.inhibited_by(Inhibition::by(source).equal(labels));
        }
        let levels = [Level::Info, Level::Warning, Level::Error, Level::Critical];
        let rule = rule.channels(channels).level(levels[usize::from(level)]);
        let rule = if is_shared {
            rule.scope(Scope::Shared)
        } else {
            rule
        };
        if is_external {
            rule.announced_by(Announcer::Prometheus)
        } else {
            rule
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_rule_survives_json(rule in rule()) {
        let json = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Rule>(&json).unwrap(), &rule);
        let list = format!("[{json}]");
        // Random rules have mistakes, but none of reading.
        if let Err(error) = Rules::builder().json(&list).build() {
            let error = error.to_string();
            prop_assert!(!error.contains("of the list") && !error.contains("field"), "{}", error);
        }
    }
}
