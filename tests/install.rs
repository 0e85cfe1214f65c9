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

use tower_vitals::{ErrorKind, Prometheus};

#[test]
fn a_second_install_is_an_error_that_names_the_cause() {
    let first = Prometheus::install().unwrap();
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
