//! `Evaluation`: which expectations of a job are not met, judged from facts alone.

use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::clock_steps::ClockSteps;
use super::due::{Clocks, Due};
use super::history::JobState;
use super::job_entry::JobEntry;
use super::problem::{Problem, ProblemKind};
use super::problem_changes::ProblemChange;
use super::run_record::RunRecord;
use super::state::LongRun;
use crate::time::rfc3339;

/// The facts about one job.
pub(super) struct Facts {
    pub(super) entry: Arc<JobEntry>,
    pub(super) job_state: JobState,
    pub(super) clocks: Clocks,
    pub(super) clock_steps: ClockSteps,
    /// The number of failures in a row that are a problem.
    pub(super) failing_after: u32,
    /// The problems that are open in the history.
    pub(super) known: Vec<Problem>,
    /// The longest first.
    pub(super) long_runs: Vec<LongRun>,
    /// `None` if the history could not be asked.
    pub(super) runs: Option<Runs>,
}

/// What the history knows about some runs of a job.
#[derive(Default)]
pub(super) struct Runs {
    /// The run of the known problem if it is running, or else the longest of the long runs that are.
    pub(super) running: Option<Uuid>,
    /// Whether any run is under way, if the schedule depends on it.
    pub(super) is_under_way: bool,
    /// The last failed or lost run, if it is needed.
    pub(super) last_failure: Option<RunRecord>,
}

/// The problems of a job.
pub(super) struct Evaluation {
    pub(super) due: Option<Due>,
    pub(super) open: Vec<Problem>,
    pub(super) changes: Vec<ProblemChange>,
    /// The values of the gauges, by `ProblemKind`.
    pub(super) is_open: [bool; 4],
}

impl Facts {
    pub(super) fn evaluate(&self) -> Evaluation {
        let due = self.due();
        let (mut open, mut changes) = (Vec::new(), Vec::new());
        let is_open = ProblemKind::ALL.map(|kind| {
            let (problem, change) = match self.known(kind) {
                Some(problem) if self.persists(problem) => (Some(problem.clone()), None),
                // If it has begun again, the next evaluation finds it.
                Some(problem) => (None, Some((problem.clone(), true))),
                None => {
                    let found = self.find(kind, due);
                    (found.clone(), found.map(|problem| (problem, false)))
                }
            };
            changes.extend(change.map(|(problem, is_resolved)| ProblemChange {
                problem,
                is_resolved,
            }));
            // A long run that is unknown to the history shows only in this instance's metric.
            let mut long_runs = self.long_runs.iter();
            let is_untold = kind == ProblemKind::TooLong && long_runs.any(|run| !run.is_told);
            let is_open = problem.is_some() || is_untold;
            open.extend(problem);
            is_open
        });
        Evaluation {
            due,
            open,
            changes,
            is_open,
        }
    }

    /// Returns the problems as the history knows them.
    pub(super) fn restore(&self) -> Evaluation {
        Evaluation {
            due: self.due(),
            open: self.known.clone(),
            changes: Vec::new(),
            is_open: ProblemKind::ALL.map(|kind| self.known(kind).is_some()),
        }
    }

    fn due(&self) -> Option<Due> {
        let schedule = &self.entry.schedule;
        let is_under_way = match &self.runs {
            Some(runs) => runs.is_under_way,
            None if schedule.is_from_last_end => return None,
            None => false,
        };
        let job_state = self.clock_steps.translate(schedule, &self.job_state);
        Due::of(schedule, &job_state, is_under_way, self.clocks)
    }

    pub(super) fn known(&self, kind: ProblemKind) -> Option<&Problem> {
        self.known.iter().find(|problem| problem.kind == kind)
    }

    /// Whether a known problem is still open. This depends only on later events (a changed schedule is one), because the
    /// expectations of instances may differ.
    fn persists(&self, problem: &Problem) -> bool {
        let job = &self.job_state;
        match problem.kind {
            ProblemKind::Late | ProblemKind::Missed => {
                let is_of_this_schedule = job.known_since <= problem.since;
                is_of_this_schedule && job.last_start <= problem.last_start
            }
            ProblemKind::Failing => job.success_epoch <= problem.success_epoch,
            ProblemKind::TooLong => match &self.runs {
                Some(runs) => problem.run.is_some() && runs.running == problem.run,
                None => true,
            },
        }
    }

    fn find(&self, kind: ProblemKind, due: Option<Due>) -> Option<Problem> {
        match kind {
            ProblemKind::Late => self.overdue(kind, due?, due?.late_from),
            ProblemKind::Missed => self.overdue(kind, due?, due?.missed_from),
            ProblemKind::TooLong => self.too_long(),
            ProblemKind::Failing => self.failing(),
        }
    }

