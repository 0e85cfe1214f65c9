//! `JobEntry`: a job with its parsed schedule and its metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram, SharedString};
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::due::{CLOCK_TOLERANCE, Due};
use super::history::JobState;
use super::job::{Job, stored_name};
use super::problem::ProblemKind;
use super::run::Notes;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::schedule::Schedule;
use crate::catalog::{
    MONITORING_JOB_EVENTS_DROPPED, SCHEDULER_JOB_DURATION, SCHEDULER_JOB_EXPECTED,
    SCHEDULER_JOB_FAILURES_IN_A_ROW, SCHEDULER_JOB_LAST_SUCCESS, SCHEDULER_JOB_PROBLEM,
    SCHEDULER_JOBS, SCHEDULER_JOBS_IN_PROGRESS,
};
use crate::measure::Instant;
use crate::recorder::{LazyHandle, RecorderRef};
use crate::time::unix_seconds;

#[derive(Debug)]
pub(super) struct JobEntry {
    pub(super) job: Job,
    pub(super) schedule: Schedule,
    /// The job's name in the history.
    pub(super) stored_name: String,
    in_progress: LazyHandle<Gauge>,
    /// By `RunStatus`.
    ended: [LazyHandle<Counter>; 5],
    duration: LazyHandle<Histogram>,
    last_success: LazyHandle<Gauge>,
    /// The value of the gauge.
    last_success_at: Mutex<Option<SystemTime>>,
    /// By `ProblemKind`.
    problems: [LazyHandle<Gauge>; 4],
    failures: LazyHandle<Gauge>,
    expected: LazyHandle<Gauge>,
    dropped: LazyHandle<Counter>,
    has_warned: AtomicBool,
}

/// A run that has not ended.
pub(super) struct ActiveRun {
    pub(super) entry: Arc<JobEntry>,
    pub(super) record: RunRecord,
    began: Instant,
    /// Whether the gauge counts it: not if no recorder was installed yet, because its end would make the gauge negative.
    is_counted: bool,
}

impl JobEntry {
    /// Fails with every mistake in the job.
    pub(super) fn new(job: Job, recorder: &RecorderRef) -> Result<Self, Vec<String>> {
        let mut mistakes = job.mistakes();
        match Schedule::of(&job) {
            Ok(schedule) if mistakes.is_empty() => return Ok(Self::with(job, schedule, recorder)),
            Ok(_) => {}
            Err(more) => mistakes.extend(more),
        }
        let named = |mistake| format!("job {:?}: {mistake}", job.name());
        Err(mistakes.into_iter().map(named).collect())
    }

    /// An entry for an invalid job: its runs are monitored, and it is never expected.
    pub(super) fn on_demand(job: Job, recorder: &RecorderRef) -> Self {
        Self::with(job, Schedule::default(), recorder)
    }

    fn with(job: Job, schedule: Schedule, recorder: &RecorderRef) -> Self {
        let name = SharedString::from(Arc::<str>::from(job.name()));
        let name = || name.clone();
        let ended = |status: RunStatus| {
            let key = SCHEDULER_JOBS.key([name(), status.as_str().into()]);
            LazyHandle::new(recorder, key)
        };
        let problem = |kind: ProblemKind| {
            let key = SCHEDULER_JOB_PROBLEM.key([name(), kind.as_str().into()]);
            LazyHandle::new(recorder, key)
        };
        Self {
            stored_name: stored_name(job.name()),
            job,
            schedule,
            in_progress: LazyHandle::new(recorder, SCHEDULER_JOBS_IN_PROGRESS.key([name()])),
            ended: RunStatus::ALL.map(ended),
            duration: LazyHandle::new(recorder, SCHEDULER_JOB_DURATION.key([name()])),
            last_success: LazyHandle::new(recorder, SCHEDULER_JOB_LAST_SUCCESS.key([name()])),
            last_success_at: Mutex::default(),
            problems: ProblemKind::ALL.map(problem),
            failures: LazyHandle::new(recorder, SCHEDULER_JOB_FAILURES_IN_A_ROW.key([name()])),
            expected: LazyHandle::new(recorder, SCHEDULER_JOB_EXPECTED.key([name()])),
            dropped: LazyHandle::new(recorder, MONITORING_JOB_EVENTS_DROPPED.key([name()])),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Registers all counters, at zero, so that their first event is an increase. Does nothing while no recorder is installed.
    pub(super) fn register_counters(&self) {
        for status in RunStatus::ALL {
            if status != RunStatus::Running {
                self.ended[status as usize].record(|counter| counter.increment(0));
            }
        }
        self.dropped.record(|counter| counter.increment(0));
    }

    pub(super) fn begin_run(
        self: Arc<Self>,
        instance: &str,
        metadata: Map<String, Value>,
    ) -> ActiveRun {
        let gauge = &self.in_progress;
        ActiveRun {
            is_counted: gauge.record_if_installed(|gauge| gauge.increment(1.0)),
            record: RunRecord::begin(self.job.name(), instance, metadata),
            began: Instant::now(),
            entry: self,
        }
    }

    /// Counts an ended run. Lost runs are only counted, because their duration is unknown.
    pub(super) fn count(&self, status: RunStatus) {
        self.ended[status as usize].record(|counter| counter.increment(1));
    }

    /// Sets the gauges that an evaluation decides. `is_open` is by `ProblemKind`.
    pub(super) fn record_state(&self, job: &JobState, due: Option<Due>, is_open: [bool; 4]) {
        let failures = job.failures_in_a_row as f64;
        self.failures.record(|gauge| gauge.set(failures));
        if let Some(due) = due {
            let at = unix_seconds(due.expected_at);
            self.expected.record(|gauge| gauge.set(at));
        }
        if let Some(at) = job.last_success {
            // A success of this process is known already, by a slightly different clock.
            self.record_success(at, CLOCK_TOLERANCE);
        }
        for kind in ProblemKind::ALL {
            self.record_problem(kind, is_open[kind as usize]);
        }
    }

    /// Sets the gauge, unless a success is known that is later, or earlier by at most this tolerance.
    fn record_success(&self, at: SystemTime, tolerance: Duration) {
        let mut last = self.last_success_at.lock();
        if last.is_none_or(|last| at.duration_since(last).is_ok_and(|later| later > tolerance)) {
            *last = Some(at);
        }
        let seconds = unix_seconds(last.unwrap_or(at));
        // A recorder may be a user's, so it is not called under the lock.
        drop(last);
        self.last_success.record(|gauge| gauge.set(seconds));
    }

    pub(super) fn record_problem(&self, kind: ProblemKind, is_open: bool) {
        self.problems[kind as usize].record(|gauge| gauge.set(f64::from(u8::from(is_open))));
    }

    /// Logs one line about this job.
    pub(super) fn warn_once(&self, message: &str) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let job = self.job.name();
            tracing::warn!(job, "{message}");
        }
    }

