//! `RunTotals`: counters of ended runs, which outlive the runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::jobs::{RunRecord, RunStatus};

/// Counters of a job's ended runs. They include runs that retention removed.
#[derive(Debug, Clone, Default)]
pub struct RunTotals {
    pub(super) ended: BTreeMap<&'static str, u64>,
    seconds: BTreeMap<&'static str, f64>,
}

impl RunTotals {
    /// Counts a run that has ended.
    pub fn add(&mut self, run: &RunRecord) {
        let seconds = match run.duration {
            Some(duration) if is_timed(run.status) => duration.as_secs_f64(),
            _ => 0.0,
        };
        self.add_many(run.status, 1, seconds);
    }

    /// Counts runs that ended with this status, with the sum of their durations. Only successful and failed runs have one.
    pub fn add_many(&mut self, status: RunStatus, runs: u64, seconds: f64) {
        *self.ended.entry(status.as_str()).or_default() += runs;
        *self.seconds.entry(status.as_str()).or_default() += seconds;
    }

    /// Returns each counted status with its number of runs and the sum of their durations in seconds.
    pub fn by_status(&self) -> impl Iterator<Item = (&'static str, u64, f64)> {
        self.ended
            .iter()
            .zip(self.seconds.values())
            .map(|((status, runs), seconds)| (*status, *runs, *seconds))
    }

    /// Returns the mean duration of timed runs.
    pub(super) fn average(&self) -> Option<Duration> {
        let timed = [RunStatus::Success, RunStatus::Failed];
        let count: u64 = timed
            .iter()
            .filter_map(|status| self.ended.get(status.as_str()))
            .sum();
        let average = self.seconds.values().sum::<f64>() / count as f64;
        Duration::try_from_secs_f64(average).ok()
    }
}

/// Whether a run's duration is that of its job. A cancelled or lost run was cut short.
pub(super) fn is_timed(status: RunStatus) -> bool {
    matches!(status, RunStatus::Success | RunStatus::Failed)
}
