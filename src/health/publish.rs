//! The publication of results: as metrics, in the log and to subscribers.

use std::sync::Arc;

use metrics::{Histogram, SharedString};

use super::entry::CheckEntry;
use super::publications::{Newest, Observer};
use super::state::State;
use super::{CheckResult, Status, StatusChange};
use crate::catalog::{HEALTH_CHECK_DURATION, HEALTH_CHECK_STATUS, MONITORING_CHECK_TIMESTAMP};
use crate::recorder::RecorderRef;
use crate::time::unix_seconds;

impl State {
    /// Registers the durations of a check, so that their count is zero before the first run.
    pub(super) fn register(&self, entry: &CheckEntry) {
        let name = SharedString::from_shared(Arc::clone(&entry.name));
        let _: Histogram = self.recorder.register(&HEALTH_CHECK_DURATION.key([name]));
    }
}

impl Observer for State {
    fn publish(&self, result: &CheckResult, has_ended: bool, newest: Option<Newest>) {
        record(&self.recorder, result, has_ended, newest.is_some());
        let Some(Newest { before }) = newest else {
            return;
        };
        let (check, status) = (result.name(), result.status());
        if before == Some(status) {
            return;
        }
        // Not named `message`, because that is the event's own text.
        let detail = result.message().unwrap_or_default();
        match (before, status) {
            (None, Status::Healthy) => tracing::debug!(check, "health check is healthy"),
            (Some(_), Status::Healthy) => tracing::info!(check, "health check is healthy again"),
            (_, status) => tracing::warn!(check, %status, detail, "health check is not healthy"),
        }
        let entries = self.entries();
        let statuses = entries.iter().filter_map(|entry| {
            // A result from memory is not cached in its entry.
            if *entry.name == *check {
                return Some(result.effect);
            }
            Some(entry.last()?.0.effect)
        });
        // Fails only when nobody subscribes.
        let _ = self.changes.send(StatusChange {
            result: result.clone(),
            before,
            overall: statuses.max().unwrap_or(Status::Healthy),
        });
    }
}

/// Records the duration of a run that has ended, and the status of the newest result.
fn record(recorder: &RecorderRef, result: &CheckResult, has_ended: bool, is_newest: bool) {
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
