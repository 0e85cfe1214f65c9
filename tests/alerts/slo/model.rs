//! The book against a list of all events.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tower_vitals::alerts::slo::{Burn, Slo, SloBook, SloStatus};

use super::world::{DAY, HOUR, MINUTE, Process, at, reread};

/// The windows, and the widths of their buckets.
const WINDOWS: [(u64, u64); 7] = [
    (5 * MINUTE, MINUTE),
    (30 * MINUTE, MINUTE),
    (HOUR, MINUTE),
    (2 * HOUR, MINUTE),
    (6 * HOUR, MINUTE),
    (DAY, 15 * MINUTE),
    (3 * DAY, 15 * MINUTE),
];

#[derive(Debug, Clone)]
struct Step {
    /// The time since the step before.
    after: u64,
    good: u64,
    bad: u64,
    /// The process ends after the observation.
    ends: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![
        8 => 1..120_u64,
        4 => Just(MINUTE),
        4 => 1..2 * HOUR,
        2 => 1..2 * DAY,
        1 => 1..12 * DAY,
    ];
    let bad = prop_oneof![2 => Just(0), 1 => 0..50_u64];
    (after, 0..1_000_u64, bad, 0..8_u8).prop_map(|(after, good, bad, end)| Step {
        after,
        good,
        bad,
        ends: end == 0,
    })
}

/// Bad events and all events, with the times of their observations.
type Events = Vec<(u64, u64, u64)>;

/// The events that are at most this old.
fn until_age(events: &Events, now: u64, age: u64) -> (u64, u64) {
    let within = events.iter().filter(|event| event.0 + age >= now);
    within.fold((0, 0), |sum, event| (sum.0 + event.1, sum.1 + event.2))
}

/// The burn is that of a window that is longer by less than a bucket. As in Prometheus, a window excludes its start.
fn check(
    burn: Burn,
    events: &Events,
    now: u64,
    window: u64,
    width: u64,
) -> Result<(), TestCaseError> {
    let exact = until_age(events, now, window - 1);
    let ages = events.iter().map(|event| now - event.0);
    let mut longer = ages.filter(|age| (window..window + width).contains(age));
    let own = (burn.bad, burn.total);
    let is_one = exact == own || longer.any(|age| until_age(events, now, age) == own);
    prop_assert!(is_one, "{window} {burn:?} {exact:?}");
    let ratio = if burn.total == 0 {
        0.0
    } else {
        burn.bad as f64 / burn.total as f64
    };
    prop_assert!((burn.rate - ratio / 0.01).abs() < 1e-6);
    Ok(())
}

fn check_all(
    status: &SloStatus,
    events: &Events,
    now: u64,
    period: u64,
) -> Result<(), TestCaseError> {
    for (burn, (window, width)) in status.windows.values().zip(WINDOWS) {
        check(*burn, events, now, window, width)?;
    }
    check(status.period, events, now, period, 6 * HOUR)?;
    prop_assert!((status.budget_remaining + status.period.rate - 1.0).abs() < 1e-9);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn counts_are_exact_for_windows_that_are_longer_by_less_than_a_bucket(
        steps in vec(step(), 1..80),
        days in 7..=90_u64,
        start in 0..DAY,
    ) {
        let slo = Slo::availability("checkout", 0.99).period(Duration::from_secs(days * DAY));
        let slos = std::slice::from_ref(&slo);
        let (mut process, mut book) = (Process::start(), SloBook::default());
        let (mut now, mut events) = (start, Events::new());
        for step in steps {
            now += step.after;
            process.serve(step.good, step.bad);
            book.observe(slos, &process.prometheus.snapshot(), at(now));
            events.push((now, step.bad, step.good + step.bad));
            check_all(&book.evaluate(&slo, at(now)), &events, now, days * DAY)?;
            // Between two observations.
            let later = now + step.after / 2;
            check_all(&book.evaluate(&slo, at(later)), &events, later, days * DAY)?;
            if step.ends {
                let read = reread(&book);
                prop_assert_eq!(read.evaluate(&slo, at(now)), book.evaluate(&slo, at(now)));
                (process, book) = (Process::start(), read);
            }
        }
    }

    #[test]
    fn a_clock_that_jumps_neither_loses_events_of_the_period_nor_counts_any_twice(
        steps in vec((prop_oneof![3 => 0..300_i64, 1 => -7_200..7_200_i64], 0..100_u64, 0..9_u64), 1..80),
    ) {
        let slo = Slo::availability("checkout", 0.99);
        let slos = std::slice::from_ref(&slo);
        let (process, mut book) = (Process::start(), SloBook::default());
        let (mut now, mut bad, mut total) = (40 * DAY, 0, 0);
        for (after, good, failed) in steps {
            now = now.checked_add_signed(after).unwrap();
            process.serve(good, failed);
            (bad, total) = (bad + failed, total + good + failed);
            book.observe(slos, &process.prometheus.snapshot(), at(now));
            let status = book.evaluate(&slo, at(now));
            prop_assert_eq!((status.period.bad, status.period.total), (bad, total));
            // A longer window has no fewer events, and the newest are in all.
            let totals: Vec<_> = status.windows.values().map(|burn| burn.total).collect();
            prop_assert!(totals.is_sorted() && totals[0] >= good + failed, "{:?}", totals);
        }
    }
}
