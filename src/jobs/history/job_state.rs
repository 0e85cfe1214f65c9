//! `JobState`: how a job stands, which is what expectations are judged by.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::jobs::{RunRecord, RunStatus};

/// How a job stands, by the history's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobState {
    /// The job.
    pub job_name: String,
    /// Since when it is known there, with the schedule that it has.
    pub known_since: SystemTime,
    /// When an instance last said that it has this job; none if none has.
    pub registered_at: Option<SystemTime>,
    /// When it last started.
    pub last_start: Option<SystemTime>,
    /// The same by the clock of the instance that ran it, which a cron expression is served by.
    pub started_at: Option<SystemTime>,
    /// How often it failed or was lost since its last success. What was cancelled does not count.
    pub failures_in_a_row: u64,
    /// How often a success has ended such a row, or could have.
    pub streak: u64,
    /// When it last failed or was lost.
    pub last_failure: Option<SystemTime>,
}

impl JobState {
    /// Of a job that has not run yet.
    #[must_use]
    pub fn new(job_name: impl Into<String>, known_since: SystemTime) -> Self {
        Self {
            job_name: job_name.into(),
            known_since,
            registered_at: None,
            last_start: None,
            started_at: None,
            failures_in_a_row: 0,
            streak: 0,
            last_failure: None,
        }
    }

    pub(crate) fn add(&mut self, progress: &StateDelta, now: SystemTime) {
        if let Some(start) = progress.start {
            self.starts(now.checked_sub(start.age), start.at);
        }
        let ago = |age: Option<Duration>| age.and_then(|age| now.checked_sub(age));
        let success = ago(progress.success).and_then(|at| at.checked_add(REORDER_WINDOW));
        if success.is_some() && success >= self.last_failure {
            self.failures_in_a_row = 0;
            self.streak += 1;
        }
        self.failures_in_a_row += progress.failures;
        self.last_failure = self.last_failure.max(ago(progress.failure));
    }

    /// A start, if it is a later one: told twice, it is another time by a moment, and the same by its own clock.
    pub(crate) fn starts(&mut self, start: Option<SystemTime>, at: SystemTime) {
        if start > self.last_start && self.started_at != Some(at) {
            self.last_start = start;
            self.started_at = Some(at);
        }
    }
}

/// How all jobs stand, at a time of the history's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobStates {
    /// When.
    pub now: SystemTime,
    /// Every job that is known there, by name.
    pub jobs: Vec<JobState>,
}

impl JobStates {
    /// At this time.
    #[must_use]
    pub fn new(now: SystemTime, jobs: Vec<JobState>) -> Self {
        Self { now, jobs }
    }
}

/// What an instance says of a job that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registration {
    /// The job.
    pub job_name: String,
    /// When it is expected, in words; none if it does not say, and what is known of that stays.
    pub schedule: Option<String>,
    /// When it last started it, by its own clock, where that is in no run that the history was given.
    pub last_start: Option<SystemTime>,
}

impl Registration {
    /// Of this job, expected so.
    #[must_use]
    pub fn new(job_name: impl Into<String>, schedule: Option<String>) -> Self {
        Self {
            job_name: job_name.into(),
            schedule,
            last_start: None,
        }
    }

    /// It started at this time of the instance's clock.
    #[must_use]
    pub fn last_start(mut self, at: SystemTime) -> Self {
        self.last_start = Some(at);
        self
    }
}

/// What some runs of a job change of its standing. Ages are the same by all clocks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct StateDelta {
    /// The last start among them.
    pub(crate) start: Option<Start>,
    /// How long ago the last success among them ended.
    pub(crate) success: Option<Duration>,
    /// How long ago the last failure among them ended.
    pub(crate) failure: Option<Duration>,
    /// Since that success, or in all.
    pub(crate) failures: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Start {
    pub(crate) age: Duration,
    /// By the instance's own clock.
    pub(crate) at: SystemTime,
}

/// A success that is so much older than the last failure was written late, and ends no row of failures that came after it.
pub(crate) const REORDER_WINDOW: Duration = Duration::from_secs(10);

