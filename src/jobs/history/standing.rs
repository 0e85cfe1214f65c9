//! `Standing`: how a job stands, which is what expectations are judged by.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::jobs::{RunRecord, RunStatus};

/// How a job stands, by the history's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Standing {
    /// The job.
    pub job_name: String,
    /// Since when it is known there.
    pub known_since: SystemTime,
    /// When it last started.
    pub last_start: Option<SystemTime>,
    /// How often it failed or was lost since its last success. What was cancelled does not count.
    pub failures_in_a_row: u64,
}

impl Standing {
    /// Of a job that has not run yet.
    #[must_use]
    pub fn new(job_name: impl Into<String>, known_since: SystemTime) -> Self {
        Self {
            job_name: job_name.into(),
            known_since,
            last_start: None,
            failures_in_a_row: 0,
        }
    }

    pub(crate) fn add(&mut self, progress: &Progress, now: SystemTime) {
        let start = progress.start.and_then(|start| start.by(now));
        self.last_start = self.last_start.max(start);
        if progress.has_succeeded {
            self.failures_in_a_row = 0;
        }
        self.failures_in_a_row += progress.failures;
    }
}

/// How all jobs stand, at a time of the history's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Standings {
    /// When.
    pub now: SystemTime,
    /// Every job that is known there, by name.
    pub jobs: Vec<Standing>,
}

impl Standings {
    /// At this time.
    #[must_use]
    pub fn new(now: SystemTime, jobs: Vec<Standing>) -> Self {
        Self { now, jobs }
    }
}

/// What some runs of a job change of its standing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Progress {
    /// The last start among them.
    pub(crate) start: Option<Start>,
    pub(crate) has_succeeded: bool,
    /// Since that success, or in all.
    pub(crate) failures: u64,
}

/// When a run started, in the eyes of the instance that ran it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Start {
    /// How long ago: the same by all clocks.
    pub(crate) age: Duration,
    /// By the instance's own clock, which a cron expression is served by.
    pub(crate) at: SystemTime,
}

/// A clock that is further ahead than this is not believed.
pub(crate) const MOST_AHEAD: Duration = Duration::from_hours(1);

impl Start {
    fn of(run: &RunRecord, now: SystemTime) -> Self {
        Self {
            age: now.duration_since(run.started_at).unwrap_or_default(),
            at: run.started_at,
        }
    }

    /// By the history's clock. Of a run whose instance's clock is ahead, that one's: it served the time that it saw. Should it
    /// be wrong, a job is found late too late, and none is that is not.
    fn by(self, now: SystemTime) -> Option<SystemTime> {
        let start = now.checked_sub(self.age)?;
        Some(start.max(self.at.min(now + MOST_AHEAD)))
    }
}

impl Progress {
    /// Of each job among these runs, which this instance ran, and which the history did not have so.
    pub(crate) fn of<'a>(runs: impl Iterator<Item = &'a RunRecord>) -> BTreeMap<&'a str, Progress> {
        let now = SystemTime::now();
        let mut runs: Vec<_> = runs.collect();
        // In a row is by their ends.
        runs.sort_by_key(|run| run.finished_at);
        let mut all: BTreeMap<&str, Progress> = BTreeMap::new();
        for run in runs {
            let progress = all.entry(&run.job_name).or_default();
            let start = Start::of(run, now);
            progress.start = match progress.start {
                Some(later) if later.age < start.age => Some(later),
                _ => Some(start),
            };
            progress.end(run.status);
        }
        all
    }

    /// Of each job among these, which were lost. When they started is known already.
    pub(crate) fn lost(runs: &[RunRecord]) -> BTreeMap<&str, Progress> {
        let mut all: BTreeMap<&str, Progress> = BTreeMap::new();
        for run in runs {
            all.entry(&run.job_name).or_default().end(run.status);
        }
        all
    }

    fn end(&mut self, status: RunStatus) {
        match status {
            RunStatus::Success => {
                self.has_succeeded = true;
                self.failures = 0;
            }
            RunStatus::Failed | RunStatus::Lost => self.failures += 1,
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
        let progress = Progress::of(runs.iter())["nightly"];
        assert_eq!((progress.has_succeeded, progress.failures), (true, 2));
        let mut standing = Standing::new("nightly", SystemTime::UNIX_EPOCH);
        standing.failures_in_a_row = 5;
        standing.add(&progress, SystemTime::now());
        assert_eq!(standing.failures_in_a_row, 2);
        standing.add(&Progress::lost(&runs[..2])["nightly"], SystemTime::now());
        assert_eq!(standing.failures_in_a_row, 4);
    }

    #[test]
    fn a_start_is_by_the_clock_of_the_history_unless_that_is_behind() {
        let own = SystemTime::now();
        let minutes = |minutes| Duration::from_mins(minutes);
        let mut run = ended(RunStatus::Success, 0);
        run.started_at = own - minutes(5);
        let start = Start::of(&run, own);
        for (history, expected) in [
            (own + minutes(10), own + minutes(5)),
            (own, own - minutes(5)),
            (own - minutes(10), own - minutes(5)),
            (own - minutes(600), own - minutes(540)),
        ] {
            assert_eq!(start.by(history), Some(expected));
        }
    }
}
