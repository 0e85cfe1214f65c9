//! Installing after someone else did. Alone in its file: a process has one global recorder.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and compares with what it recorded"
)]

use metrics_util::debugging::DebuggingRecorder;
use tower_vitals::{ErrorKind, Prometheus};

#[test]
fn someone_elses_recorder_is_an_error_that_says_so() {
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
