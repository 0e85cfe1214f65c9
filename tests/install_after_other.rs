//! `Prometheus::install` after another crate's. In a file of its own, because a process has one global recorder.
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

use metrics_util::debugging::DebuggingRecorder;
use tower_vitals::{ErrorKind, Prometheus};

#[test]
fn an_install_after_another_recorder_is_an_error_that_names_the_cause() {
    DebuggingRecorder::new().install().unwrap();
    let error = Prometheus::install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    assert!(
        error
            .to_string()
            .contains("another crate's metrics recorder"),
        "{error}"
    );
}
