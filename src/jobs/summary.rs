//! Each job, its last run, and what is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::history::{JobState, JobStates};
use super::outlook::{Clocks, Outlook};
use super::problem::Problem;
use super::record::{RunRecord, name_of};
use super::registered::Registered;
use super::registry::Jobs;
use crate::error::Error;
use crate::time::rfc3339;

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobSummary {
    /// The job.
    pub job_name: String,
    /// The run that began last, by whatever instance.
    pub last_run: Option<RunRecord>,
    /// When the next one is expected; none if at no time, or if the job is not registered here.
    pub expected_at: Option<SystemTime>,
    /// Whether that is longer ago than its grace.
    pub is_late: bool,
    /// How often it failed or was lost since its last success.
    pub failures_in_a_row: u64,
    /// What was reported of it and is not resolved.
    pub problems: Vec<Problem>,
}

impl JobSummary {
    pub(super) fn of(
        standing: JobState,
        registered: Option<&Registered>,
        last_run: Option<RunRecord>,
        problems: Vec<Problem>,
        clocks: Clocks,
    ) -> Self {
        let outlook = registered.and_then(|job| Outlook::of(&job.plan, &standing, clocks));
        Self {
            job_name: standing.job_name,
            last_run,
            expected_at: outlook.map(|outlook| outlook.expected_at),
            is_late: outlook.is_some_and(|outlook| outlook.is_late(clocks.theirs)),
            failures_in_a_row: standing.failures_in_a_row,
            problems,
        }
    }
}

impl Jobs {
    /// Every job that is registered or has run, by name: its last run, when the next is expected, and what is wrong.
    ///
    /// # Errors
    ///
    /// The history's.
    pub async fn summaries(&self) -> Result<Vec<JobSummary>, Error> {
        let history = &self.inner.history;
        let before = SystemTime::now();
        let JobStates { now, jobs, .. } = history.job_states().await?;
        let clocks = Clocks::of(before, now, SystemTime::now());
        let mut standings: BTreeMap<_, _> = jobs
            .into_iter()
            .map(|standing| (standing.job_name.clone(), standing))
            .collect();
        // What is known here may not be registered there yet.
        for name in self.names().into_iter().map(name_of) {
            let standing = JobState::new(name.clone(), now);
            standings.entry(name).or_insert(standing);
        }
        let mut last_runs: HashMap<_, _> = history
            .last_runs()
            .await?
            .into_iter()
            .map(|run| (run.job_name.clone(), run))
            .collect();
        let mut problems = history.problems().await?;
        let overview = standings.into_values().map(|standing| {
            let registered = self.inner.known(&standing.job_name);
            let last_run = last_runs.remove(&standing.job_name);
            let own = problems.extract_if(.., |problem| problem.job_name == standing.job_name);
            let own = own.collect();
            JobSummary::of(standing, registered.as_deref(), last_run, own, clocks)
        });
        Ok(overview.collect())
    }
}

impl Serialize for JobSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("job_name", &self.job_name)?;
        map.serialize_entry("last_run", &self.last_run)?;
        map.serialize_entry("expected_at", &self.expected_at.and_then(rfc3339))?;
        map.serialize_entry("is_late", &self.is_late)?;
        map.serialize_entry("failures_in_a_row", &self.failures_in_a_row)?;
        map.serialize_entry("problems", &self.problems)?;
        map.end()
    }
}
