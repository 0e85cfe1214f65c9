//! The bounds of `Samples`.

use metrics::{Key, Label, Level, Metadata, Recorder};
use tower_vitals::Prometheus;
use tower_vitals::alerts::{Evaluated, Evaluation, Rule, Samples, Selector, Signal};
use tower_vitals::exporter::Value;

use super::metrics::{Cell, at, rule, samples, seconds, snapshot, value};

fn add(samples: &mut Samples, time: u64, counter: u64) {
    let series = [
        ("c_total", &[("n", "1")][..], Cell::Counter(counter)),
        ("c_total", &[("n", "2")], Cell::Counter(counter)),
        ("unread_total", &[], Cell::Counter(counter)),
    ];
    samples.add(&snapshot(&series), at(time));
}

fn members_or_none(evaluation: Evaluation) -> Vec<Evaluated> {
    match evaluation {
        Evaluation::Members(members) => members,
        Evaluation::NoData => Vec::new(),
        Evaluation::Failed(error) => panic!("{error}"),
    }
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

#[test]
fn a_series_that_left_makes_room_for_another() {
    let rule = rule(Signal::increase("c_total", seconds(60)));
    let mut samples = samples(&rule).max_series(1);
    let mut add = |name: &str, time: u64, counter: u64| {
        let labels = [("n", name)];
        samples.add(
            &snapshot(&[("c_total", &labels, Cell::Counter(counter))]),
            at(time),
        );
        value(&rule, &samples, time)
    };
    add("1", 1000, 0);
    assert_eq!(add("1", 1010, 10), Some(10.0));
    // The points of the first series leave the window at 1070, and its place is free after that.
    for time in (1020..1080).step_by(10) {
        add("2", time, 5);
    }
    assert_eq!(add("2", 1080, 5), None);
    assert_eq!(add("2", 1090, 5), Some(0.0));
    assert_eq!(samples.stats().series, 1);
    assert_eq!(samples.stats().dropped_series, 6);
}

#[test]
fn a_histogram_with_other_bounds_begins_anew_and_the_others_go_on() {
    let rule = rule(Signal::average("wait_seconds", seconds(60)).by(["n"]));
    let mut samples = samples(&rule);
    let mut add = |time: u64, bounds: &[f64], times: usize| {
        let builder = Prometheus::builder().buckets("wait_seconds", bounds);
        let prometheus = builder.build().unwrap();
        let metadata = Metadata::new("test", Level::INFO, None);
        for (name, value) in [("1", 0.5), ("2", 1.5)] {
            let key = Key::from_parts("wait_seconds", vec![Label::new("n", name)]);
            let histogram = prometheus.register_histogram(&key, &metadata);
            histogram.record_many(value, times);
        }
        let mut snapshot = prometheus.snapshot();
        if bounds.len() > 1 {
            // Only the first one changes.
            let mut families = snapshot.families.iter_mut();
            let family = families.find(|family| family.name == "wait_seconds");
            let second = family.map(|family| &mut family.series[1].value);
            let Some(Value::Histogram(histogram)) = second else {
                panic!("{second:?}");
            };
            histogram.buckets.remove(1);
        }
        samples.add(&snapshot, at(time));
        let members = members_or_none(rule.evaluate(&samples, at(time)));
        let shown = members.iter();
        let rounded = |value: f64| (value * 1e9).round() / 1e9;
        let shown = shown.map(|member| (member.labels["n"].clone(), rounded(member.value)));
        (samples.stats(), shown.collect::<Vec<_>>())
    };
    add(1000, &[1.0], 10);
    let (stats, both) = add(1010, &[1.0], 20);
    assert_eq!((stats.series, stats.points), (2, 12));
    assert_eq!(both, [("1".to_owned(), 0.5), ("2".to_owned(), 1.5)]);
    // One point of three buckets and a sum, and three points of two buckets and a sum.
    let (stats, other) = add(1020, &[1.0, 2.0], 30);
    assert_eq!((stats.series, stats.points), (2, 4 + 9));
    assert_eq!(other, [("2".to_owned(), 1.5)]);
    let (_, both) = add(1030, &[1.0, 2.0], 40);
    assert_eq!(both, [("1".to_owned(), 0.5), ("2".to_owned(), 1.5)]);
}
