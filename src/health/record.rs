//! The health metrics, recorded once per run.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use metrics::{Gauge, Histogram, SharedString};

use super::CheckResult;
use crate::catalog::{HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, MONITORING_CHECK_TIMESTAMP};
use crate::recorder::RecorderRef;

pub(super) fn status(recorder: &RecorderRef, result: &CheckResult) {
    let status: Gauge = recorder.register(&HEALTH_CHECK_STATUS.key([name(result)]));
    status.set(result.status().as_gauge());
    if let Ok(taken) = result.taken_at().duration_since(UNIX_EPOCH) {
        let timestamp: Gauge = recorder.register(&MONITORING_CHECK_TIMESTAMP.key([name(result)]));
        timestamp.set(taken.as_secs_f64());
    }
}

pub(super) fn duration(recorder: &RecorderRef, result: &CheckResult) {
    let duration: Histogram = recorder.register(&HEALTH_CHECK_DURATION.key([name(result)]));
    duration.record(result.duration().as_secs_f64());
}

fn name(result: &CheckResult) -> SharedString {
    SharedString::from_shared(Arc::clone(&result.name))
}
