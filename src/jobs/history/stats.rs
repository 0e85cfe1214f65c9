//! `JobStats`: what is known of all runs of a job.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::jobs::{RunRecord, RunStatus};
use crate::time::rfc3339;

/// The runs that quantiles are made of: the last so many that ended well or failed.
pub(crate) const RECENT: usize = 1000;

/// All runs of a job, those that retention removed among the totals.
///
/// Quantiles are of the last 1,000 runs that ended with success or failure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobStats {
    /// The job.
    pub job_name: String,
    /// How many runs ended, by how.
    pub ended: BTreeMap<&'static str, u64>,
    /// How many are running.
    pub running: u64,
    /// The mean time of those that ended with success or failure.
    pub avg_duration: Option<Duration>,
    /// Half of the recent ones took no longer.
    pub p50_duration: Option<Duration>,
    /// All but one in twenty of the recent ones took no longer.
    pub p95_duration: Option<Duration>,
    /// The run that began last.
    pub last_run: Option<SystemTime>,
    /// How that is, or how it ended.
    pub last_status: Option<RunStatus>,
    /// Why the last of those that failed did.
    pub last_error: Option<String>,
}

impl JobStats {
    /// Of a job of which nothing is known yet: for a [`History`](super::History) that sets the rest.
    #[must_use]
    pub fn new(job_name: impl Into<String>) -> Self {
        Self {
            job_name: job_name.into(),
            ended: BTreeMap::new(),
            running: 0,
            avg_duration: None,
            p50_duration: None,
            p95_duration: None,
            last_run: None,
            last_status: None,
            last_error: None,
        }
    }

    /// All runs.
    #[must_use]
    pub fn total_runs(&self) -> u64 {
        self.ended.values().sum::<u64>() + self.running
    }

    /// Those that ended so.
    #[must_use]
    pub fn count(&self, status: RunStatus) -> u64 {
        match status {
            RunStatus::Running => self.running,
            status => self.ended.get(status.as_str()).copied().unwrap_or(0),
        }
    }

    /// The share of success among all that ended; none if none did.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let ended: u64 = self.ended.values().sum();
        (ended > 0).then(|| self.count(RunStatus::Success) as f64 / ended as f64)
    }

    /// Of a job of which these totals, recent durations (in any order) and runs are known.
    pub(crate) fn of(
        job_name: &str,
        totals: &Totals,
        running: u64,
        mut recent: Vec<Duration>,
        last: Option<&RunRecord>,
        last_error: Option<String>,
    ) -> Self {
        recent.sort_unstable();
        Self {
            job_name: job_name.to_owned(),
            ended: totals.ended.clone(),
            running,
            avg_duration: totals.average(),
            p50_duration: quantile(&recent, 50),
            p95_duration: quantile(&recent, 95),
            last_run: last.map(|run| run.started_at),
            last_status: last.map(|run| run.status),
            last_error,
        }
    }
}

/// What is counted of ended runs as they end, and outlives them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Totals {
    pub(crate) ended: BTreeMap<&'static str, u64>,
    /// How long those took that say how long the job takes, by how they ended.
    seconds: BTreeMap<&'static str, f64>,
}

impl Totals {
    pub(crate) fn add(&mut self, run: &RunRecord) {
        *self.ended.entry(run.status.as_str()).or_default() += 1;
        if is_timed(run.status) {
            let seconds = run.duration.unwrap_or_default().as_secs_f64();
            *self.seconds.entry(run.status.as_str()).or_default() += seconds;
        }
    }

    #[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
    pub(crate) fn set(&mut self, status: RunStatus, runs: u64, seconds: f64) {
        self.ended.insert(status.as_str(), runs);
        self.seconds.insert(status.as_str(), seconds);
    }

    #[cfg(any(feature = "jobs-postgres", feature = "jobs-sqlite"))]
    pub(crate) fn seconds_of(&self, status: &str) -> f64 {
        self.seconds.get(status).copied().unwrap_or(0.0)
    }

    fn average(&self) -> Option<Duration> {
        let timed = [RunStatus::Success, RunStatus::Failed];
        let count: u64 = timed
            .iter()
            .filter_map(|status| self.ended.get(status.as_str()))
            .sum();
        let average = self.seconds.values().sum::<f64>() / count as f64;
        Duration::try_from_secs_f64(average).ok()
    }
}

/// Whether its time says how long the job takes: one that was cancelled or lost says how long it was let.
pub(crate) fn is_timed(status: RunStatus) -> bool {
    matches!(status, RunStatus::Success | RunStatus::Failed)
}

/// By nearest rank.
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
    fn quantiles_are_by_nearest_rank() {
        let of = |count: u64| -> Vec<_> { (1..=count).map(Duration::from_secs).collect() };
        assert_eq!(quantile(&of(0), 50), None);
        assert_eq!(quantile(&of(1), 95), Some(Duration::from_secs(1)));
        assert_eq!(quantile(&of(4), 50), Some(Duration::from_secs(2)));
        assert_eq!(quantile(&of(100), 95), Some(Duration::from_secs(95)));
        assert_eq!(quantile(&of(10), 95), Some(Duration::from_secs(10)));
    }
}
