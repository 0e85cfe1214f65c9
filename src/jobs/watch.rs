//! Looks whether jobs are as expected, and tells what is not: once, and once when it is again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::ask::{Outage, patiently, register};
use super::changes::ProblemChange;
use super::history::{JobState, JobStates, Registration, RunQuery};
use super::outlook::{Clocks, Outlook};
use super::problem::{Problem, ProblemKind};
use super::record::{RunRecord, RunStatus, name_of};
use super::registered::Registered;
use super::registry::{Inner, LongRun};
use crate::error::Error;
use crate::time::rfc3339;

/// A job that no instance has said to have for so long is gone, and so is what was wrong with it.
const GONE_AFTER: Duration = Duration::from_hours(24);

/// Runs of a job that take too long, of which it is asked whether the history has them as running: those that were lost and
/// go on it has not.
const MOST_ASKED_FOR: usize = 100;

/// What the history may or may not have been told, for it did not answer: asked again, with when it was seen.
type Unsure = Vec<(ProblemChange, SystemTime)>;

/// For as long as the jobs live. Not before they are settled: right after a start or an outage nobody knows yet what the
/// other instances have not written.
pub(super) async fn watch(jobs: &Inner, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut unsure, mut outage) = (Vec::new(), Outage::of("tell how jobs stand"));
    loop {
        ticks.tick().await;
        let is_settled = jobs.is_settled.load(Ordering::Relaxed);
        // What was open stays so while the history is down.
        if !is_settled || outage.tell(look(jobs, &mut unsure).await).is_err() {
            without_history(jobs);
        }
    }
}

/// What takes too long is known without the history.
fn without_history(jobs: &Inner) {
    let long_runs = jobs.long_runs();
    for job in jobs.all() {
        let name = job.plan.job.name();
        let is_open =
            |open: &Problem| open.kind == ProblemKind::TooLong && open.job_name == name_of(name);
        let is_wrong = long_runs.contains_key(name) || jobs.problems().iter().any(is_open);
        job.is_wrong(ProblemKind::TooLong, is_wrong);
    }
}

/// Starts that no run will tell the history of are told so, for all instances judge by the same.
async fn tell_of_dropped_starts(jobs: &Inner, own: &[Arc<Registered>]) -> Result<(), Error> {
    let dropped = own
        .iter()
        .filter_map(|job| Some((job, job.dropped_start()?)));
    let dropped: Vec<_> = dropped.collect();
    if dropped.is_empty() {
        return Ok(());
    }
    // Jobs that were not registered may have one name there.
    let mut last: BTreeMap<String, SystemTime> = BTreeMap::new();
    for (job, start) in &dropped {
        let known = last.entry(name_of(job.plan.job.name())).or_insert(*start);
        *known = (*known).max(*start);
    }
    let starts = last.into_iter();
    let starts = starts.map(|(name, start)| Registration::new(name, None).last_start(start));
    let starts: Vec<_> = starts.collect();
    register(&*jobs.history, &starts).await?;
    for (job, start) in dropped {
        job.has_told(start);
    }
    Ok(())
}