    fn overdue(&self, kind: ProblemKind, due: Due, from: Option<SystemTime>) -> Option<Problem> {
        let since = from.filter(|from| self.clocks.history > *from)?;
        let text = |time| rfc3339(time).unwrap_or_default();
        let expected = text(due.expected_at);
        let message = match self.job_state.last_start {
            None => format!("expected at {expected}; never started"),
            Some(start) => format!("expected at {expected}; last started at {}", text(start)),
        };
        Some(self.problem(kind, since, None, message))
    }

    fn too_long(&self) -> Option<Problem> {
        let running = self.runs.as_ref()?.running?;
        let run = self.long_runs.iter().find(|run| run.id == running)?;
        let now = self.clocks.history;
        let since = now.checked_sub(run.excess).unwrap_or(now);
        let max = self.entry.job.max_runtime?;
        let message = format!("a run has taken longer than {max:?}");
        Some(self.problem(ProblemKind::TooLong, since, Some(running), message))
    }

    pub(super) fn is_failing(&self) -> bool {
        self.job_state.failures_in_a_row >= u64::from(self.failing_after)
    }

    fn failing(&self) -> Option<Problem> {
        if !self.is_failing() {
            return None;
        }
        let last = self.runs.as_ref()?.last_failure.as_ref();
        let failures = self.job_state.failures_in_a_row;
        let s = if failures == 1 { "" } else { "s" };
        let mut message = format!("failed {failures} time{s} in a row");
        if let Some(error) = last.and_then(|run| run.error_message.as_deref()) {
            message.push_str("; last error: ");
            message.push_str(error);
        }
        let (now, run) = (self.clocks.history, last.map(|run| run.id));
        Some(self.problem(ProblemKind::Failing, now, run, message))
    }

    fn problem(
        &self,
        kind: ProblemKind,
        since: SystemTime,
        run: Option<Uuid>,
        message: String,
    ) -> Problem {
        let mut problem = Problem::new(&self.job_state.job_name, kind, since, message);
        problem.run = run;
        problem.last_start = self.job_state.last_start;
        problem.success_epoch = self.job_state.success_epoch;
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use crate::recorder::RecorderRef;
    use std::time::{Duration, UNIX_EPOCH};

    /// An hourly job ten hours after its registration, with a long run and with three failures.
    fn facts(runs: Option<Runs>, known: &[ProblemKind]) -> Facts {
        const JOB: Job = Job::named("hourly").every(Duration::from_hours(1));
        let now = UNIX_EPOCH + Duration::from_hours(1010);
        let job = JOB.max_runtime(Duration::from_mins(5));
        let mut job_state = JobState::new("hourly", UNIX_EPOCH + Duration::from_hours(1000));
        job_state.failures_in_a_row = 3;
        let problem = |kind: &ProblemKind| {
            let mut problem = Problem::new("hourly", *kind, now, "");
            problem.run = Some(Uuid::nil());
            problem
        };
        Facts {
            entry: Arc::new(JobEntry::new(job, &RecorderRef::default()).unwrap()),
            job_state,
            clocks: Clocks {
                before: now,
                history: now,
                after: now,
            },
            clock_steps: ClockSteps::default(),
            failing_after: 3,
            known: known.iter().map(problem).collect(),
            long_runs: vec![LongRun {
                id: Uuid::nil(),
                excess: Duration::from_mins(1),
                is_told: true,
            }],
            runs,
        }
    }

    fn changes(facts: &Facts) -> Vec<(ProblemKind, bool)> {
        let changes = facts.evaluate().changes.into_iter();
        let kinds = changes.map(|change| (change.problem.kind, change.is_resolved));
        kinds.collect()
    }

    use ProblemKind::{Failing, Late, Missed, TooLong};

    #[test]
    fn without_its_runs_only_what_needs_no_run_begins_or_ends() {
        let running = |running| {
            Some(Runs {
                running,
                ..Runs::default()
            })
        };
        let found = [(Late, false), (Missed, false)];
        assert_eq!(changes(&facts(None, &[])), found);
        let more = [&found[..], &[(TooLong, false), (Failing, false)]].concat();
        assert_eq!(changes(&facts(running(Some(Uuid::nil())), &[])), more);
        let known = facts(None, &[Late, Missed, TooLong]);
        assert_eq!(changes(&known), []);
        let over = facts(running(None), &[Late, Missed, TooLong, Failing]);
        assert_eq!(changes(&over), [(TooLong, true)]);
        assert_eq!(over.evaluate().is_open, [true, true, false, true]);
    }
}
