//! `Evaluator`: compares jobs with their expectations, and reports each problem once when it begins and once when it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Interval;
use uuid::Uuid;

use super::due::{Clocks, Due};
use super::history::{JobState, Registration, RunQuery};
use super::job_entry::JobEntry;
use super::problem::{Problem, ProblemKind};
use super::problem_changes::ProblemChange;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::state::{LongRun, State};
use super::store_call::{OutageLog, read, register, with_timeout};
use crate::error::Error;
use crate::time::rfc3339;

/// The problems of a job are resolved when no instance has registered it for this long.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The most long runs of a job whose status is read from the history.
const MAX_STATUS_QUERIES: usize = 100;

pub(super) struct Evaluator {
    state: Arc<State>,
    is_stable: watch::Receiver<bool>,
    /// Reports that the history may or may not have received. They are sent again, with the time of their finding.
    unconfirmed: Vec<(ProblemChange, SystemTime)>,
}

impl Evaluator {
    pub(super) fn new(state: Arc<State>, is_stable: watch::Receiver<bool>) -> Self {
        Self {
            state,
            is_stable,
            unconfirmed: Vec::new(),
        }
    }

    /// Right after a start or an outage other instances may not have written their events yet, so the history is only
    /// consulted while it is stable. Open problems stay open meanwhile.
    pub(super) async fn run(&mut self, mut ticks: Interval) {
        let outages = OutageLog::new("track problems");
        loop {
            ticks.tick().await;
            let is_stable = *self.is_stable.borrow();
            if !is_stable || outages.log(self.evaluate_all().await).is_err() {
                record_long_runs(&self.state);
            }
        }
    }

    async fn evaluate_all(&mut self) -> Result<(), Error> {
        let state = Arc::clone(&self.state);
        let entries = state.registry.all();
        register_untold_starts(&state, &entries).await?;
        let long_runs = state.long_runs();
        // The history has to know the starts on this instance before they are evaluated.
        let flushed = async {
            state.queue.flushed().await;
            Ok(())
        };
        with_timeout(|| Box::pin(flushed)).await?;
        self.report_unconfirmed().await?;
        let (clocks, jobs, known) = read(&*state.history).await?;
        let (mut open, mut outcome) = (Vec::new(), Ok(()));
        for entry in &entries {
            let is_own = |problem: &&Problem| problem.job_name == entry.stored_name;
            let known: Vec<_> = known.iter().filter(is_own).collect();
            let job_state = jobs.iter().find(|job| job.job_name == entry.stored_name);
            let Some(job_state) = job_state else {
                continue;
            };
            // After a failure the history is not called again, and known problems stay open.
            if outcome.is_ok() {
                let mut evaluation = Evaluation {
                    evaluator: self,
                    entry,
                    job_state,
                    clocks,
                    long_runs: long_runs.get(entry.job.name()).map_or(&[], |runs| runs),
                };
                match evaluation.evaluate(&known).await {
                    Ok(problems) => {
                        open.extend(problems);
                        continue;
                    }
                    Err(error) => outcome = Err(error),
                }
            }
            open.extend(known.into_iter().cloned());
        }
        *state.problems.lock() = open;
        outcome?;
        for problem in known {
            let mut jobs = jobs.iter();
            let job = jobs.find(|job| job.job_name == problem.job_name);
            if job.is_some_and(|job| is_abandoned(job, clocks.history, &entries)) {
                let change = ProblemChange::end(&problem);
                self.report(change, clocks.history).await?;
            }
        }
        Ok(())
    }

