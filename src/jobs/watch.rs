//! Looks whether jobs are as expected, and tells what is not: once, and once when it is again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::changes::Change;
use super::history::{RunQuery, Standing, Standings};
use super::job::Plan;
use super::keeper::patiently;
use super::problem::{Problem, ProblemKind};
use super::record::{RunRecord, RunStatus};
use super::registered::Registered;
use super::registry::Inner;
use crate::error::Error;
use crate::time::rfc3339;

/// What is wrong now, before it is put into words.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Finding {
    kind: ProblemKind,
    since: SystemTime,
    run: Option<Uuid>,
}

/// When a job is expected, late and missed, if it starts no more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outlook {
    pub(super) expected_at: SystemTime,
    late_from: Option<SystemTime>,
    missed_from: Option<SystemTime>,
}

impl Outlook {
    /// None for a job that is expected at no time.
    pub(super) fn of(plan: &Plan, standing: &Standing) -> Option<Self> {
        let expected_at = match standing.last_start {
            Some(start) => plan.expected_after(start),
            None => plan.next_after(standing.known_since),
        }?;
        let grace = plan.job.grace_period();
        let next = plan.next_after(expected_at);
        Some(Self {
            expected_at,
            late_from: expected_at.checked_add(grace),
            missed_from: next.and_then(|next| next.checked_add(grace)),
        })
    }

    pub(super) fn is_late(&self, now: SystemTime) -> bool {
        self.late_from.is_some_and(|from| now > from)
    }

    fn findings(self, now: SystemTime) -> impl Iterator<Item = Finding> {
        let kinds = [
            (ProblemKind::Late, self.late_from),
            (ProblemKind::Missed, self.missed_from),
        ];
        kinds.into_iter().filter_map(move |(kind, from)| {
            let since = from.filter(|from| now > *from)?;
            Some(Finding {
                kind,
                since,
                run: None,
            })
        })
    }
}

/// For as long as the jobs live. Not before they are settled: right after a start or an outage nobody knows yet what the
/// other instances have not written.
pub(super) async fn watch(jobs: &Inner, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if jobs.is_settled.load(Ordering::Relaxed) {
            // The writer says that the history is down; what was open stays so.
            let _ = look(jobs).await;
        }
    }
}

async fn look(jobs: &Inner) -> Result<(), Error> {
    // What began here is known there before it is judged.
    let flushed = async {
        jobs.queue.flushed().await;
        Ok(())
    };
    patiently(Box::pin(flushed)).await?;
    let Standings { now, jobs: all, .. } = patiently(jobs.history.standings()).await?;
    let reported = patiently(jobs.history.problems()).await?;
    let mut open = Vec::new();
    for job in jobs.all() {
        let name = job.plan.job.name();
        let Some(standing) = all.iter().find(|standing| standing.job_name == name) else {
            continue;
        };
        let outlook = Outlook::of(&job.plan, standing);
        job.stands(
            standing.failures_in_a_row,
            outlook.map(|outlook| outlook.expected_at),
        );
        let findings = findings(jobs, &job, outlook, standing, now);
        for kind in ProblemKind::ALL {
            let found = findings.iter().find(|finding| finding.kind == kind);
            let known = reported
                .iter()
                .find(|problem| problem.job_name == name && problem.kind == kind);
            let is_wrong = match (found, known) {
                (None, Some(problem)) => goes_on(jobs, problem).await?,
                (found, _) => found.is_some(),
            };
            job.is_wrong(kind, is_wrong);
            match (found, known) {
                (_, Some(problem)) if is_wrong => open.push(problem.clone()),
                (_, Some(problem)) => resolve(jobs, problem, now).await?,
                (Some(finding), None) => {
                    let problem = worded(jobs, &job, *finding, standing).await?;
                    report(jobs, &problem, now).await?;
                    open.push(problem);
                }
                (None, None) => {}
            }
        }
    }
    *jobs.problems() = open;
    Ok(())
}

fn findings(
    jobs: &Inner,
    job: &Registered,
    outlook: Option<Outlook>,
    standing: &Standing,
    now: SystemTime,
) -> Vec<Finding> {
    let mut findings: Vec<_> = outlook
        .into_iter()
        .flat_map(|outlook| outlook.findings(now))
        .collect();
    if let Some(max) = job.plan.job.longest()
        && let Some((run, elapsed)) = jobs.longest_run(job.plan.job.name())
        && let Some(over) = elapsed.checked_sub(max)
    {
        findings.push(Finding {
            kind: ProblemKind::TooLong,
            since: now.checked_sub(over).unwrap_or(now),
            run: Some(run),
        });
    }
    let failing_after = job.plan.job.failures().unwrap_or(jobs.failing_after);
    if standing.failures_in_a_row >= u64::from(failing_after) {
        findings.push(Finding {
            kind: ProblemKind::Failing,
            since: now,
            run: None,
        });
    }
    findings
}

