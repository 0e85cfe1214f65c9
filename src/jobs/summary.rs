use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use serde::Serialize;

use super::due::{Clocks, Due};
use super::history::{JobState, JobStates};
use super::problem::Problem;
use super::run_record::RunRecord;
use super::state::State;
use super::store_call::with_timeout;
use crate::error::Error;
use crate::time::serialize_rfc3339;

/// A job, its last run and its problems.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JobSummary {
    /// The name of the job.
    pub job_name: String,
    /// The run that began last, on any instance.
    pub last_run: Option<RunRecord>,
    /// The next expected start; `None` if the job has no schedule or is not registered here.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub expected_at: Option<SystemTime>,
    /// Whether the expected start and its grace have passed.
    pub is_late: bool,
    /// The number of failed or lost runs since the last success.
    pub failures_in_a_row: u64,
    /// The open problems.
    pub problems: Vec<Problem>,
}

/// Summarizes every job that is registered or has run, by name.
pub(super) async fn summaries(state: &State) -> Result<Vec<JobSummary>, Error> {
    let history = &state.history;
    let before = SystemTime::now();
    let JobStates { now, jobs, .. } = with_timeout(|| history.job_states()).await?;
    let clocks = Clocks {
        before,
        history: now,
        after: SystemTime::now(),
    };
    let clock_steps = state.clock_steps(clocks);
    let jobs = jobs.into_iter();
    let mut jobs: BTreeMap<_, _> = jobs.map(|job| (job.job_name.clone(), job)).collect();
    // Jobs that are registered here may not be in the history yet.
    for entry in state.registry.all() {
        let name = entry.stored_name.clone();
        let job_state = JobState::new(name.clone(), now);
        jobs.entry(name).or_insert(job_state);
    }
    let last_runs = with_timeout(|| history.last_runs()).await?.into_iter();
    let mut last_runs: HashMap<_, _> = last_runs.map(|run| (run.job_name.clone(), run)).collect();
    let mut problems = with_timeout(|| history.problems()).await?;
    let mut summaries = Vec::with_capacity(jobs.len());
    for job in jobs.into_values() {
        let mut due = None;
        if let Some(entry) = state.registry.get(&job.job_name) {
            let is_under_way = state.is_under_way(&entry).await?;
            let job = clock_steps.translate(&entry.schedule, &job);
            due = Due::of(&entry.schedule, &job, is_under_way, clocks);
        }
        let own = problems.extract_if(.., |problem| problem.job_name == job.job_name);
        summaries.push(JobSummary {
            problems: own.collect(),
            last_run: last_runs.remove(&job.job_name),
            expected_at: due.map(|due| due.expected_at),
            is_late: due.is_some_and(|due| due.is_late(now)),
            failures_in_a_row: job.failures_in_a_row,
            job_name: job.job_name,
        });
    }
    Ok(summaries)
}
