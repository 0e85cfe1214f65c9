//! `Mirror`: a copy of the present state of a history, for a new file.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use sqlx::Pool;
use uuid::Uuid;

use super::dialect::Dialect;
use super::{job_states, problems, runs};
use crate::jobs::history::{JobState, JobStates, Registration, StateDelta};
use crate::jobs::{Problem, RunRecord, RunStatus};

/// The states of jobs, the open problems, and the jobs and running runs of this process. Ended runs are not kept.
#[derive(Debug, Default)]
pub(super) struct Mirror(Mutex<Present>);

#[derive(Debug, Clone, Default)]
struct Present {
    /// By job, with the last known schedule.
    registered: BTreeMap<String, Registration>,
    states: BTreeMap<String, JobState>,
    running: BTreeMap<Uuid, RunRecord>,
    lease: Duration,
    problems: Vec<Problem>,
}

impl Present {
    fn apply(&mut self, deltas: BTreeMap<&str, StateDelta>) {
        let now = SystemTime::now();
        for (name, delta) in deltas {
            let state = self.states.entry(name.to_owned());
            let state = state.or_insert_with(|| JobState::new(name, now));
            state.apply(&delta, now);
        }
    }
}

impl Mirror {
    pub(super) fn registered(&self, jobs: &[Registration]) {
        let mut present = self.0.lock();
        for job in jobs {
            let schedule = job.schedule.clone();
            let known = present.registered.entry(job.job_name.clone());
            let known = known.or_insert_with(|| Registration::new(&job.job_name, None));
            known.schedule = schedule.or(known.schedule.take());
        }
        present.apply(StateDelta::of_starts(jobs));
    }

    pub(super) fn wrote(&self, runs: &[RunRecord], lease: Duration) {
        let mut present = self.0.lock();
        present.lease = lease;
        let deltas = StateDelta::of_runs(runs, |run| !present.running.contains_key(&run.id));
        present.apply(deltas);
        for run in runs {
            if run.status == RunStatus::Running {
                present.running.insert(run.id, run.clone());
            } else {
                present.running.remove(&run.id);
            }
        }
    }

    pub(super) fn lost(&self, runs: &[RunRecord]) {
        let mut present = self.0.lock();
        for run in runs {
            present.running.remove(&run.id);
        }
        present.apply(StateDelta::of_lost(runs));
    }

    /// The states that were read include those of other processes.
    pub(super) fn read_states(&self, states: &JobStates) {
        let states = states.jobs.iter();
        let states = states.map(|state| (state.job_name.clone(), state.clone()));
        self.0.lock().states = states.collect();
    }

    pub(super) fn read_problems(&self, open: &[Problem]) {
        self.0.lock().problems = open.to_vec();
    }

    pub(super) fn reported(&self, problem: &Problem) {
        let mut present = self.0.lock();
        present.problems.retain(|known| !is_same(known, problem));
        present.problems.push(problem.clone());
    }

    pub(super) fn resolved(&self, problem: &Problem) {
        let mut present = self.0.lock();
        present.problems.retain(|known| !is_same(known, problem));
    }

    /// Writes everything to a database that has the tables. Rows that another process has written stay.
    pub(super) async fn restore<D: Dialect>(&self, pool: &Pool<D>) -> Result<(), sqlx::Error> {
        let present = self.0.lock().clone();
        let states = present.states.into_values().map(|state| {
            let registered = present.registered.get(&state.job_name);
            let schedule = registered.and_then(|job| job.schedule.clone());
            (state, schedule)
        });
        job_states::restore(pool, states.collect()).await?;
        let jobs: Vec<_> = present.registered.into_values().collect();
        job_states::register(pool, &jobs).await?;
        let running: Vec<_> = present.running.into_values().collect();
        runs::write(pool, &running, present.lease).await?;
        for problem in &present.problems {
            problems::report(pool, problem, SystemTime::now()).await?;
        }
        Ok(())
    }
}

fn is_same(a: &Problem, b: &Problem) -> bool {
    a.job_name == b.job_name && a.kind == b.kind
}