    /// Counts an event that the history will not receive.
    pub(super) fn count_dropped(&self) {
        self.dropped.record(|dropped| dropped.increment(1));
    }
}

impl ActiveRun {
    /// Returns the record of the ended run. A success that the work has marked as failed is a failure.
    pub(super) fn end(self, status: RunStatus, error: Option<&str>, notes: Notes) -> RunRecord {
        let (status, error) = match (status, notes.failure.as_deref()) {
            (RunStatus::Success, Some(failure)) => (RunStatus::Failed, Some(failure)),
            (status, failure) => (status, error.or(failure)),
        };
        let (entry, duration) = (self.entry, self.began.elapsed());
        if self.is_counted {
            entry.in_progress.record(|gauge| gauge.decrement(1.0));
        }
        entry.count(status);
        let seconds = duration.as_secs_f64();
        entry.duration.record(|durations| durations.record(seconds));
        if status == RunStatus::Success {
            entry.record_success(SystemTime::now(), Duration::ZERO);
        }
        self.record.ended(status, duration, error, notes.metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics_util::debugging::DebuggingRecorder;

    #[test]
    fn a_run_that_began_before_the_recorder_does_not_lower_the_gauge() {
        let recorder = DebuggingRecorder::new();
        let entry = JobEntry::new(Job::named("early"), &RecorderRef::default()).unwrap();
        let run = Arc::new(entry).begin_run("here", Map::new());
        metrics::with_local_recorder(&recorder, || {
            run.end(RunStatus::Success, None, Notes::default());
        });
        let series = recorder.snapshotter().snapshot().into_vec();
        let names: Vec<_> = series.iter().map(|(key, ..)| key.key().name()).collect();
        assert!(!names.contains(&"scheduler_jobs_in_progress"), "{names:?}");
        assert!(names.contains(&"scheduler_jobs_total"), "{names:?}");
    }

    const LONG: &str = "\
        a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a123456789a";

    #[test]
    fn an_invalid_job_is_refused_with_a_reason() {
        const JOB: Job = Job::named("a");
        let name = "job \"\": the name has 0 characters: 1 to 100 are allowed";
        let control = "job \"a\\nb\": the name contains a control character: none is allowed";
        let range = "job \"a\": cron \"61 * * * *\" is invalid: the minute is \"61\": 0-59 is allowed, as a number, ";
        let interval = "job \"a\": the interval is 0 s";
        let failures = "job \"a\": failing_after is 0: at least 1 is required";
        let last_end =
            "job \"a\": from_last_end has no effect without a schedule: every or cron is required";
        let zone = "time zone \"Europe/Atlantis\" is not in this system's database";
        for (job, expected) in [
            (Job::named(""), name),
            (Job::named(LONG), "the name has 101 characters"),
            (Job::named("a\nb"), control),
            (JOB.every(Duration::ZERO), interval),
            (JOB.from_last_end(), last_end),
            (JOB.failing_after(0), failures),
            (JOB.cron("61 * * * *", "UTC"), range),
            (JOB.cron(", 2 * * *", "UTC"), "\", 2 * * *\" never matches"),
            (JOB.cron("0 0 2 * * * 2026", "UTC"), "2026\" is invalid: "),
            (JOB.cron("0 2,24 * * *", "UTC"), "24 * * *\" is invalid: "),
            (JOB.cron("", "UTC"), "cron \"\" is invalid: "),
            (JOB.cron("daily at noon", "UTC"), "noon\" is invalid: "),
            (
                JOB.cron("0 0 30 2 *", "UTC"),
                "\"0 0 30 2 *\" never matches",
            ),
            (JOB.cron("0 0 * * *", "Europe/Atlantis"), zone),
        ] {
            let mistakes = JobEntry::new(job, &RecorderRef::default()).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].contains(expected), "{mistakes:?}\n{expected}");
        }
    }

    #[test]
    fn every_mistake_in_a_job_is_reported() {
        let job = Job::named("").every(Duration::ZERO).failing_after(0);
        let mistakes = JobEntry::new(job, &RecorderRef::default()).unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        let job = Job::named("a").cron("bad", "Nowhere");
        let mistakes = JobEntry::new(job, &RecorderRef::default()).unwrap_err();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(
            mistakes[0].starts_with("job \"a\": cron \"bad\""),
            "{mistakes:?}"
        );
        assert!(
            mistakes[1].starts_with("job \"a\": time zone \"Nowhere\""),
            "{mistakes:?}"
        );
    }
}
