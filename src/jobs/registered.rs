//! A job that is known here: its plan and its metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge, Histogram, Label};

use super::job::Plan;
use super::record::RunStatus;
use crate::catalog::{
    MONITORING_JOB_EVENTS_DROPPED, SCHEDULER_JOB_DURATION, SCHEDULER_JOB_LAST_SUCCESS,
    SCHEDULER_JOBS, SCHEDULER_JOBS_IN_PROGRESS,
};
use crate::target::{Cell, Target};

#[derive(Debug)]
pub(super) struct Registered {
    pub(super) plan: Plan,
    in_progress: Cell<Gauge>,
    ended: [(RunStatus, Cell<Counter>); 4],
    duration: Cell<Histogram>,
    last_success: Cell<Gauge>,
    dropped: Cell<Counter>,
    has_warned: AtomicBool,
}

impl Registered {
    pub(super) fn new(plan: Plan, target: &Target) -> Self {
        let name = plan.job.name();
        let label = || vec![Label::new("job_name", name)];
        let ended = |status: RunStatus| {
            let labels = [("job_name", name), ("status", status.as_str())];
            let labels = labels.map(|(name, value)| Label::new(name, value));
            (status, Cell::new(target, &SCHEDULER_JOBS, labels.to_vec()))
        };
        Self {
            plan,
            in_progress: Cell::new(target, &SCHEDULER_JOBS_IN_PROGRESS, label()),
            ended: [
                ended(RunStatus::Success),
                ended(RunStatus::Failed),
                ended(RunStatus::Cancelled),
                ended(RunStatus::Lost),
            ],
            duration: Cell::new(target, &SCHEDULER_JOB_DURATION, label()),
            last_success: Cell::new(target, &SCHEDULER_JOB_LAST_SUCCESS, label()),
            dropped: Cell::new(target, &MONITORING_JOB_EVENTS_DROPPED, label()),
            has_warned: AtomicBool::new(false),
        }
    }

    pub(super) fn begun(&self) {
        self.in_progress.write(|gauge| gauge.increment(1.0));
    }

    pub(super) fn ended(&self, status: RunStatus, duration: Duration) {
        self.in_progress.write(|gauge| gauge.decrement(1.0));
        self.count(status);
        self.duration
            .write(|durations| durations.record(duration.as_secs_f64()));
        if status == RunStatus::Success
            && let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH)
        {
            self.last_success
                .write(|gauge| gauge.set(now.as_secs_f64()));
        }
    }

    /// Of a run that another process began: nobody here knows how long it took.
    pub(super) fn count(&self, status: RunStatus) {
        let counter = self.ended.iter().find(|(own, _)| *own == status);
        if let Some((_, counter)) = counter {
            counter.write(|counter| counter.increment(1));
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
    pub(super) fn drop_event(&self) {
        self.dropped.write(|dropped| dropped.increment(1));
    }
}
