//! The bounds of `Samples`.

use tower_vitals::alerts::{Rule, Samples, Selector, Signal};

use super::metrics::{Cell, at, rule, samples, seconds, snapshot, value};

fn add(samples: &mut Samples, time: u64, counter: u64) {
    let series = [
        ("c_total", &[("n", "1")][..], Cell::Counter(counter)),
        ("c_total", &[("n", "2")], Cell::Counter(counter)),
        ("unread_total", &[], Cell::Counter(counter)),
    ];
    samples.add(&snapshot(&series), at(time));
}

#[test]
fn points_stay_for_the_longest_window_of_their_selector_alone() {
    let rules = [
        rule(Signal::rate("c_total", seconds(60))),
        rule(Signal::increase("c_total", seconds(100))),
        rule(Signal::rate(
            Selector::new("c_total").eq("n", "1"),
            seconds(20),
        )),
    ];
    let mut samples = Samples::for_rules(&rules);
    for step in 0..100 {
        add(&mut samples, 1000 + 10 * step, step);
    }
    let stats = samples.stats();
    // Ten points in 100 s of two series, and two in 20 s of the one that the third rule selects.
    assert_eq!((stats.series, stats.points), (3, 22));
    assert_eq!((stats.dropped_series, stats.dropped_points), (0, 0));
}

#[test]
fn a_series_that_left_counts_until_its_points_leave_the_window() {
    let rule = rule(Signal::increase("c_total", seconds(60)));
    let mut samples = samples(&rule);
    for step in 0..4 {
        add(&mut samples, 1000 + 10 * step, 100 + 10 * step);
    }
    samples.add(&snapshot(&[]), at(1040));
    assert!(value(&rule, &samples, 1040).unwrap() > 60.0);
    samples.add(&snapshot(&[]), at(1090));
    assert_eq!(value(&rule, &samples, 1090), None);
    assert_eq!(samples.stats().series, 0);
}

#[test]
fn more_series_than_the_bound_are_left_out_and_counted() {
    let rule = rule(Signal::value("c_total"));
    let mut samples = samples(&rule).max_series(1);
    add(&mut samples, 1000, 5);
    assert_eq!(value(&rule, &samples, 1000), Some(5.0));
    assert_eq!(
        (samples.stats().series, samples.stats().dropped_series),
        (1, 1)
    );
}

#[test]
fn more_points_than_the_bound_push_the_oldest_out_of_all_series() {
    let rule = rule(Signal::increase("c_total", seconds(1000)));
    let mut samples = samples(&rule).max_points(6);
    for step in 0..10 {
        add(&mut samples, 1000 + 10 * step, 10 * step);
    }
    let stats = samples.stats();
    assert_eq!(
        (stats.series, stats.points, stats.dropped_points),
        (2, 6, 14)
    );
    // Three points each: 20 in 20 s, and half a distance before them.
    assert_eq!(value(&rule, &samples, 1090), Some(2.0 * 25.0));
}

#[test]
fn points_of_a_histogram_count_for_each_bucket_and_the_sum() {
    let rule = rule(Signal::average("wait_seconds", seconds(60)));
    let mut samples = samples(&rule);
    samples.add(
        &snapshot(&[("wait_seconds", &[], Cell::Histogram(vec![(1.0, 1)]))]),
        at(1000),
    );
    assert_eq!(samples.stats().points, 6);
}

#[test]
fn a_clock_that_was_set_back_removes_the_points_after_it() {
    let rule: Rule = rule(Signal::increase("c_total", seconds(1000)));
    let mut samples = samples(&rule);
    for (time, counter) in [(1000, 10), (1010, 20), (1020, 30), (1005, 40), (1015, 50)] {
        add(&mut samples, time, counter);
    }
    assert_eq!(samples.stats().points, 6);
    // 10 at 1000, 40 at 1005, 50 at 1015: 40 in 15 s, and 3.75 s before them.
    assert_eq!(
        value(&rule, &samples, 1015),
        Some(2.0 * 40.0 * (18.75 / 15.0))
    );
    let mut replaced = super::metrics::samples(&rule);
    add(&mut replaced, 1000, 1);
    add(&mut replaced, 1000, 2);
    assert_eq!(replaced.stats().points, 2);
}
