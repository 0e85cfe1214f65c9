//! Series that are not written for the idle timeout leave the text, and return without a loss when they are written
//! again.
//!
//! The tests poll with timeouts that are short. A series may become idle again before it is read, so each poll writes
//! again, and each value that is read must be exact.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "services record with these macros, and tests need deadlines"
)]

mod facade;
mod layer;
mod settings;

use std::time::{Duration, Instant};

use metrics::{counter, with_local_recorder};
use tower_vitals::Prometheus;
use tower_vitals::exporter::PrometheusBuilder;

use crate::support::exposition::Exposition;

const IDLE: Duration = Duration::from_millis(150);

fn idle() -> PrometheusBuilder {
    Prometheus::builder().idle_timeout(IDLE)
}

#[track_caller]
fn read(prometheus: &Prometheus) -> Exposition {
    let text = Exposition::parse(&prometheus.render());
    text.assert_valid();
    text
}

/// The value of the only series of this name; `None` if there is none.
#[track_caller]
fn value(prometheus: &Prometheus, name: &str) -> Option<f64> {
    let text = read(prometheus);
    let mut samples = text.of(name);
    let value = samples.next()?.value.as_f64();
    assert_eq!(samples.next(), None, "{name} has two series");
    Some(value)
}

/// Repeats `poll` until it returns true. Panics after 20 s.
#[track_caller]
fn until(description: &str, mut poll: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !poll() {
        assert!(Instant::now() < deadline, "timed out: {description}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn until_gone(prometheus: &Prometheus, name: &str) {
    until(&format!("{name} is idle"), || {
        value(prometheus, name).is_none()
    });
}

/// Waits for longer than the idle timeout, by another series that is not written meanwhile.
#[track_caller]
fn let_pass(prometheus: &Prometheus, mut meanwhile: impl FnMut()) {
    with_local_recorder(prometheus, || counter!("marker_total").increment(1));
    until("the marker is idle", || {
        meanwhile();
        value(prometheus, "marker_total").is_none()
    });
}
