//! Averages and quantiles of histograms.

use tower_vitals::alerts::{Rule, Samples, Signal};

use super::metrics::{Cell, at, members, rule, samples, seconds, snapshot, value};

/// A histogram without samples, and ten seconds later with these.
fn histogram(rule: &Rule, recorded: &[(f64, usize)]) -> Samples {
    let mut samples = samples(rule);
    for (time, recorded) in [(1000, &[][..]), (1010, recorded)] {
        let cell = Cell::Histogram(recorded.to_vec());
        samples.add(&snapshot(&[("wait_seconds", &[], cell)]), at(time));
    }
    samples
}

fn quantile(share: f64, recorded: &[(f64, usize)]) -> f64 {
    let rule = rule(Signal::quantile(share, "wait_seconds", seconds(20)));
    value(&rule, &histogram(&rule, recorded), 1010).unwrap()
}

fn assert_near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-12, "{value} {expected}");
}

#[test]
fn a_quantile_is_linear_in_its_bucket_and_from_zero_in_the_first() {
    // Half way from 0.1 to 0.5, and half way from 0 to 0.1.
    assert_near(quantile(0.5, &[(0.3, 100)]), 0.3);
    assert_near(quantile(0.5, &[(0.05, 100)]), 0.05);
    assert_eq!(quantile(0.75, &[(0.05, 50), (0.7, 50)]), 0.75);
    assert_eq!(quantile(1.0, &[(0.05, 50), (0.7, 50)]), 1.0);
}

#[test]
fn above_the_highest_finite_bound_a_quantile_is_that_bound() {
    assert_eq!(quantile(0.5, &[(60.0, 100)]), 5.0);
}

#[test]
fn a_quantile_of_no_samples_is_nan_and_so_is_that_of_share_zero_in_an_empty_first_bucket() {
    assert!(quantile(0.5, &[]).is_nan());
    assert!(quantile(0.0, &[(0.3, 100)]).is_nan());
    assert_eq!(quantile(0.0, &[(0.05, 100)]), 0.0);
}

#[test]
fn an_average_is_the_increase_of_the_sum_over_that_of_the_count() {
    let rule = rule(Signal::average("wait_seconds", seconds(20)));
    assert_eq!(
        value(&rule, &histogram(&rule, &[(0.5, 3), (2.5, 1)]), 1010),
        Some(1.0)
    );
    assert!(value(&rule, &histogram(&rule, &[]), 1010).unwrap().is_nan());
    assert_eq!(value(&rule, &samples(&rule), 1010), None);
}

#[test]
fn quantiles_of_groups_sum_their_buckets_and_few_samples_do_not_hold() {
    let signal = Signal::quantile(0.5, "wait_seconds", seconds(20)).by(["shop"]);
    let rule = Rule::new("Test", signal).gt(0.0);
    let mut samples = samples(&rule);
    let labels: [&[_]; 3] = [
        &[("shop", "eu"), ("n", "1")],
        &[("shop", "eu"), ("n", "2")],
        &[("shop", "us")],
    ];
    for (time, times) in [(1000, [0, 0, 0]), (1010, [40, 120, 4])] {
        let values = [0.05, 0.7, 0.3].into_iter().zip(times);
        let series = labels.into_iter().zip(values);
        let series =
            series.map(|(labels, sample)| ("wait_seconds", labels, Cell::Histogram(vec![sample])));
        samples.add(&snapshot(&series.collect::<Vec<_>>()), at(time));
    }
    let members = members(rule.evaluate(&samples, at(1010)));
    // The rank 80 of 160 is the 40th of 120 in the bucket from 0.5 to 1.
    let (eu, us) = (&members[0], &members[1]);
    assert_near(eu.value, 0.5 + 0.5 / 3.0);
    assert_eq!((eu.labels["shop"].as_str(), eu.holds), ("eu", true));
    assert_near(us.value, 0.3);
    assert_eq!((us.labels["shop"].as_str(), us.holds), ("us", false));
}
