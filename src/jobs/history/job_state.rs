//! `JobState`: the state of a job, by which its expectations are judged.

use std::time::{Duration, SystemTime};

use super::StateDelta;

/// The state of a job, by the store's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobState {
    /// The job's name.
    pub job_name: String,
    /// The time since which the store knows the job with its present schedule.
    pub known_since: SystemTime,
    /// The time of the last registration by an instance.
    pub registered_at: Option<SystemTime>,
    /// The time of the last start.
    pub last_start: Option<SystemTime>,
    /// The last start by the clock of the instance that ran it, which cron expressions are matched against.
    pub started_at: Option<SystemTime>,
    /// The number of failed and lost runs since the last success. Cancelled runs do not count.
    pub failures_in_a_row: u64,
    /// Incremented whenever a success ends a row of failures, even an empty one.
    pub success_epoch: u64,
    /// The time of the last failed or lost run.
    pub last_failure: Option<SystemTime>,
    /// The time of the last success, counted from its end.
    pub last_success: Option<SystemTime>,
    /// The time at which a run last ended, however it ended.
    pub last_end: Option<SystemTime>,
}

impl JobState {
    /// Returns the state of a job that has not run yet.
    #[must_use]
    pub fn new(job_name: impl Into<String>, known_since: SystemTime) -> Self {
        Self {
            job_name: job_name.into(),
            known_since,
            registered_at: None,
            last_start: None,
            started_at: None,
            failures_in_a_row: 0,
            success_epoch: 0,
            last_failure: None,
            last_success: None,
            last_end: None,
        }
    }

    /// Applies a change, at this time of the store's clock.
    pub fn apply(&mut self, delta: &StateDelta, now: SystemTime) {
        let ago = |age: Option<Duration>| age.and_then(|age| now.checked_sub(age));
        if let Some(at) = delta.started_at {
            self.set_start(ago(delta.start), at);
        }
        let success = ago(delta.success).and_then(|at| at.checked_add(StateDelta::REORDER_WINDOW));
        if success.is_some() && success >= self.last_failure {
            self.failures_in_a_row = 0;
            self.success_epoch += 1;
        }
        self.failures_in_a_row += delta.failures;
        self.last_failure = self.last_failure.max(ago(delta.failure));
        self.last_success = self.last_success.max(ago(delta.success));
        self.last_end = self.last_end.max(ago(delta.end));
    }

    /// Sets the last start, if it is later. The same start may arrive twice: its age then differs a little, but its time by the
    /// instance's clock does not.
    fn set_start(&mut self, start: Option<SystemTime>, at: SystemTime) {
        if start > self.last_start && self.started_at != Some(at) {
            self.last_start = start;
            self.started_at = Some(at);
        }
    }
}

/// The states of all jobs, at one time of the store's own clock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobStates {
    /// The present time.
    pub now: SystemTime,
    /// Every known job, by name.
    pub jobs: Vec<JobState>,
}

impl JobStates {
    /// Returns these states at this time.
    #[must_use]
    pub fn new(now: SystemTime, jobs: Vec<JobState>) -> Self {
        Self { now, jobs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::{RunRecord, RunStatus};
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
        let delta = StateDelta::of_runs(&runs, |_| true)["nightly"];
        assert_eq!((delta.success.is_some(), delta.failures), (true, 2));
        let mut state = JobState::new("nightly", SystemTime::UNIX_EPOCH);
        state.failures_in_a_row = 5;
        state.apply(&delta, SystemTime::now());
        assert_eq!((state.failures_in_a_row, state.success_epoch), (2, 1));
        state.apply(
            &StateDelta::of_lost(&runs[..2])["nightly"],
            SystemTime::now(),
        );
        assert_eq!((state.failures_in_a_row, state.success_epoch), (4, 1));
    }

    #[test]
    fn a_start_is_recorded_by_both_clocks() {
        let own = SystemTime::now();
        let mut first = ended(RunStatus::Success, 0);
        first.started_at = own - Duration::from_mins(5);
        let mut second = first.clone();
        second.started_at = own - Duration::from_mins(6);
        let runs = [first.clone(), second];
        let delta = StateDelta::of_runs(&runs, |_| true)["nightly"];
        // The store's clock is an hour behind.
        let mut state = JobState::new("nightly", SystemTime::UNIX_EPOCH);
        let now = own - Duration::from_hours(1);
        state.apply(&delta, now);
        let start = now - Duration::from_mins(5);
        let known = state.last_start.unwrap();
        assert!(start.duration_since(known).unwrap() < Duration::from_secs(1));
        assert_eq!(state.started_at, Some(first.started_at));
        // The end of a known run is no start.
        let delta = StateDelta::of_runs(&runs, |_| false)["nightly"];
        assert_eq!(delta.start, None);
    }
}