/// Whether a run that takes too long is another instance's, and under way.
async fn goes_on(jobs: &Inner, problem: &Problem) -> Result<bool, Error> {
    let (ProblemKind::TooLong, Some(run)) = (problem.kind, problem.run) else {
        return Ok(false);
    };
    let query = RunQuery::new().id(run);
    let runs = patiently(jobs.history.runs(&query)).await?;
    Ok(runs.iter().any(|run| run.status == RunStatus::Running))
}

async fn worded(
    jobs: &Inner,
    job: &Registered,
    finding: Finding,
    standing: &Standing,
) -> Result<Problem, Error> {
    let name = job.plan.job.name();
    let mut run = finding.run;
    let at = |time: Option<SystemTime>| time.and_then(rfc3339).unwrap_or_default();
    let message = match finding.kind {
        ProblemKind::Late | ProblemKind::Missed => {
            let expected = Outlook::of(&job.plan, standing).map(|outlook| outlook.expected_at);
            let last = match standing.last_start {
                Some(start) => format!("it last started at {}", at(Some(start))),
                None => "it has never started".to_owned(),
            };
            format!("expected at {}, and {last}", at(expected))
        }
        ProblemKind::TooLong => {
            let max = job.plan.job.longest().unwrap_or_default();
            format!("a run takes longer than {max:?}")
        }
        ProblemKind::Failing => {
            let times = standing.failures_in_a_row;
            let last = last_failed(jobs, name).await?;
            run = last.as_ref().map(|run| run.id);
            let error = last.and_then(|run| run.error_message);
            let s = if times == 1 { "" } else { "s" };
            let with = error.map_or(String::new(), |error| format!(", the last with: {error}"));
            format!("failed {times} time{s} in a row{with}")
        }
    };
    Ok(Problem::new(
        name,
        finding.kind,
        finding.since,
        run,
        message,
    ))
}

async fn last_failed(jobs: &Inner, job_name: &str) -> Result<Option<RunRecord>, Error> {
    let mut last = Vec::new();
    for status in [RunStatus::Failed, RunStatus::Lost] {
        let query = RunQuery::new().job_name(job_name).status(status).limit(1);
        last.extend(patiently(jobs.history.runs(&query)).await?);
    }
    Ok(last.into_iter().max_by_key(|run| run.finished_at))
}

async fn report(jobs: &Inner, problem: &Problem, seen: SystemTime) -> Result<(), Error> {
    if patiently(jobs.history.report(problem, seen)).await? {
        let Problem {
            job_name: job,
            kind,
            message,
            ..
        } = problem;
        tracing::warn!(job, problem = %kind, message, "a job is not as expected");
        jobs.tell(problem, false);
    }
    Ok(())
}

async fn resolve(jobs: &Inner, problem: &Problem, seen: SystemTime) -> Result<(), Error> {
    if patiently(jobs.history.resolve(problem, seen)).await? {
        let job = &problem.job_name;
        tracing::info!(job, problem = %problem.kind, "a job is as expected again");
        jobs.tell(problem, true);
    }
    Ok(())
}

impl Inner {
    /// An error is that nobody listens.
    fn tell(&self, problem: &Problem, is_resolved: bool) {
        let problem = problem.clone();
        let _ = self.changes.send(Change {
            problem,
            is_resolved,
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Job;
    use std::time::UNIX_EPOCH;

    fn minute(minute: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(minute)
    }

    fn kinds(last_start: Option<u64>, now: u64) -> Vec<ProblemKind> {
        const HOURLY: Job = Job::named("hourly")
            .every(Duration::from_hours(1))
            .grace(Duration::from_mins(5));
        let mut standing = Standing::new("hourly", minute(10));
        standing.last_start = last_start.map(minute);
        let outlook = Outlook::of(&HOURLY.plan().unwrap(), &standing).unwrap();
        let findings = outlook.findings(minute(now));
        findings.map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_job_is_late_after_its_grace_and_missed_an_interval_later() {
        use ProblemKind::{Late, Missed};
        // Known since 10, expected at 70 and 130.
        assert_eq!(kinds(None, 75), []);
        assert_eq!(kinds(None, 76), [Late]);
        assert_eq!(kinds(None, 135), [Late]);
        assert_eq!(kinds(None, 136), [Late, Missed]);
        // Started at 30, expected at 90 and 150.
        assert_eq!(kinds(Some(30), 95), []);
        assert_eq!(kinds(Some(30), 156), [Late, Missed]);
    }

    #[test]
    fn a_job_without_a_schedule_is_never_late() {
        let plan = Job::named("asked").plan().unwrap();
        assert_eq!(Outlook::of(&plan, &Standing::new("asked", minute(0))), None);
    }
}
