//! Samples that are no numbers, series above the limit, and faults beside each other.

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;

use super::{DROPPED_SAMPLES, DROPPED_SERIES, built, read};
use crate::support::exposition::labels_of;

#[test]
fn samples_that_are_no_finite_numbers_are_dropped_and_counted() {
    let prometheus = Prometheus::builder().prefix("shop").build().unwrap();
    with_local_recorder(&prometheus, || {
        let wait = histogram!("wait_seconds", "shop" => "eu");
        wait.record(0.5);
        for sample in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            wait.record(sample);
        }
        wait.record_many(f64::NAN, 3);
        wait.record_many(2.0, 2);
        histogram!("wait_seconds", "shop" => "us").record(f64::NAN);
        histogram!("other_seconds").record(1.0);
    });
    let (text, snapshot) = read(&prometheus);
    let eu = [("shop", "eu")];
    assert_eq!(text.value("shop_wait_seconds_count", &eu), 3.0);
    assert_eq!(text.value("shop_wait_seconds_sum", &eu), 4.5);
    assert_eq!(
        text.value("shop_wait_seconds_count", &[("shop", "us")]),
        0.0
    );
    let wait = snapshot.histogram("shop_wait_seconds", &eu).unwrap();
    assert_eq!((wait.count, wait.sum), (3, 4.5));
    let dropped = format!("shop_{DROPPED_SAMPLES}");
    assert_eq!(
        text.value(&dropped, &[("metric", "shop_wait_seconds")]),
        7.0
    );
    assert_eq!(text.kind(&dropped), Some("counter"));
    let other = text
        .of(&dropped)
        .filter(|sample| sample.value.as_f64() > 0.0);
    assert_eq!(other.count(), 1);
}

/// Gauges of different series do not add up: a sum of the last values means nothing.
#[test]
fn above_the_limit_gauges_are_dropped_and_the_others_become_other() {
    let prometheus = Prometheus::builder().max_series(2).build().unwrap();
    with_local_recorder(&prometheus, || {
        for (n, user) in ["ann", "bob", "cleo", "dan"].into_iter().enumerate() {
            counter!("logins_total", "user" => user).increment(n as u64 + 1);
            histogram!("visit_seconds", "user" => user).record(n as f64 + 1.0);
            let open = gauge!("open", "user" => user);
            open.set(n as f64 + 1.0);
            open.increment(10.0);
            open.decrement(5.0);
        }
        gauge!("open", "user" => "ann").increment(1.0);
    });
    let (text, snapshot) = read(&prometheus);
    for (user, logins) in [("ann", 1.0), ("bob", 2.0), ("other", 7.0)] {
        let labels = [("user", user)];
        assert_eq!(text.value("logins_total", &labels), logins);
        assert_eq!(text.value("visit_seconds_sum", &labels), logins);
    }
    assert_eq!(text.of("logins_total").count(), 3);
    assert_eq!(text.of("visit_seconds_count").count(), 3);
    let open = text
        .of("open")
        .map(|sample| (sample.label("user"), sample.value.as_f64()));
    let mut open: Vec<_> = open.collect();
    open.sort_by_key(|(user, _)| *user);
    assert_eq!(open, [(Some("ann"), 7.0), (Some("bob"), 7.0)]);
    assert_eq!(snapshot.family("open").unwrap().series.len(), 2);
    for metric in ["logins_total", "visit_seconds", "open"] {
        let dropped = text.value(DROPPED_SERIES, &[("metric", metric)]);
        assert_eq!(dropped, 2.0, "{metric}");
    }
}

#[test]
fn faults_in_one_metric_leave_all_others_alone() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("ok_total", "shop" => "eu").increment(7);
        gauge!("ok").set(0.5);
        histogram!("ok_seconds").record(0.3);
        histogram!("ok", "le" => "1").record(1.0);
        gauge!("ok_seconds_sum").set(3.0);
        counter!("ok", "a.b" => "1", "a-b" => "2").increment(1);
        counter!("", "" => "").increment(1);
        histogram!("ok_seconds").record(f64::NAN);
        counter!("ok_total", "shop" => "eu", "x" => "").increment(1);
    });
    let (text, snapshot) = read(&prometheus);
    assert_eq!(text.value("ok_total", &[("shop", "eu")]), 8.0);
    assert_eq!(text.value("ok", &[]), 0.5);
    assert_eq!(text.value("ok_seconds_count", &[]), 1.0);
    assert_eq!(text.value("ok_seconds_sum", &[]), 0.3);
    let ok = snapshot.family("ok_total").unwrap();
    let labels: Vec<_> = ok.series.iter().map(labels_of).collect();
    assert_eq!(labels.len(), 1);
    assert_eq!(labels[0]["shop"], "eu");
}
