//! Which series become idle.

use std::time::Duration;

use metrics::{counter, gauge, histogram, with_local_recorder};
use tower_vitals::catalog::Kind;
use tower_vitals::{ErrorKind, Prometheus};

use super::{IDLE, idle, let_pass, read, until, until_gone, value};
use crate::support::exposition::of_snapshot;

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn each_kind_may_have_its_own_timeout() {
    let record = |prometheus: &Prometheus| {
        with_local_recorder(prometheus, || {
            counter!("orders_total").increment(1);
            gauge!("queue").set(0.0);
            histogram!("wait_seconds").record(0.5);
        });
    };
    let names = ["orders_total", "queue", "wait_seconds_count"];
    let kinds = [Kind::Counter, Kind::Gauge, Kind::Histogram];
    for (kind, idle_name) in kinds.into_iter().zip(names) {
        let only = Prometheus::builder()
            .idle_timeout_for(kind, IDLE)
            .build()
            .unwrap();
        // The kind's own timeout wins over that of all kinds, in either order.
        let before = idle().idle_timeout_for(kind, LONG).build().unwrap();
        let after = Prometheus::builder()
            .idle_timeout_for(kind, LONG)
            .idle_timeout(IDLE)
            .build()
            .unwrap();
        for prometheus in [&only, &before, &after] {
            record(prometheus);
        }
        until_gone(&only, idle_name);
        for name in names.into_iter().filter(|name| *name != idle_name) {
            assert!(value(&only, name).is_some(), "{name}");
            until_gone(&before, name);
            until_gone(&after, name);
        }
        assert!(value(&before, idle_name).is_some(), "{idle_name}");
        assert!(value(&after, idle_name).is_some(), "{idle_name}");
    }
}

#[test]
fn series_are_never_idle_by_default() {
    let (idle, default) = (
        idle().build().unwrap(),
        Prometheus::builder().build().unwrap(),
    );
    with_local_recorder(&default, || counter!("orders_total").increment(1));
    for _ in 0..3 {
        let_pass(&idle, || {
            assert_eq!(value(&default, "orders_total"), Some(1.0));
        });
    }
}

#[test]
fn ten_thousand_finished_sessions_leave_room_for_the_next_ones() {
    const AT_ONCE: usize = 1_000;
    const SESSIONS: usize = 10_000;

    let prometheus = idle().max_series(AT_ONCE).build().unwrap();
    for first in (0..SESSIONS).step_by(AT_ONCE) {
        let sessions = first..first + AT_ONCE;
        with_local_recorder(&prometheus, || {
            for session in sessions.clone() {
                let labels = [("session", session.to_string())];
                let open = gauge!("session_open", &labels);
                open.increment(1.0);
                counter!("session_requests_total", &labels).increment(session as u64);
                open.decrement(1.0);
            }
        });
        // Text and snapshot, until all of them are idle.
        until("the sessions are idle", || {
            let values = of_snapshot(&prometheus.snapshot());
            let own = values
                .iter()
                .filter(|((name, _), _)| name.starts_with("session_"));
            let mut count = 0;
            for ((name, labels), value) in own {
                let session: usize = labels["session"].parse().expect("no series is \"other\"");
                assert!(sessions.contains(&session), "{session}");
                let expected = if name == "session_open" { 0 } else { session };
                assert_eq!(value.as_f64(), expected as f64, "{name} {session}");
                count += 1;
            }
            count == 0
        });
    }
    let text = read(&prometheus);
    let dropped = text.of("monitoring_series_dropped_total");
    for dropped in dropped {
        assert_eq!(dropped.value.as_f64(), 0.0, "{dropped:?}");
    }
}

/// A count of faults is no series of the service.
#[test]
fn the_counts_of_faults_are_never_idle() {
    let prometheus = idle().max_series(1).build().unwrap();
    with_local_recorder(&prometheus, || {
        for user in ["ann", "bob", "cleo"] {
            counter!("logins_total", "user" => user).increment(1);
        }
    });
    let_pass(&prometheus, || {});
    let text = read(&prometheus);
    let labels = [("metric", "logins_total")];
    assert_eq!(text.value("monitoring_series_dropped_total", &labels), 2.0);
}

#[test]
fn an_idle_timeout_of_zero_is_refused() {
    let of_one = Prometheus::builder().idle_timeout_for(Kind::Gauge, Duration::ZERO);
    for builder in [Prometheus::builder().idle_timeout(Duration::ZERO), of_one] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(
            error.to_string().contains("idle timeout is zero"),
            "{error}"
        );
    }
}

/// A series that is idle at the reset has its total all the same.
#[test]
fn a_reset_counts_from_the_totals_of_idle_series_too() {
    let prometheus = idle().build().unwrap();
    let (orders, wait) = with_local_recorder(&prometheus, || {
        (counter!("orders_total"), histogram!("wait_seconds"))
    });
    orders.increment(100);
    wait.record_many(0.5, 100);
    until_gone(&prometheus, "orders_total");
    until_gone(&prometheus, "wait_seconds_count");
    prometheus.reset();
    let mut new = 0;
    until("the series return", || {
        orders.increment(1);
        wait.record(0.5);
        new += 1;
        let delta = prometheus.since_reset().snapshot;
        let total = delta.sum("orders_total", &[]);
        let count = delta.histogram("wait_seconds", &[]).map(|wait| wait.count);
        assert!(
            total.is_none_or(|total| total == new as f64),
            "{total:?} of {new}"
        );
        assert!(count.is_none_or(|count| count == new), "{count:?} of {new}");
        total.is_some() && count.is_some()
    });
}