    async fn report_unconfirmed(&mut self) -> Result<(), Error> {
        let mut reports = std::mem::take(&mut self.unconfirmed).into_iter();
        while let Some((change, seen)) = reports.next() {
            if let Err(error) = self.report(change, seen).await {
                self.unconfirmed.extend(reports);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reports a change to the history, and publishes it if no other instance has reported it before.
    async fn report(&mut self, change: ProblemChange, seen: SystemTime) -> Result<(), Error> {
        let (history, problem) = (&self.state.history, &change.problem);
        let is_news = if change.is_resolved {
            with_timeout(|| history.resolve(problem, self.state.id)).await
        } else {
            with_timeout(|| history.report(problem, seen)).await
        };
        match is_news {
            Ok(true) => publish(&self.state, change),
            Ok(false) => {}
            Err(_) => self.unconfirmed.push((change, seen)),
        }
        is_news.map(drop)
    }
}

fn publish(state: &State, change: ProblemChange) {
    let (job, kind) = (&*change.problem.job_name, change.problem.kind);
    if change.is_resolved {
        tracing::info!(job, problem = %kind, "the problem of a job is resolved");
    } else {
        let detail = &change.problem.message;
        tracing::warn!(job, problem = %kind, detail, "a job has a problem");
    }
    // Sending fails if nobody has subscribed.
    let _ = state.changes.send(change);
}

/// Long runs are known without the history.
fn record_long_runs(state: &State) {
    let long_runs = state.long_runs();
    for entry in state.registry.all() {
        let is_known = state.problems.lock().iter().any(|problem| {
            problem.kind == ProblemKind::TooLong && problem.job_name == entry.stored_name
        });
        let is_open = is_known || long_runs.contains_key(entry.job.name());
        entry.record_problem(ProblemKind::TooLong, is_open);
    }
}

/// Registers starts that were dropped from the queue, so that all instances evaluate the same data.
async fn register_untold_starts(state: &State, entries: &[Arc<JobEntry>]) -> Result<(), Error> {
    let untold = entries.iter();
    let untold = untold.filter_map(|entry| Some((entry, entry.untold_start()?)));
    let untold: Vec<_> = untold.collect();
    if untold.is_empty() {
        return Ok(());
    }
    // Several unregistered jobs can have one name in the history.
    let mut last: BTreeMap<&str, SystemTime> = BTreeMap::new();
    for (entry, start) in &untold {
        let known = last.entry(&entry.stored_name).or_insert(*start);
        *known = (*known).max(*start);
    }
    let starts = last.into_iter();
    let starts = starts.map(|(name, start)| Registration::new(name, None).last_start(start));
    let starts: Vec<_> = starts.collect();
    register(&*state.history, &starts).await?;
    for (entry, start) in untold {
        entry.mark_told(start);
    }
    Ok(())
}

fn is_abandoned(job: &JobState, now: SystemTime, entries: &[Arc<JobEntry>]) -> bool {
    let last_registered = job.registered_at.unwrap_or(job.known_since);
    let age = now.duration_since(last_registered);
    age.is_ok_and(|age| age > ABANDONED_AFTER)
        && !entries
            .iter()
            .any(|entry| entry.stored_name == job.job_name)
}

/// The evaluation of one job.
struct Evaluation<'a> {
    evaluator: &'a mut Evaluator,
    entry: &'a JobEntry,
    job_state: &'a JobState,
    clocks: Clocks,
    /// The longest first.
    long_runs: &'a [LongRun],
}

impl Evaluation<'_> {
    /// Returns the problems that are open now. `known` are those that were open in the history.
    async fn evaluate(&mut self, known: &[&Problem]) -> Result<Vec<Problem>, Error> {
        let mut changes = Vec::new();
        let open = self.find_changes(known, &mut changes).await;
        // Changes that were found before a failure are reported too.
        for change in changes {
            self.evaluator.report(change, self.clocks.history).await?;
        }
        open
    }

    async fn find_changes(
        &self,
        known: &[&Problem],
        changes: &mut Vec<ProblemChange>,
    ) -> Result<Vec<Problem>, Error> {
        let due = Due::of(&self.entry.schedule, self.job_state, self.clocks);
        self.entry.record_state(self.job_state, due);
        let mut open = Vec::new();
        for kind in ProblemKind::ALL {
            let known = known.iter().find(|problem| problem.kind == kind);
            let (problem, change) = match known {
                Some(problem) if self.persists(problem).await? => (Some((*problem).clone()), None),
                // If it has begun again, the next evaluation finds it.
                Some(problem) => (None, Some(ProblemChange::end(problem))),
                None => {
                    let found = self.find(kind, due).await?;
                    (found.clone(), found.map(ProblemChange::begin))
                }
            };
            let is_open = problem.is_some() || self.is_untold(kind);
            self.entry.record_problem(kind, is_open);
            open.extend(problem);
            changes.extend(change);
        }
        Ok(open)
    }

    /// A long run that is unknown to the history shows only in this instance's metric.
    fn is_untold(&self, kind: ProblemKind) -> bool {
        kind == ProblemKind::TooLong && self.long_runs.iter().any(|run| !run.is_told)
    }

    /// Whether a known problem is still open. This depends only on later events (a changed schedule is one), because the
    /// expectations of instances may differ.
    async fn persists(&self, problem: &Problem) -> Result<bool, Error> {
        match problem.kind {
            ProblemKind::Late | ProblemKind::Missed => {
                let is_of_this_schedule = self.job_state.known_since <= problem.since;
                Ok(is_of_this_schedule && self.job_state.last_start <= problem.last_start)
            }
            ProblemKind::Failing => Ok(self.job_state.success_epoch <= problem.success_epoch),
            ProblemKind::TooLong => match problem.run {
                Some(run) => self.is_running(run).await,
                None => Ok(false),
            },
        }
    }

    /// By the history: a run that was marked lost is not running, even if its work continues here.
    async fn is_running(&self, run: Uuid) -> Result<bool, Error> {
        let runs = self.runs(RunQuery::new().id(run)).await?;
        Ok(runs.iter().any(|run| run.status == RunStatus::Running))
    }

    async fn runs(&self, query: RunQuery) -> Result<Vec<RunRecord>, Error> {
        with_timeout(|| self.evaluator.state.history.runs(&query)).await
    }

    async fn find(&self, kind: ProblemKind, due: Option<Due>) -> Result<Option<Problem>, Error> {
        match kind {
            ProblemKind::Late | ProblemKind::Missed => Ok(self.overdue(kind, due)),
            ProblemKind::TooLong => self.too_long().await,
            ProblemKind::Failing => self.failing().await,
        }
    }

    fn overdue(&self, kind: ProblemKind, due: Option<Due>) -> Option<Problem> {
        let due = due?;
        let since = match kind {
            ProblemKind::Late => due.late_from,
            _ => due.missed_from,
        };
        let since = since.filter(|from| self.clocks.history > *from)?;
        let text = |time| rfc3339(time).unwrap_or_default();
        let expected = text(due.expected_at);
        let message = match self.job_state.last_start {
            None => format!("expected at {expected}; never started"),
            Some(start) => format!("expected at {expected}; last started at {}", text(start)),
        };
        Some(self.problem(kind, since, None, message))
    }

    async fn too_long(&self) -> Result<Option<Problem>, Error> {
        let Some(max) = self.entry.job.max_runtime else {
            return Ok(None);
        };
        let told = self.long_runs.iter().filter(|run| run.is_told);
        for run in told.take(MAX_STATUS_QUERIES) {
            if self.is_running(run.id).await? {
                let now = self.clocks.history;
                let since = now.checked_sub(run.excess).unwrap_or(now);
                let message = format!("a run has taken longer than {max:?}");
                let problem = self.problem(ProblemKind::TooLong, since, Some(run.id), message);
                return Ok(Some(problem));
            }
        }
        Ok(None)
    }

    async fn failing(&self) -> Result<Option<Problem>, Error> {
        let failures = self.job_state.failures_in_a_row;
        let failing_after = self.entry.job.failing_after;
        let failing_after = failing_after.unwrap_or(self.evaluator.state.failing_after);
        if failures < u64::from(failing_after) {
            return Ok(None);
        }
        let mut last = Vec::new();
        for status in [RunStatus::Failed, RunStatus::Lost] {
            let query = RunQuery::new().job_name(&self.job_state.job_name);
            last.extend(self.runs(query.status(status).limit(1)).await?);
        }
        let last = last.into_iter().max_by_key(|run| run.finished_at);
        let run = last.as_ref().map(|run| run.id);
        let s = if failures == 1 { "" } else { "s" };
        let mut message = format!("failed {failures} time{s} in a row");
        if let Some(error) = last.and_then(|run| run.error_message) {
            message.push_str("; last error: ");
            message.push_str(&error);
        }
        let now = self.clocks.history;
        Ok(Some(self.problem(ProblemKind::Failing, now, run, message)))
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
