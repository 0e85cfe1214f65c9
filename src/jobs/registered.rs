//! A job that is known here: its plan and its metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge, Histogram};

use super::plan::Plan;
use super::problem::ProblemKind;
use super::record::{RunRecord, RunStatus};
use crate::catalog::{
    MONITORING_JOB_EVENTS_DROPPED, SCHEDULER_JOB_DURATION, SCHEDULER_JOB_EXPECTED,
    SCHEDULER_JOB_FAILURES_IN_A_ROW, SCHEDULER_JOB_LAST_SUCCESS, SCHEDULER_JOB_PROBLEM,
    SCHEDULER_JOBS, SCHEDULER_JOBS_IN_PROGRESS,
};
use crate::recorder::{LazyHandle, RecorderRef};

#[derive(Debug)]
pub(super) struct Registered {
    pub(super) plan: Plan,
    in_progress: LazyHandle<Gauge>,
    ended: [(RunStatus, LazyHandle<Counter>); 4],
    duration: LazyHandle<Histogram>,
    last_success: LazyHandle<Gauge>,
    problems: [(ProblemKind, LazyHandle<Gauge>); 4],
    failures: LazyHandle<Gauge>,
    expected: LazyHandle<Gauge>,
    dropped: LazyHandle<Counter>,
    /// The last start that the history did not learn of from its run, and was not told otherwise.
    dropped_start: Mutex<Option<SystemTime>>,
    has_warned: AtomicBool,
}

impl Registered {
    pub(super) fn new(plan: Plan, recorder: &RecorderRef) -> Self {
        let name = plan.job.name();
        let ended = |status: RunStatus| {
            let key = SCHEDULER_JOBS.key([name.into(), status.as_str().into()]);
            (status, LazyHandle::new(recorder, key))
        };
        let problem = |kind: ProblemKind| {
            let key = SCHEDULER_JOB_PROBLEM.key([name.into(), kind.as_str().into()]);
            (kind, LazyHandle::new(recorder, key))
        };
        Self {
            plan,
            in_progress: LazyHandle::new(recorder, SCHEDULER_JOBS_IN_PROGRESS.key([name.into()])),
            ended: [
                ended(RunStatus::Success),
                ended(RunStatus::Failed),
                ended(RunStatus::Cancelled),
                ended(RunStatus::Lost),
            ],
            duration: LazyHandle::new(recorder, SCHEDULER_JOB_DURATION.key([name.into()])),
            last_success: LazyHandle::new(recorder, SCHEDULER_JOB_LAST_SUCCESS.key([name.into()])),
            problems: ProblemKind::ALL.map(problem),
            failures: LazyHandle::new(recorder, SCHEDULER_JOB_FAILURES_IN_A_ROW.key([name.into()])),
            expected: LazyHandle::new(recorder, SCHEDULER_JOB_EXPECTED.key([name.into()])),
            dropped: LazyHandle::new(recorder, MONITORING_JOB_EVENTS_DROPPED.key([name.into()])),
            dropped_start: Mutex::default(),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Whether it is counted as in progress: not before there is a recorder, whose gauge must not fall for it.
    pub(super) fn begun(&self) -> bool {
        self.in_progress
            .record_if_installed(|gauge| gauge.increment(1.0))
    }

    pub(super) fn ended(&self, status: RunStatus, duration: Duration, is_counted: bool) {
        if is_counted {
            self.in_progress.record(|gauge| gauge.decrement(1.0));
        }
        self.count(status);
        self.duration
            .record(|durations| durations.record(duration.as_secs_f64()));
        if status == RunStatus::Success
            && let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH)
        {
            self.last_success
                .record(|gauge| gauge.set(now.as_secs_f64()));
        }
    }

    /// Of a run that another process began: nobody here knows how long it took.
    pub(super) fn count(&self, status: RunStatus) {
        let counter = self.ended.iter().find(|(own, _)| *own == status);
        if let Some((_, counter)) = counter {
            counter.record(|counter| counter.increment(1));
        }
    }

    pub(super) fn is_wrong(&self, kind: ProblemKind, is_wrong: bool) {
        let gauge = self.problems.iter().find(|(own, _)| *own == kind);
        if let Some((_, gauge)) = gauge {
            gauge.record(|gauge| gauge.set(f64::from(u8::from(is_wrong))));
        }
    }

    pub(super) fn stands(&self, failures_in_a_row: u64, expected_at: Option<SystemTime>) {
        self.failures
            .record(|gauge| gauge.set(failures_in_a_row as f64));
        let expected = expected_at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        if let Some(expected) = expected {
            self.expected
                .record(|gauge| gauge.set(expected.as_secs_f64()));
        }
    }

    /// Somebody runs a job of this name with another plan: said once.
    pub(super) fn warn_of_another(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let job = self.plan.job.name();
            tracing::warn!(
                job,
                "two jobs of this name differ: the one that was registered counts"
            );
        }
    }

    /// An event that the history will not learn of.
    pub(super) fn drop_event(&self, run: &RunRecord) {
        self.dropped.record(|dropped| dropped.increment(1));
        // The start of an end that is dropped is known, or was dropped itself.
        if run.status == RunStatus::Running {
            self.has_not_told(run.started_at);
        }
    }

    /// No run will tell the history of this start.
    pub(super) fn has_not_told(&self, start: SystemTime) {
        let mut last = self.last_dropped();
        *last = (*last).max(Some(start));
    }

    pub(super) fn dropped_start(&self) -> Option<SystemTime> {
        *self.last_dropped()
    }

    /// The history knows of this one now.
    pub(super) fn has_told(&self, start: SystemTime) {
        let mut last = self.last_dropped();
        if *last == Some(start) {
            *last = None;
        }
    }

    fn last_dropped(&self) -> MutexGuard<'_, Option<SystemTime>> {
        let start = self.dropped_start.lock();
        start.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use metrics_util::debugging::DebuggingRecorder;

    #[test]
    fn a_run_that_began_before_the_recorder_is_not_taken_from_its_gauge() {
        let recorder = DebuggingRecorder::new();
        let job = Registered::new(Job::named("early").plan().unwrap(), &RecorderRef::default());
        let early = job.begun();
        metrics::with_local_recorder(&recorder, || {
            job.ended(RunStatus::Success, Duration::ZERO, early);
        });
        let taken = recorder.snapshotter().snapshot().into_vec();
        let names: Vec<_> = taken.iter().map(|(key, ..)| key.key().name()).collect();
        assert!(!names.contains(&"scheduler_jobs_in_progress"), "{names:?}");
        assert!(names.contains(&"scheduler_jobs_total"), "{names:?}");
    }
}
