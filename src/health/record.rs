//! The health metrics: written once per run.

use metrics::{Gauge, Histogram, Key, Label, SharedString};

use super::CheckResult;
use crate::catalog::{Family, HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS};
use crate::target::{Handle, Target};

pub(super) fn status(target: &Target, result: &CheckResult) {
    register::<Gauge>(target, &HEALTH_CHECK_STATUS, result).set(result.status().as_gauge());
}

pub(super) fn duration(target: &Target, result: &CheckResult) {
    let duration = register::<Histogram>(target, &HEALTH_CHECK_DURATION, result);
    duration.record(result.duration().as_secs_f64());
}

/// Anew at each run: runs are rare, and so no handle can outlive its series in a recorder that drops idle ones.
fn register<H: Handle>(target: &Target, family: &Family, result: &CheckResult) -> H {
    let name = SharedString::from_shared(result.shared_name().clone());
    let key = Key::from_parts(family.name, vec![Label::new("check", name)]);
    target.with(|recorder| H::register(recorder, &key))
}
