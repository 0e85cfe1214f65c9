//! The health metrics: written once per run.

use metrics::{Key, Label, Level, Metadata, Recorder};

use super::CheckResult;
use crate::catalog::{Family, HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS};

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

type Target<'a> = Option<&'a (dyn Recorder + Send + Sync)>;

pub(super) fn status(recorder: Target<'_>, result: &CheckResult) {
    with(recorder, |recorder| {
        recorder
            .register_gauge(&key(&HEALTH_CHECK_STATUS, result), &METADATA)
            .set(result.status().as_gauge());
    });
}

pub(super) fn duration(recorder: Target<'_>, result: &CheckResult) {
    with(recorder, |recorder| {
        recorder
            .register_histogram(&key(&HEALTH_CHECK_DURATION, result), &METADATA)
            .record(result.duration().as_secs_f64());
    });
}

/// Registers anew at each run: runs are rare, and so no handle can outlive its series in a recorder that drops idle ones.
fn with(recorder: Target<'_>, write: impl FnOnce(&dyn Recorder)) {
    match recorder {
        Some(recorder) => write(recorder),
        None => metrics::with_recorder(write),
    }
}

fn key(family: &Family, result: &CheckResult) -> Key {
    let name = result.shared_name().clone();
    Key::from_parts(
        family.name,
        vec![Label::new(
            "check",
            metrics::SharedString::from_shared(name),
        )],
    )
}