async fn look(jobs: &Inner, unsure: &mut Unsure) -> Result<(), Error> {
    let own = jobs.all();
    tell_of_dropped_starts(jobs, &own).await?;
    let long_runs = jobs.long_runs();
    // What began here is known there before it is judged.
    let flushed = async {
        jobs.queue.flushed().await;
        Ok(())
    };
    patiently(|| Box::pin(flushed)).await?;
    let mut again = std::mem::take(unsure).into_iter();
    while let Some((change, seen)) = again.next() {
        if let Err(error) = tell(jobs, change, seen, unsure).await {
            unsure.extend(again);
            return Err(error);
        }
    }
    let before = SystemTime::now();
    let JobStates { now, jobs: all, .. } = patiently(|| jobs.history.job_states()).await?;
    let clocks = Clocks::of(before, now, SystemTime::now());
    let known = patiently(|| jobs.history.problems()).await?;
    let mut open = Vec::new();
    let mut outcome = Ok(());
    for job in &own {
        let name = name_of(job.plan.job.name());
        let known: Vec<_> = known.iter().filter(|one| one.job_name == name).collect();
        let Some(standing) = all.iter().find(|standing| standing.job_name == name) else {
            continue;
        };
        let mut look = Look {
            jobs,
            job,
            standing,
            clocks,
            long_runs: long_runs.get(job.plan.job.name()).map_or(&[], |runs| runs),
            unsure,
        };
        // Once the history is down nobody waits for it again, and what was open stays so.
        if outcome.is_ok() {
            match look.at(&known).await {
                Ok(found) => {
                    open.extend(found);
                    continue;
                }
                Err(error) => outcome = Err(error),
            }
        }
        open.extend(known.into_iter().cloned());
    }
    *jobs.problems() = open;
    outcome?;
    let is_gone = |standing: &JobState| {
        let is_own = |job: &Arc<Registered>| name_of(job.plan.job.name()) == standing.job_name;
        let last_said = standing.registered_at.unwrap_or(standing.known_since);
        let is_long_ago = now
            .duration_since(last_said)
            .is_ok_and(|ago| ago > GONE_AFTER);
        is_long_ago && !own.iter().any(is_own)
    };
    for standing in all.iter().filter(|standing| is_gone(standing)) {
        for problem in known.iter().filter(|one| one.job_name == standing.job_name) {
            tell(jobs, ProblemChange::end(problem), now, unsure).await?;
        }
    }
    Ok(())
}

/// One look at one job.
struct Look<'a> {
    jobs: &'a Inner,
    job: &'a Registered,
    standing: &'a JobState,
    clocks: Clocks,
    /// The longest first.
    long_runs: &'a [LongRun],
    unsure: &'a mut Unsure,
}

