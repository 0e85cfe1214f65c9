//! `Instruments`: the engine's metrics about itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram};

use crate::alerts::losses::Losses;
use crate::alerts::slo::SloStatus;
use crate::catalog::{
    MONITORING_ALERT_EVALUATION_DURATION, MONITORING_ALERT_EVALUATION_FAILURES,
    MONITORING_ALERT_LAST_EVALUATION, MONITORING_ALERT_MISSED_TICKS,
};
use crate::recorder::{LazyHandle, RecorderRef, Zeros};
use crate::time::unix_seconds;

/// The engine's metrics about itself. The delivery has its own.
pub(super) struct Instruments {
    last: LazyHandle<Gauge>,
    duration: LazyHandle<Histogram>,
    missed: LazyHandle<Counter>,
    failures: LazyHandle<Counter>,
    recorder: RecorderRef,
    pub(super) losses: Arc<Losses>,
}

impl Instruments {
    pub(super) fn new(recorder: &RecorderRef) -> Self {
        let mut zeros = Zeros::new(recorder);
        let instruments = Self {
            last: LazyHandle::new(recorder, MONITORING_ALERT_LAST_EVALUATION.key([])),
            duration: zeros.add(MONITORING_ALERT_EVALUATION_DURATION.key([])),
            missed: zeros.add(MONITORING_ALERT_MISSED_TICKS.key([])),
            failures: zeros.add(MONITORING_ALERT_EVALUATION_FAILURES.key([])),
            recorder: recorder.clone(),
            losses: Arc::new(Losses::new(recorder)),
        };
        zeros.announce();
        instruments
    }

    pub(super) fn evaluated(&self, at: SystemTime, took: Duration) {
        let at = unix_seconds(at);
        self.last.record(|gauge| gauge.set(at));
        self.duration.record(|histogram| histogram.record(took));
    }

    pub(super) fn judged(&self, statuses: &[SloStatus]) {
        for status in statuses {
            self.recorder.with(|recorder| status.record(recorder));
        }
    }

    pub(super) fn missed(&self, ticks: u64) {
        self.missed.record(|counter| counter.increment(ticks));
    }

    pub(super) fn failed(&self) {
        self.failures.record(|counter| counter.increment(1));
    }
}
