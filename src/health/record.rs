//! The health metrics: written once per run.

use std::time::UNIX_EPOCH;

use metrics::{Gauge, Histogram, Label, SharedString};

use super::CheckResult;
use crate::catalog::{HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, MONITORING_CHECK_TIMESTAMP};
use crate::target::Target;

pub(super) fn status(target: &Target, result: &CheckResult) {
    let status: Gauge = target.register(&HEALTH_CHECK_STATUS, labels(result));
    status.set(result.status().as_gauge());
    if let Ok(taken) = result.taken_at().duration_since(UNIX_EPOCH) {
        let timestamp: Gauge = target.register(&MONITORING_CHECK_TIMESTAMP, labels(result));
        timestamp.set(taken.as_secs_f64());
    }
}

pub(super) fn duration(target: &Target, result: &CheckResult) {
    let duration: Histogram = target.register(&HEALTH_CHECK_DURATION, labels(result));
    duration.record(result.duration().as_secs_f64());
}

fn labels(result: &CheckResult) -> Vec<Label> {
    let name = SharedString::from_shared(result.shared_name().clone());
    vec![Label::new("check", name)]
}
