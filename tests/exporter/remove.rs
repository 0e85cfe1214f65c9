//! `Prometheus::remove` removes a series and frees its place under the limit.
#![allow(
    clippy::disallowed_macros,
    reason = "services record with these macros"
)]

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;

use crate::support::exposition::Exposition;

fn read(prometheus: &Prometheus) -> Exposition {
    let text = Exposition::parse(&prometheus.render());
    text.assert_valid();
    text
}

#[test]
fn a_removed_series_frees_its_place_at_once() {
    let prometheus = Prometheus::builder()
        .global_label("zone", "a")
        .max_series(2)
        .build()
        .unwrap();
    let write = |user: &'static str| {
        with_local_recorder(&prometheus, || {
            counter!("logins_total", "user" => user, "shop" => "eu").increment(1);
            gauge!("open", "user" => user, "shop" => "eu").increment(1.0);
            histogram!("visit_seconds", "user" => user, "shop" => "eu").record(1.0);
        });
    };
    let users = |name: &str| {
        let text = read(&prometheus);
        let users = text
            .of(name)
            .map(|sample| sample.label("user").unwrap().to_owned());
        let mut users: Vec<_> = users.collect();
        users.sort();
        users
    };
    for user in ["ann", "bob", "cleo"] {
        write(user);
    }
    assert_eq!(users("logins_total"), ["ann", "bob", "other"]);
    for name in ["logins_total", "open", "visit_seconds"] {
        // The order of the labels does not matter.
        assert!(
            prometheus.remove(name, &[("shop", "eu"), ("user", "ann")]),
            "{name}"
        );
        assert!(
            !prometheus.remove(name, &[("shop", "eu"), ("user", "ann")]),
            "{name}"
        );
        assert!(!prometheus.remove(name, &[("user", "bob")]), "{name}");
        assert!(!prometheus.remove(name, &[]), "{name}");
        assert!(
            prometheus
                .snapshot()
                .family(name)
                .unwrap()
                .series
                .iter()
                .all(|series| !series.has(&[("user", "ann")]))
        );
    }
    assert!(!prometheus.remove("nothing", &[]));
    write("dan");
    assert_eq!(users("logins_total"), ["bob", "dan", "other"]);
    assert_eq!(users("open"), ["bob", "dan"]);
    assert_eq!(users("visit_seconds_count"), ["bob", "dan", "other"]);
    // A removed series starts anew.
    for name in ["logins_total", "open", "visit_seconds"] {
        assert!(prometheus.remove(name, &[("user", "dan"), ("shop", "eu")]));
    }
    write("dan");
    let text = read(&prometheus);
    let dan = [("user", "dan"), ("shop", "eu"), ("zone", "a")];
    assert_eq!(text.value("logins_total", &dan), 1.0);
    assert_eq!(text.value("open", &dan), 1.0);
    assert_eq!(text.value("visit_seconds_count", &dan), 1.0);
}

#[test]
fn names_are_removed_as_they_are_recorded() {
    let prometheus = Prometheus::builder().build().unwrap();
    with_local_recorder(&prometheus, || {
        counter!("shop.orders", "by.way" => "x", "le" => "1").increment(1);
        counter!("plain_total").increment(1);
        counter!("r_total", "t" => "").increment(1);
    });
    assert!(prometheus.remove("shop.orders", &[("by.way", "x"), ("le", "1")]));
    assert!(prometheus.remove("plain_total", &[]));
    assert!(prometheus.remove("r_total", &[]));
    let text = read(&prometheus);
    for name in ["shop_orders", "plain_total", "r_total"] {
        assert_eq!(text.of(name).count(), 0, "{name}");
    }
}