impl StateDelta {
    /// Of each job among these runs of this instance, all of which are news. Those that `is_new` says so of were not
    /// there before: their start is news, too.
    pub(crate) fn of<'a>(
        runs: impl Iterator<Item = &'a RunRecord>,
        is_new: impl Fn(&RunRecord) -> bool,
    ) -> BTreeMap<&'a str, Self> {
        let now = SystemTime::now();
        let mut runs: Vec<_> = runs.collect();
        // In a row is by their ends.
        runs.sort_by_key(|run| run.finished_at);
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        for run in runs {
            let progress = all.entry(&run.job_name).or_default();
            if is_new(run) {
                progress.start(run.started_at, now);
            }
            let ended = run.finished_at.unwrap_or(now);
            progress.end(run.status, now.duration_since(ended).unwrap_or_default());
        }
        all
    }

    /// Of each job among these, which started without a run of theirs to tell it.
    pub(crate) fn started(jobs: &[Registration]) -> BTreeMap<&str, Self> {
        let now = SystemTime::now();
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        for job in jobs {
            if let Some(at) = job.last_start {
                all.entry(&job.job_name).or_default().start(at, now);
            }
        }
        all
    }

    /// Of each job among these, which were lost right now. When they started is known already.
    pub(crate) fn lost(runs: &[RunRecord]) -> BTreeMap<&str, Self> {
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        for run in runs {
            let progress = all.entry(&run.job_name).or_default();
            progress.end(run.status, Duration::ZERO);
        }
        all
    }

    fn start(&mut self, at: SystemTime, now: SystemTime) {
        let age = now.duration_since(at).unwrap_or_default();
        if self.start.is_none_or(|last| age <= last.age) {
            self.start = Some(Start { age, at });
        }
    }

    fn end(&mut self, status: RunStatus, age: Duration) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn ended(status: RunStatus, took: u64) -> RunRecord {
        RunRecord::begin("nightly", "here", Map::new()).ended(
            status,
            Duration::from_secs(took),
            None,
            Map::new(),
        )
    }

    #[test]
    fn failures_count_from_the_last_success_to_end() {
        let runs = [
            ended(RunStatus::Failed, 1),
            ended(RunStatus::Failed, 9),
            ended(RunStatus::Success, 2),
            ended(RunStatus::Cancelled, 8),
            ended(RunStatus::Lost, 7),
        ];
        let progress = StateDelta::of(runs.iter(), |_| true)["nightly"];
        assert_eq!((progress.success.is_some(), progress.failures), (true, 2));
        let mut standing = JobState::new("nightly", SystemTime::UNIX_EPOCH);
        standing.failures_in_a_row = 5;
        standing.add(&progress, SystemTime::now());
        assert_eq!((standing.failures_in_a_row, standing.streak), (2, 1));
        standing.add(&StateDelta::lost(&runs[..2])["nightly"], SystemTime::now());
        assert_eq!((standing.failures_in_a_row, standing.streak), (4, 1));
    }

    #[test]
    fn a_start_is_told_once_by_both_clocks() {
        let own = SystemTime::now();
        let mut first = ended(RunStatus::Success, 0);
        first.started_at = own - Duration::from_mins(5);
        let mut second = first.clone();
        second.started_at = own - Duration::from_mins(6);
        let runs = [first.clone(), second];
        let progress = StateDelta::of(runs.iter(), |_| true)["nightly"];
        // The history's clock is an hour behind.
        let mut standing = JobState::new("nightly", SystemTime::UNIX_EPOCH);
        let now = own - Duration::from_hours(1);
        standing.add(&progress, now);
        let start = now - Duration::from_mins(5);
        let known = standing.last_start.unwrap();
        assert!(start.duration_since(known).unwrap() < Duration::from_secs(1));
        assert_eq!(standing.started_at, Some(first.started_at));
        // Its end is no start.
        let progress = StateDelta::of(runs.iter(), |_| false)["nightly"];
        assert_eq!(progress.start, None);
    }
}