impl Look<'_> {
    /// What is wrong now, of which this much is known already.
    async fn at(&mut self, known: &[&Problem]) -> Result<Vec<Problem>, Error> {
        let outlook = Outlook::of(&self.job.plan, self.standing, self.clocks);
        let expected_at = outlook.map(|outlook| outlook.expected_at);
        self.job
            .stands(self.standing.failures_in_a_row, expected_at);
        let mut open = Vec::new();
        for kind in ProblemKind::ALL {
            if let Some(problem) = known.iter().find(|problem| problem.kind == kind) {
                if self.goes_on(problem).await? {
                    self.job.is_wrong(kind, true);
                    open.push((*problem).clone());
                    continue;
                }
                self.job.is_wrong(kind, self.is_here_alone(kind));
                let change = ProblemChange::end(problem);
                tell(self.jobs, change, self.clocks.theirs, self.unsure).await?;
                // Whether it is wrong again is found by the next look.
                continue;
            }
            let found = self.find(kind, outlook).await?;
            self.job
                .is_wrong(kind, found.is_some() || self.is_here_alone(kind));
            if let Some(problem) = found {
                open.push(problem.clone());
                let change = ProblemChange::begin(problem);
                tell(self.jobs, change, self.clocks.theirs, self.unsure).await?;
            }
        }
        Ok(open)
    }

    /// A run that the history will not know takes too long for nobody but this instance's metric.
    fn is_here_alone(&self, kind: ProblemKind) -> bool {
        kind == ProblemKind::TooLong && self.long_runs.iter().any(|run| !run.is_told)
    }

    /// By what has happened since, and not by what this instance expects: another may expect another thing. Another
    /// schedule is among what happens.
    async fn goes_on(&self, problem: &Problem) -> Result<bool, Error> {
        match problem.kind {
            ProblemKind::Late | ProblemKind::Missed => {
                let is_of_this_schedule = self.standing.known_since <= problem.since;
                Ok(is_of_this_schedule && self.standing.last_start <= problem.last_start)
            }
            ProblemKind::Failing => Ok(self.standing.success_epoch <= problem.success_epoch),
            ProblemKind::TooLong => match problem.run {
                Some(run) => self.is_running(run).await,
                None => Ok(false),
            },
        }
    }

    /// In the eyes of all: a run that was lost here and there is lost, even if it goes on.
    async fn is_running(&self, run: Uuid) -> Result<bool, Error> {
        let query = RunQuery::new().id(run);
        let runs = patiently(|| self.jobs.history.runs(&query)).await?;
        Ok(runs.iter().any(|run| run.status == RunStatus::Running))
    }

    /// Of those that take too long.
    async fn longest_run(&self) -> Result<Option<&LongRun>, Error> {
        let told = self.long_runs.iter().filter(|run| run.is_told);
        for run in told.take(MOST_ASKED_FOR) {
            if self.is_running(run.id).await? {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    async fn find(
        &self,
        kind: ProblemKind,
        outlook: Option<Outlook>,
    ) -> Result<Option<Problem>, Error> {
        let (since, run, message) = match kind {
            ProblemKind::Late | ProblemKind::Missed => {
                let from = |outlook: Outlook| match kind {
                    ProblemKind::Late => outlook.late_from,
                    _ => outlook.missed_from,
                };
                let now = self.clocks.theirs;
                let Some(since) = outlook.and_then(from).filter(|from| now > *from) else {
                    return Ok(None);
                };
                (since, None, self.expected(outlook))
            }
            ProblemKind::TooLong => {
                let (Some(run), Some(max)) =
                    (self.longest_run().await?, self.job.plan.job.longest())
                else {
                    return Ok(None);
                };
                let now = self.clocks.theirs;
                let since = now.checked_sub(run.over).unwrap_or(now);
                let message = format!("a run takes longer than {max:?}");
                (since, Some(run.id), message)
            }
            ProblemKind::Failing => {
                let failures = self.job.plan.job.failures();
                let failing_after = failures.unwrap_or(self.jobs.failing_after);
                if self.standing.failures_in_a_row < u64::from(failing_after) {
                    return Ok(None);
                }
                let last = self.last_failed().await?;
                let run = last.as_ref().map(|run| run.id);
                (self.clocks.theirs, run, self.failed(last))
            }
        };
        let mut problem = Problem::new(&self.standing.job_name, kind, since, message);
        problem.run = run;
        problem.last_start = self.standing.last_start;
        problem.success_epoch = self.standing.success_epoch;
        Ok(Some(problem))
    }

    fn expected(&self, outlook: Option<Outlook>) -> String {
        let shown = |time: Option<SystemTime>| time.and_then(rfc3339).unwrap_or_default();
        let expected = shown(outlook.map(|outlook| outlook.expected_at));
        match self.standing.last_start {
            None => format!("expected at {expected}, and it has never started"),
            start => format!(
                "expected at {expected}, and it last started at {}",
                shown(start)
            ),
        }
    }

    fn failed(&self, last: Option<RunRecord>) -> String {
        let times = self.standing.failures_in_a_row;
        let s = if times == 1 { "" } else { "s" };
        let error = last.and_then(|run| run.error_message);
        let with = error.map_or(String::new(), |error| format!(", the last with: {error}"));
        format!("failed {times} time{s} in a row{with}")
    }

    async fn last_failed(&self) -> Result<Option<RunRecord>, Error> {
        let mut last = Vec::new();
        for status in [RunStatus::Failed, RunStatus::Lost] {
            let query = RunQuery::new().job_name(&self.standing.job_name);
            let query = query.status(status).limit(1);
            last.extend(patiently(|| self.jobs.history.runs(&query)).await?);
        }
        Ok(last.into_iter().max_by_key(|run| run.finished_at))
    }
}

/// Tells the history, and if that is news all others.
async fn tell(
    jobs: &Inner,
    change: ProblemChange,
    seen: SystemTime,
    unsure: &mut Unsure,
) -> Result<(), Error> {
    let problem = &change.problem;
    let told = if change.is_resolved {
        patiently(|| jobs.history.resolve(problem, jobs.id)).await
    } else {
        patiently(|| jobs.history.report(problem, seen)).await
    };
    match told {
        Ok(true) => jobs.publish(change),
        Ok(false) => {}
        Err(error) => {
            unsure.push((change, seen));
            return Err(error);
        }
    }
    Ok(())
}

impl Inner {
    fn publish(&self, change: ProblemChange) {
        let (job, kind) = (&*change.problem.job_name, change.problem.kind);
        if change.is_resolved {
            tracing::info!(job, problem = %kind, "a job is as expected again");
        } else {
            let detail = &change.problem.message;
            tracing::warn!(job, problem = %kind, detail, "a job is not as expected");
        }
        // An error is that nobody listens.
        let _ = self.changes.send(change);
    }

    /// The jobs that are known here, by name.
    fn all(&self) -> Vec<Arc<Registered>> {
        let names = self.names();
        names
            .into_iter()
            .filter_map(|name| self.known(name))
            .collect()
    }
}
