//! A second `Prometheus::install`. In a file of its own, because a process has one global recorder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "tests panic on failure and compare exact values"
)]

use std::sync::LazyLock;
use std::time::Duration;

use tower_vitals::instrument::{Errors, ServiceCalls};
use tower_vitals::{ErrorKind, Prometheus};

/// Instruments that are created, and then the recorder that is installed.
static FIRST: LazyLock<(ServiceCalls, Errors, Prometheus)> = LazyLock::new(|| {
    let calls = ServiceCalls::new("early");
    let errors = Errors::new("gone", "early");
    drop(Errors::new("gone", "dropped"));
    (calls, errors, Prometheus::install().unwrap())
});

#[test]
fn counters_created_before_the_installation_exist_at_zero_from_it() {
    let (calls, _, prometheus) = &*FIRST;
    let text = prometheus.render();
    for status in ["success", "failure", "cancelled", "panic"] {
        let line = format!("service_calls_total{{service_name=\"early\",status=\"{status}\"}} 0\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(text.contains("errors_total{error_type=\"gone\",component=\"early\"} 0\n"));
    assert!(!text.contains("component=\"dropped\""), "{text}");
    calls.record(false, Duration::ZERO);
    let failures = [("service_name", "early"), ("status", "failure")];
    let snapshot = prometheus.snapshot();
    assert_eq!(snapshot.sum("service_calls_total", &failures), Some(1.0));
    let _late = Errors::new("gone", "late");
    assert!(
        prometheus
            .render()
            .contains("errors_total{error_type=\"gone\",component=\"late\"} 0\n")
    );
}

#[test]
fn a_second_install_is_an_error_that_names_the_cause() {
    let first = &FIRST.2;
    let error = Prometheus::install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    assert!(
        error
            .to_string()
            .contains("Prometheus::install was called before"),
        "{error}"
    );

    // The first recorder still works, and others can be built.
    metrics::with_recorder(|recorder| {
        let metadata = metrics::Metadata::new("test", metrics::Level::INFO, None);
        let key = metrics::Key::from_static_name("still_total");
        recorder.register_counter(&key, &metadata).increment(1);
    });
    assert!(first.render().contains("still_total 1\n"));
    assert!(Prometheus::builder().build().is_ok());
}
