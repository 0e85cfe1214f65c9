//! A log that records metrics, which is called for each warning about a fault.

use std::sync::mpsc;
use std::time::Duration;

use metrics::{Key, counter, gauge, histogram, with_local_recorder};
use tower_vitals::Prometheus;
use tower_vitals::catalog::Kind;

use super::{key, read, record};

/// Counts each log line in metrics with the same faults.
struct Counting(Prometheus);

impl tracing::Subscriber for Counting {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        record(&self.0, Kind::Counter, &Key::from_name("lines_total"));
        record(&self.0, Kind::Gauge, &Key::from_name("x"));
        record(&self.0, Kind::Counter, &key("sizes", &[("le", "1")]));
        record(&self.0, Kind::Counter, &Key::from_name("dotted-name"));
        record(&self.0, Kind::Gauge, &Key::from_name("lines_total"));
        record(
            &self.0,
            Kind::Counter,
            &key("logins_total", &[("user", "log")]),
        );
        let _ = self.0.render();
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn a_log_that_records_metrics_ends_no_recording() {
    let (send, done) = mpsc::channel();
    std::thread::spawn(move || {
        let prometheus = Prometheus::builder().max_series(1).build().unwrap();
        let counting = Counting(prometheus.clone());
        tracing::subscriber::with_default(counting, || {
            with_local_recorder(&prometheus, || {
                counter!("x").increment(1);
                gauge!("x").set(1.0);
                histogram!("sizes", "le" => "1").record(1.0);
                counter!("a_total", "b.c" => "1", "b-c" => "2").increment(1);
                counter!("dotted.name").increment(1);
                counter!("dotted-name").increment(1);
                histogram!("wait").record(f64::NAN);
                counter!("wait_count").increment(1);
                for user in ["ann", "bob", "cleo"] {
                    counter!("logins_total", "user" => user).increment(1);
                    gauge!("open", "user" => user).set(1.0);
                }
            });
        });
        let _ = send.send(prometheus);
    });
    let prometheus = done.recv_timeout(Duration::from_secs(60));
    let prometheus = prometheus.expect("no deadlock, no panic and no endless recursion");
    let (text, _) = read(&prometheus);
    assert!(text.value("lines_total", &[]) >= 5.0);
    assert_eq!(text.value("x", &[]), 1.0);
    assert_eq!(text.value("wait_count", &[]), 0.0);
}
