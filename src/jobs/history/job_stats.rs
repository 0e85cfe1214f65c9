use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::RunTotals;
use super::run_totals::is_timed;
use crate::jobs::{RunRecord, RunStatus};
use crate::time::rfc3339;

/// Statistics of all runs of a job. The totals include runs that retention removed.
///
/// Quantiles are those of the last 1,000 runs that ended with success or failure.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct JobStats {
    /// The job's name.
    pub job_name: String,
    /// The number of ended runs by status.
    pub ended: BTreeMap<&'static str, u64>,
    /// The number of running runs.
    pub running: u64,
    /// The mean duration of runs that ended with success or failure.
    pub avg_duration: Option<Duration>,
    /// The median duration of recent runs.
    pub p50_duration: Option<Duration>,
    /// The 95th percentile of the durations of recent runs.
    pub p95_duration: Option<Duration>,
    /// The start of the last run.
    pub last_run: Option<SystemTime>,
    /// The status of the last run.
    pub last_status: Option<RunStatus>,
    /// The error of the last failed run.
    pub last_error: Option<String>,
}

debug_redacted!(JobStats {
    job_name,
    ended,
    running,
    avg_duration,
    p50_duration,
    p95_duration,
    last_run,
    last_status,
    last_error
});

impl JobStats {
    /// The number of recent runs that quantiles are computed from.
    pub const RECENT: usize = 1000;

    /// Returns statistics with these totals. They have no running, recent or last runs yet.
    #[must_use]
    pub fn new(job_name: impl Into<String>, totals: &RunTotals) -> Self {
        Self {
            job_name: job_name.into(),
            ended: totals.ended.clone(),
            running: 0,
            avg_duration: totals.average(),
            p50_duration: None,
            p95_duration: None,
            last_run: None,
            last_status: None,
            last_error: None,
        }
    }

    /// Sets everything but the totals from the stored runs of the job, the latest first.
    pub fn set_runs<'a>(&mut self, mut runs: impl Iterator<Item = &'a RunRecord> + Clone) {
        let running = runs.clone().filter(|run| run.status == RunStatus::Running);
        self.running = running.count() as u64;
        let timed = runs.clone().filter(|run| is_timed(run.status));
        self.set_recent(
            timed
                .take(Self::RECENT)
                .filter_map(|run| run.duration)
                .collect(),
        );
        let failed = runs.clone().find(|run| run.status == RunStatus::Failed);
        self.set_last(runs.next(), failed);
    }

    /// Sets the quantiles from the durations of [recent](Self::RECENT) runs that ended with success or failure, in any order.
    pub fn set_recent(&mut self, mut durations: Vec<Duration>) {
        durations.sort_unstable();
        self.p50_duration = quantile(&durations, 50);
        self.p95_duration = quantile(&durations, 95);
    }

    /// Sets the last run and the last failed run.
    pub fn set_last(&mut self, run: Option<&RunRecord>, failed: Option<&RunRecord>) {
        self.last_run = run.map(|run| run.started_at);
        self.last_status = run.map(|run| run.status);
        self.last_error = failed.and_then(|run| run.error_message.clone());
    }

    /// Returns the number of all runs.
    #[must_use]
    pub fn total_runs(&self) -> u64 {
        self.ended.values().sum::<u64>() + self.running
    }

    /// Returns the number of runs with this status.
    #[must_use]
    pub fn count(&self, status: RunStatus) -> u64 {
        match status {
            RunStatus::Running => self.running,
            status => self.ended.get(status.as_str()).copied().unwrap_or(0),
        }
    }

    /// Returns the share of successful runs among all that ended, or `None` if none has ended.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let ended: u64 = self.ended.values().sum();
        (ended > 0).then(|| self.count(RunStatus::Success) as f64 / ended as f64)
    }
}

/// Returns a quantile by nearest rank.
fn quantile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

impl Serialize for JobStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64());
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("job_name", &self.job_name)?;
        map.serialize_entry("total_runs", &self.total_runs())?;
        map.serialize_entry("successful_runs", &self.count(RunStatus::Success))?;
        map.serialize_entry("failed_runs", &self.count(RunStatus::Failed))?;
        map.serialize_entry("cancelled_runs", &self.count(RunStatus::Cancelled))?;
        map.serialize_entry("lost_runs", &self.count(RunStatus::Lost))?;
        map.serialize_entry("running_runs", &self.running)?;
        map.serialize_entry("success_rate", &self.success_rate())?;
        map.serialize_entry("avg_duration_seconds", &seconds(self.avg_duration))?;
        map.serialize_entry("p50_duration_seconds", &seconds(self.p50_duration))?;
        map.serialize_entry("p95_duration_seconds", &seconds(self.p95_duration))?;
        map.serialize_entry("last_run", &self.last_run.and_then(rfc3339))?;
        map.serialize_entry("last_status", &self.last_status)?;
        map.serialize_entry("last_error", &self.last_error)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_use_the_nearest_rank() {
        let of = |count: u64| -> Vec<_> { (1..=count).map(Duration::from_secs).collect() };
        assert_eq!(quantile(&of(0), 50), None);
        assert_eq!(quantile(&of(1), 95), Some(Duration::from_secs(1)));
        assert_eq!(quantile(&of(4), 50), Some(Duration::from_secs(2)));
        assert_eq!(quantile(&of(100), 95), Some(Duration::from_secs(95)));
        assert_eq!(quantile(&of(10), 95), Some(Duration::from_secs(10)));
    }
}
