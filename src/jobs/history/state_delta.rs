//! `StateDelta`: how runs change the state of their job.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::Registration;
use crate::jobs::{RunRecord, RunStatus};

/// How some runs of a job change its [`JobState`](super::JobState). Times are ages, because those are the same by all clocks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct StateDelta {
    /// The age of the last start.
    pub start: Option<Duration>,
    /// The time of the last start by the instance's own clock.
    pub started_at: Option<SystemTime>,
    /// The age of the last success, counted from its end.
    pub success: Option<Duration>,
    /// The age of the last failure, counted from its end.
    pub failure: Option<Duration>,
    /// The age of the last end.
    pub end: Option<Duration>,
    /// The number of failures since that success, or in all.
    pub failures: u64,
}

impl StateDelta {
    /// A success that is older than the last failure by more than this was written late. It does not end the row of failures
    /// that followed it.
    pub const REORDER_WINDOW: Duration = Duration::from_secs(10);

    /// Returns the change for each job of these runs, all of which are new facts. Runs for which `is_new` returns true were
    /// unknown before, so their start is a new fact too.
    pub fn of_runs<'a>(
        runs: impl IntoIterator<Item = &'a RunRecord>,
        is_new: impl Fn(&RunRecord) -> bool,
    ) -> BTreeMap<&'a str, Self> {
        let now = SystemTime::now();
        let mut runs: Vec<_> = runs.into_iter().collect();
        // Failures in a row are ordered by their ends.
        runs.sort_by_key(|run| run.finished_at);
        let mut deltas: BTreeMap<&str, Self> = BTreeMap::new();
        for run in runs {
            let delta = deltas.entry(&run.job_name).or_default();
            if is_new(run) {
                delta.add_start(run.started_at, now);
            }
            let ended = run.finished_at.unwrap_or(now);
            delta.add_end(run.status, now.duration_since(ended).unwrap_or_default());
        }
        deltas
    }

    /// Returns the change for each job that started without a run that was written.
    #[must_use]
    pub fn of_starts(jobs: &[Registration]) -> BTreeMap<&str, Self> {
        let now = SystemTime::now();
        let mut deltas: BTreeMap<&str, Self> = BTreeMap::new();
        for job in jobs {
            if let Some(at) = job.last_start {
                deltas.entry(&job.job_name).or_default().add_start(at, now);
            }
        }
        deltas
    }

    /// Returns the change for each job of these runs, which were marked lost right now. Their starts are known already.
    #[must_use]
    pub fn of_lost(runs: &[RunRecord]) -> BTreeMap<&str, Self> {
        let mut deltas: BTreeMap<&str, Self> = BTreeMap::new();
        for run in runs {
            let delta = deltas.entry(&run.job_name).or_default();
            delta.add_end(run.status, Duration::ZERO);
        }
        deltas
    }

    fn add_start(&mut self, at: SystemTime, now: SystemTime) {
        let age = now.duration_since(at).unwrap_or_default();
        if self.start.is_none_or(|last| age <= last) {
            self.start = Some(age);
            self.started_at = Some(at);
        }
    }

    fn add_end(&mut self, status: RunStatus, age: Duration) {
        if status != RunStatus::Running {
            self.end = Some(age);
        }
        match status {
            RunStatus::Success => {
                self.success = Some(age);
                self.failures = 0;
            }
            RunStatus::Failed | RunStatus::Lost => {
                self.failure = Some(age);
                self.failures += 1;
            }
            RunStatus::Running | RunStatus::Cancelled => {}
        }
    }
}
