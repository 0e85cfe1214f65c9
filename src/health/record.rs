//! The health metrics, recorded once per run.

use std::sync::Arc;

use metrics::{Histogram, SharedString};

use super::CheckResult;
use crate::catalog::{HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, MONITORING_CHECK_TIMESTAMP};
use crate::recorder::RecorderRef;
use crate::time::unix_seconds;

/// Records the duration of a run that has ended, and the status of the newest result.
pub(super) fn result(
    recorder: &RecorderRef,
    result: &CheckResult,
    has_ended: bool,
    is_newest: bool,
) {
    let name = || SharedString::from_shared(Arc::clone(&result.name));
    if has_ended {
        let duration: Histogram = recorder.register(&HEALTH_CHECK_DURATION.key([name()]));
        duration.record(result.duration().as_secs_f64());
    }
    if is_newest {
        let status = HEALTH_CHECK_STATUS.key([name()]);
        recorder.set_gauge(&status, result.status().as_gauge());
        let timestamp = MONITORING_CHECK_TIMESTAMP.key([name()]);
        recorder.set_gauge(&timestamp, unix_seconds(result.taken_at()));
    }
}
