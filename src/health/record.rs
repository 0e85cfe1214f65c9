//! The health metrics, recorded once per run.

use std::sync::Arc;

use metrics::{Histogram, SharedString};

use super::CheckResult;
use crate::catalog::{HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, MONITORING_CHECK_TIMESTAMP};
use crate::recorder::RecorderRef;
use crate::time::unix_seconds;

pub(super) fn status(recorder: &RecorderRef, result: &CheckResult) {
    let status = HEALTH_CHECK_STATUS.key([name(result)]);
    recorder.set_gauge(&status, result.status().as_gauge());
    let timestamp = MONITORING_CHECK_TIMESTAMP.key([name(result)]);
    recorder.set_gauge(&timestamp, unix_seconds(result.taken_at()));
}

pub(super) fn duration(recorder: &RecorderRef, result: &CheckResult) {
    let duration: Histogram = recorder.register(&HEALTH_CHECK_DURATION.key([name(result)]));
    duration.record(result.duration().as_secs_f64());
}

fn name(result: &CheckResult) -> SharedString {
    SharedString::from_shared(Arc::clone(&result.name))
}
