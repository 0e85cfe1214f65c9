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

use std::sync::LazyLock;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tower_vitals::instrument::{Errors, ServiceCalls};
use tower_vitals::{ErrorKind, Prometheus};

/// An instrument that is created, and then another crate's recorder that is installed.
static OTHER: LazyLock<(ServiceCalls, Snapshotter)> = LazyLock::new(|| {
    let calls = ServiceCalls::new("early");
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    (calls, snapshotter)
});

/// The counters since the last call.
fn counters() -> Vec<(String, u64)> {
    let series = OTHER.1.snapshot().into_vec().into_iter();
    let counters = series.filter_map(|(key, _, _, value)| match value {
        DebugValue::Counter(count) => Some((key.key().to_string(), count)),
        _ => None,
    });
    counters.collect()
}

#[test]
fn counters_exist_at_zero_in_another_crates_recorder() {
    let (calls, _) = &*OTHER;
    let _errors = Errors::new("gone", "late");
    let late = "Key(errors_total, [error_type = gone, component = late])";
    assert_eq!(counters(), [(late.to_owned(), 0)]);
    // The recorder did not say that it was installed, so the first use of one counter registers all.
    calls.record(true, Duration::ZERO);
    let early = counters()
        .into_iter()
        .filter(|(key, _)| key.contains("early"));
    let counts: Vec<_> = early.map(|(_, count)| count).collect();
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert_eq!(counts.iter().sum::<u64>(), 1, "{counts:?}");
}

#[test]
fn an_install_after_another_recorder_is_an_error_that_names_the_cause() {
    LazyLock::force(&OTHER);
    let error = Prometheus::install().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyInstalled);
    assert!(
        error
            .to_string()
            .contains("another crate's metrics recorder"),
        "{error}"
    );
}
