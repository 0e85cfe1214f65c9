//! Counters and gauges: windows, resets, extrapolation, groups, absence. The numbers are those of Prometheus 3.

use std::time::SystemTime;

use tower_vitals::alerts::{Evaluation, Rule, Samples, Selector, Signal};

use super::metrics::{Cell, at, counter, members, rule, samples, seconds, snapshot, value};

fn increase(points: &[(u64, u64)], window: u64, now: u64) -> Option<f64> {
    let rule = rule(Signal::increase("c_total", seconds(window)));
    value(&rule, &counter(&rule, points), now)
}

fn regular(step: u64, values: &[u64]) -> Vec<(u64, u64)> {
    let values = values.iter().enumerate();
    values
        .map(|(index, value)| (1000 + step * index as u64, *value))
        .collect()
}

#[test]
fn windows_exclude_their_start_and_include_their_end() {
    // The window (1000, 1040] holds the points at 1010 to 1040, and the first of them is 10 s after its start.
    let points = regular(10, &[100, 110, 120, 130, 140]);
    assert_eq!(increase(&points, 40, 1040), Some(40.0));
    // One second more holds the point at 1000 as well: 40 in 40 s, extrapolated to 41 s.
    assert_eq!(increase(&points, 41, 1040), Some(41.0));
    assert_eq!(increase(&points, 10, 1040), None, "one point");
    assert_eq!(increase(&points, 40, 1100), None, "no point");
}

#[test]
fn a_shorter_window_excludes_its_start_among_the_points_of_a_longer_one() {
    let increase = |window| rule(Signal::increase("c_total", seconds(window)));
    let rules = [increase(40), increase(1000)];
    let mut samples = Samples::for_rules(&rules);
    for (time, value) in regular(10, &[0, 100, 110, 120, 130, 140]) {
        let counter = Cell::Counter(value);
        samples.add(&snapshot(&[("c_total", &[], counter)]), at(time));
    }
    // The point at 1010 is the start of (1010, 1050].
    assert_eq!(value(&rules[0], &samples, 1050), Some(40.0));
    assert_eq!(value(&rules[1], &samples, 1050), Some(140.0));
    // With the point at 1000, its start, the window (1000, 1050] would hold a step of 100.
    assert_eq!(value(&increase(50), &samples, 1050), Some(50.0));
}

#[test]
fn a_lower_counter_was_reset_and_counts_from_zero() {
    let points = regular(10, &[50, 60, 5, 15]);
    // 10, then 5 from 0, then 10: 25 in 30 s. The first point is at the window's start, which excludes it.
    assert_eq!(increase(&points, 31, 1030), Some(25.0 * (31.0 / 30.0)));
}

#[test]
fn a_far_edge_is_reached_by_half_a_distance() {
    // Points each 10 s in the window (940, 1060]: 60 s before the first, 40 s after the last. Both are more than 11 s.
    let points = regular(10, &[1000, 1010, 1020]);
    assert_eq!(increase(&points, 120, 1060), Some(20.0 * (30.0 / 20.0)));
    // 11 s are just 1.1 distances, which is too far. 10.9 s would not be.
    assert_eq!(increase(&points, 31, 1020), Some(20.0 * (25.0 / 20.0)));
}

#[test]
fn extrapolation_ends_where_the_counter_was_zero() {
    // At 10 in 10 s the counter was 0 two seconds before its first point.
    let points = regular(10, &[2, 12, 22]);
    assert_eq!(increase(&points, 30, 1020), Some(20.0 * (22.0 / 20.0)));
}

#[test]
fn a_series_that_appears_with_a_value_has_not_increased() {
    assert_eq!(increase(&regular(10, &[7, 7, 7]), 60, 1020), Some(0.0));
    assert_eq!(increase(&regular(10, &[7]), 60, 1000), None);
}

