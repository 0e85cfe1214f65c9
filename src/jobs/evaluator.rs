//! `Evaluator`: compares jobs with their expectations, and reports each problem once when it begins and once when it ends.
//!
//! Each pass reads everything first, then evaluates each job, and then writes gauges and reports.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Interval;

use super::due::Clocks;
use super::evaluation::{Evaluation, Facts, Runs};
use super::history::{JobStates, RunQuery};
use super::problem::{Problem, ProblemKind};
use super::problem_changes::ProblemChange;
use super::run_record::RunRecord;
use super::run_status::RunStatus;
use super::state::{LongRuns, State};
use super::store_call::{OutageLog, retry, with_timeout};
use crate::error::Error;

/// The problems of a job are resolved when no instance has registered it for this long.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The most long runs of a job whose status is read from the history.
const MAX_STATUS_QUERIES: usize = 100;

pub(super) struct Evaluator {
    state: Arc<State>,
    is_stable: watch::Receiver<bool>,
    /// Changes that the history may not have received. They are sent again, with the time of their finding.
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
        let state = Arc::clone(&self.state);
        let outages = OutageLog::new(&state.contact, "track problems");
        loop {
            ticks.tick().await;
            // A recorder may have been installed since.
            state.registry.register_counters();
            state.contact.record();
            let is_stable = *self.is_stable.borrow();
            if !is_stable || outages.log(self.evaluate_all().await).is_err() {
                record_long_runs(&self.state);
            }
        }
    }

    async fn evaluate_all(&mut self) -> Result<(), Error> {
        let long_runs = self.state.flush_starts().await?;
        self.report_unconfirmed().await?;
        let (now, mut facts, abandoned) = read(&self.state, &long_runs).await?;
        let read = read_runs(&self.state, &mut facts).await;
        let evaluations: Vec<_> = facts.iter().map(Facts::evaluate).collect();
        for (facts, evaluation) in facts.iter().zip(&evaluations) {
            record(facts, evaluation);
        }
        let (mut open, mut changes) = (Vec::new(), abandoned);
        for evaluation in evaluations {
            open.extend(evaluation.open);
            changes.extend(evaluation.changes);
        }
        let changes = changes.into_iter().map(|change| (change, now));
        self.unconfirmed.extend(changes);
        let reported = self.report_unconfirmed().await;
        if reported.is_err() {
            // Known problems stay open meanwhile.
            open = facts.into_iter().flat_map(|facts| facts.known).collect();
        }
        *self.state.problems.lock() = open;
        read.and(reported)?;
        self.state.contact.judged();
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

/// Restores gauges and problems from the history once it can be read, because the first evaluation is later.
pub(super) async fn restore(state: Arc<State>, mut is_prepared: watch::Receiver<bool>) {
    if is_prepared.wait_for(|it| *it).await.is_err() {
        return;
    }
    let read_all = async || {
        let (_, mut all, _) = read(&state, &LongRuns::new()).await?;
        read_runs(&state, &mut all).await?;
        Ok(all)
    };
    let mut open = Vec::new();
    for facts in &retry(&OutageLog::new(&state.contact, "be read"), || {
        Box::pin(read_all())
    })
    .await
    {
        let evaluation = facts.restore();
        record(facts, &evaluation);
        open.extend(evaluation.open);
    }
    *state.problems.lock() = open;
}

fn record(facts: &Facts, evaluation: &Evaluation) {
    let (due, is_open) = (evaluation.due, evaluation.is_open);
    facts.entry.record_state(&facts.job_state, due, is_open);
}

/// Returns the history's time, what it knows of each job, and the ends of problems of jobs that no instance has any more.
async fn read(
    state: &State,
    long_runs: &LongRuns,
) -> Result<(SystemTime, Vec<Facts>, Vec<ProblemChange>), Error> {
    let history = &state.history;
    let before = SystemTime::now();
    let JobStates { now, jobs, .. } = with_timeout(|| history.job_states()).await?;
    let clocks = Clocks {
        before,
        history: now,
        after: SystemTime::now(),
    };
    // Before the next call, because all clocks of a reading are read at the same moment.
    let clock_steps = state.clock_steps(clocks);
    let known = with_timeout(|| history.problems()).await?;
    let entries = state.registry.all();
    let facts = entries.iter().filter_map(|entry| {
        let is_own = |problem: &&Problem| problem.job_name == entry.stored_name;
        let job_state = (jobs.iter()).find(|job| job.job_name == entry.stored_name);
        let failing_after = entry.job.failing_after;
        Some(Facts {
            entry: Arc::clone(entry),
            job_state: job_state?.clone(),
            clocks,
            clock_steps: clock_steps.clone(),
            failing_after: failing_after.unwrap_or(state.failing_after),
            known: known.iter().filter(is_own).cloned().collect(),
            long_runs: (long_runs.get(entry.job.name()).cloned()).unwrap_or_default(),
            runs: None,
        })
    });
    let facts = facts.collect();
    let is_abandoned = |problem: &Problem| {
        let has_entry = (entries.iter()).any(|entry| entry.stored_name == problem.job_name);
        let job = (jobs.iter()).find(|job| job.job_name == problem.job_name);
        let registered_at = job.map(|job| job.registered_at.unwrap_or(job.known_since));
        let age = registered_at.and_then(|at| now.duration_since(at).ok());
        !has_entry && age.is_some_and(|age| age > ABANDONED_AFTER)
    };
    let abandoned = known.iter().filter(|problem| is_abandoned(problem));
    let abandoned = abandoned.map(|problem| ProblemChange {
        problem: problem.clone(),
        is_resolved: true,
    });
    Ok((now, facts, abandoned.collect()))
}

/// Stops at the first failure.
async fn read_runs(state: &State, all: &mut [Facts]) -> Result<(), Error> {
    for facts in all {
        facts.runs = Some(runs_of(state, facts).await?);
    }
    Ok(())
}

async fn runs_of(state: &State, facts: &Facts) -> Result<Runs, Error> {
    let mut known = Runs {
        is_under_way: state.is_under_way(&facts.entry).await?,
        ..Runs::default()
    };
    let told = facts.long_runs.iter().filter(|run| run.is_told);
    let suspects: Vec<_> = match facts.known(ProblemKind::TooLong) {
        Some(problem) => problem.run.into_iter().collect(),
        None => told.map(|run| run.id).take(MAX_STATUS_QUERIES).collect(),
    };
    for id in suspects {
        // By the history: a run that was marked lost is not running, even if its work continues here.
        let found = runs(state, RunQuery::new().id(id)).await?;
        if found.iter().any(|run| run.status == RunStatus::Running) {
            known.running = Some(id);
            break;
        }
    }
    if facts.is_failing() && facts.known(ProblemKind::Failing).is_none() {
        let mut last = Vec::new();
        for status in [RunStatus::Failed, RunStatus::Lost] {
            let query = RunQuery::new().job_name(&facts.job_state.job_name);
            last.extend(runs(state, query.status(status).limit(1)).await?);
        }
        known.last_failure = last.into_iter().max_by_key(|run| run.finished_at);
    }
    Ok(known)
}

async fn runs(state: &State, query: RunQuery) -> Result<Vec<RunRecord>, Error> {
    with_timeout(|| state.history.runs(&query)).await
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
