//! One name as two kinds.

use std::sync::Barrier;

use metrics::{Key, Label, counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::{Catalog, Family};

use super::{KINDS, REJECTED, built, key, read, record, series};
use crate::support::log::Log;

#[test]
fn the_first_kind_of_a_name_wins_and_the_others_are_counted() {
    for first in KINDS {
        for second in KINDS.into_iter().filter(|kind| *kind != first) {
            let (log, logging) = Log::of_this_thread();
            let prometheus = Prometheus::builder().prefix("shop").build().unwrap();
            record(&prometheus, first, &key("x", &[("a", "0")]));
            for a in ["1", "2"] {
                record(&prometheus, second, &key("x", &[]));
                let labels = vec![Label::new("a", a)];
                record(&prometheus, second, &Key::from_parts("x", labels));
            }
            record(&prometheus, first, &key("x", &[("a", "0")]));
            drop(logging);
            let (text, snapshot) = read(&prometheus);
            let series = series(&text, "shop_x", first);
            assert_eq!(series.len(), 1, "{series:?}");
            assert_eq!(series[0].value.as_f64(), 2.0);
            assert_eq!(text.kind("shop_x"), Some(first.as_str()));
            assert_eq!(snapshot.family("shop_x").unwrap().kind, first);
            let rejected = format!("shop_{REJECTED}");
            let labels = [("metric", "shop_x")];
            assert!(
                text.value(&rejected, &labels) >= 3.0,
                "{first:?} {second:?}"
            );
            assert_eq!(text.kind(&rejected), Some("counter"));
            assert_eq!(log.count("WARN"), 1, "{}", log.text());
            assert_eq!(log.count("shop_x"), 1, "{}", log.text());
        }
    }
}

#[test]
fn each_rejected_registration_is_counted() {
    let prometheus = built();
    with_local_recorder(&prometheus, || {
        counter!("x").increment(1);
        gauge!("x").set(7.0);
    });
    let (text, snapshot) = read(&prometheus);
    assert_eq!(text.value("x", &[]), 1.0);
    assert_eq!(text.value(REJECTED, &[("metric", "x")]), 1.0);
    let labels = [("metric", "x")];
    assert_eq!(snapshot.sum(REJECTED, &labels), Some(1.0));
    with_local_recorder(&prometheus, || gauge!("x", "a" => "1").set(7.0));
    let (text, _) = read(&prometheus);
    assert_eq!(text.value(REJECTED, &[("metric", "x")]), 2.0);
}

#[test]
fn the_kind_of_the_catalogue_wins_over_an_earlier_one() {
    let mut catalog = Catalog::new();
    let queue = Family::gauge("queue", "Orders that wait.");
    catalog.register(queue).unwrap();
    let wait = Family::histogram("wait_seconds", "Time that orders wait.");
    catalog.register(wait).unwrap();
    let prometheus = Prometheus::builder().catalog(catalog).build().unwrap();
    with_local_recorder(&prometheus, || {
        counter!("queue").increment(1);
        counter!("wait_seconds_count").increment(5);
        gauge!("queue").set(7.0);
        histogram!("wait_seconds").record(1.0);
        gauge!("http_requests_total").set(9.0);
    });
    let (text, _) = read(&prometheus);
    assert_eq!(text.kind("queue"), Some("gauge"));
    assert_eq!(text.value("queue", &[]), 7.0);
    assert_eq!(text.kind("wait_seconds"), Some("histogram"));
    assert_eq!(text.value("wait_seconds_count", &[]), 1.0);
    assert_eq!(text.of("http_requests_total").count(), 0);
    for metric in ["queue", "wait_seconds_count", "http_requests_total"] {
        assert_eq!(text.value(REJECTED, &[("metric", metric)]), 1.0);
    }
}

#[test]
fn of_kinds_that_threads_register_at_once_one_wins() {
    const ROUNDS: usize = 200;

    let prometheus = built();
    let all = Barrier::new(KINDS.len());
    std::thread::scope(|scope| {
        for kind in KINDS {
            let (prometheus, all) = (&prometheus, &all);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    all.wait();
                    record(prometheus, kind, &Key::from_name(format!("x{round}")));
                }
            });
        }
    });
    let (text, snapshot) = read(&prometheus);
    for round in 0..ROUNDS {
        let name = format!("x{round}");
        let family = snapshot.family(&name).unwrap();
        assert_eq!(text.kind(&name), Some(family.kind.as_str()));
        let series = series(&text, &name, family.kind);
        assert_eq!(series.len(), 1, "{name}");
        assert_eq!(series[0].value.as_f64(), 1.0, "{name}");
        let rejected = text.value(REJECTED, &[("metric", &name)]);
        assert_eq!(rejected, 2.0, "{name}");
    }
}