#[test]
fn a_window_longer_than_all_time_is_one() {
    let rule = rule(Signal::increase("c_total", std::time::Duration::MAX));
    let samples = counter(&rule, &regular(10, &[1000, 1010]));
    assert_eq!(value(&rule, &samples, 1010), Some(15.0));
    let now = SystemTime::UNIX_EPOCH - seconds(1000);
    assert!(matches!(rule.evaluate(&samples, now), Evaluation::NoData));
}

#[test]
fn a_rate_is_the_increase_per_second_of_the_window() {
    let rule = rule(Signal::rate("c_total", seconds(40)));
    let samples = counter(&rule, &regular(10, &[100, 110, 120, 130, 140]));
    assert_eq!(value(&rule, &samples, 1040), Some(1.0));
}

fn requests() -> [(&'static [(&'static str, &'static str)], u64); 5] {
    [
        (&[("endpoint", "/a"), ("status", "200")], 90),
        (&[("endpoint", "/a"), ("status", "500")], 9),
        (&[("endpoint", "/a"), ("status", "503")], 1),
        (&[("endpoint", "/b"), ("status", "200")], 400),
        (&[("status", "500")], 100),
    ]
}

/// Requests that grow by their number each 10 s, in five snapshots from 1000 on.
fn add_requests(rule: &Rule) -> Samples {
    let mut samples = samples(rule);
    for step in 0..5 {
        let requests = requests();
        let series = requests.iter();
        let series = series
            .map(|(labels, number)| ("r_total", *labels, Cell::Counter(1000 + number * step)));
        samples.add(&snapshot(&series.collect::<Vec<_>>()), at(1000 + 10 * step));
    }
    samples
}

#[test]
fn a_ratio_is_a_sum_over_a_sum_in_each_group_and_zero_without_a_part() {
    let failed = Selector::new("r_total").starts_with("status", "5");
    let rule = rule(Signal::ratio(failed, "r_total", seconds(40)).by(["endpoint"])).gt(0.05);
    let members = members(rule.evaluate(&add_requests(&rule), at(1040)));
    let found = members.iter().map(|member| {
        let endpoint = member.labels.get("endpoint").map(|value| &**value);
        (endpoint, member.value, member.holds)
    });
    let expected = [
        (None, 1.0, true),
        (Some("/a"), 0.1, true),
        (Some("/b"), 0.0, false),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_ratio_of_few_events_does_not_hold() {
    let failed = || Selector::new("c_total").eq("ok", "");
    let rule = Rule::new("Test", Signal::ratio(failed(), "c_total", seconds(40))).gt(0.5);
    let members_of =
        |values: &[u64]| members(rule.evaluate(&counter(&rule, &regular(10, values)), at(1040)));
    let few = members_of(&[100, 100, 103, 106, 106]);
    assert_eq!((few[0].value, few[0].holds), (1.0, false));
    let enough = members_of(&[100, 100, 105, 110, 110]);
    assert_eq!((enough[0].value, enough[0].holds), (1.0, true));
}

#[test]
fn matchers_select_and_a_missing_label_is_empty() {
    let increase = |selector: Selector| {
        let rule = rule(Signal::increase(selector, seconds(40)));
        value(&rule, &add_requests(&rule), 1040)
    };
    let all = || Selector::new("r_total");
    assert_eq!(increase(all()), Some(2400.0));
    assert_eq!(increase(all().eq("status", "500")), Some(436.0));
    assert_eq!(increase(all().ne("status", "500")), Some(1964.0));
    assert_eq!(increase(all().eq("endpoint", "")), Some(400.0));
    assert_eq!(
        increase(all().ne("endpoint", "").starts_with("status", "50")),
        Some(40.0)
    );
    assert_eq!(increase(all().eq("status", "404")), None);
}

#[test]
fn a_current_value_is_that_of_the_newest_snapshot_and_at_most_five_minutes_old() {
    let rule = rule(Signal::value("g"));
    let mut samples = samples(&rule);
    samples.add(
        &snapshot(&[
            ("g", &[("a", "1")], Cell::Gauge(2.0)),
            ("g", &[], Cell::Gauge(0.5)),
        ]),
        at(1000),
    );
    assert_eq!(value(&rule, &samples, 1000), Some(2.5));
    assert_eq!(value(&rule, &samples, 1299), Some(2.5));
    assert_eq!(value(&rule, &samples, 1300), None);
    samples.add(&snapshot(&[("g", &[], Cell::Gauge(0.25))]), at(1010));
    assert_eq!(
        value(&rule, &samples, 1010),
        Some(0.25),
        "the other series has left"
    );
}

#[test]
fn nan_satisfies_only_ne() {
    let rule = rule(Signal::value("g"));
    let mut samples = samples(&rule);
    samples.add(&snapshot(&[("g", &[], Cell::Gauge(f64::NAN))]), at(1000));
    let holds = |rule: Rule| members(rule.evaluate(&samples, at(1000)))[0].holds;
    let rule = || rule.clone();
    let all = [
        rule().gt(1.0),
        rule().ge(1.0),
        rule().lt(1.0),
        rule().le(1.0),
        rule().eq(1.0),
        rule().ne(1.0),
    ];
    assert_eq!(all.map(holds), [false, false, false, false, false, true]);
}

#[test]
fn an_age_is_that_of_the_oldest_time() {
    let rule = rule(Signal::age("t_seconds").by(["job"]));
    let mut samples = samples(&rule);
    let times = [
        (
            "t_seconds",
            &[("job", "a"), ("n", "1")][..],
            Cell::Gauge(990.0),
        ),
        ("t_seconds", &[("job", "a"), ("n", "2")], Cell::Gauge(960.5)),
        ("t_seconds", &[("job", "b")], Cell::Gauge(999.0)),
    ];
    samples.add(&snapshot(&times), at(1000));
    let members = members(rule.evaluate(&samples, at(1001)));
    assert_eq!(
        members
            .iter()
            .map(|member| member.value)
            .collect::<Vec<_>>(),
        [40.5, 2.0]
    );
}

#[test]
fn an_absence_is_one_with_the_labels_of_the_selector_and_no_data_without_snapshots() {
    let selector = Selector::new("g").eq("a", "1").ne("b", "2");
    let rule = rule(Signal::absent(selector));
    let mut samples = samples(&rule);
    assert!(matches!(
        rule.evaluate(&samples, at(1000)),
        Evaluation::NoData
    ));
    samples.add(
        &snapshot(&[("g", &[("a", "2")], Cell::Gauge(1.0))]),
        at(1000),
    );
    let absent = members(rule.evaluate(&samples, at(1000)));
    assert_eq!(absent[0].labels, [("a".to_owned(), "1".to_owned())].into());
    assert_eq!(
        (absent.len(), absent[0].value, absent[0].holds),
        (1, 1.0, true)
    );
    samples.add(
        &snapshot(&[("g", &[("a", "1")], Cell::Gauge(0.0))]),
        at(1010),
    );
    let present = members(rule.evaluate(&samples, at(1010)));
    assert_eq!(
        (present.len(), present[0].value, present[0].holds),
        (1, 0.0, false)
    );
    assert!(matches!(
        rule.evaluate(&samples, at(1310)),
        Evaluation::NoData
    ));
}

#[test]
fn a_signal_of_another_kind_or_of_unknown_samples_fails() {
    let rule = rule(Signal::rate("wait_seconds", seconds(60)));
    let mut own = samples(&rule);
    let samples = snapshot(&[("wait_seconds", &[], Cell::Histogram(vec![(0.2, 1)]))]);
    own.add(&samples, at(1000));
    let Evaluation::Failed(error) = rule.evaluate(&own, at(1000)) else {
        panic!()
    };
    assert!(error.to_string().contains("histogram"), "{error}");
    let Evaluation::Failed(error) =
        super::metrics::rule(Signal::value("g")).evaluate(&own, at(1000))
    else {
        panic!()
    };
    assert!(error.to_string().contains("\"g\""), "{error}");
}
