//! `MemoryHistory`: runs and problems in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_core::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    JobState, JobStates, JobStats, ProblemStore, Registration, Retention, RunQuery, RunStore,
    RunTotals, StateDelta,
};
use crate::error::Error;
use crate::jobs::{Problem, ProblemKind, RunRecord, RunStatus};

/// Longer leases would exceed the range of `SystemTime`.
const MAX_LEASE: Duration = Duration::from_secs(24 * 365 * 60 * 60);

/// Keeps the last 10,000 runs in memory. They do not survive a restart.
///
/// ```
/// use tower_vitals::jobs::MemoryHistory;
///
/// let history = MemoryHistory::new().max_runs(1_000);
/// ```
#[derive(Clone)]
#[must_use]
pub struct MemoryHistory {
    max_runs: usize,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// The origin of the clock that leases use: tokio's, which cannot be set.
    origin: (Instant, SystemTime),
    state: Arc<Mutex<State>>,
}

/// The order of runs: by start, then by id.
type RunKey = (SystemTime, Uuid);

#[derive(Default)]
struct State {
    runs: BTreeMap<RunKey, StoredRun>,
    keys: HashMap<Uuid, RunKey>,
    totals: HashMap<String, RunTotals>,
    /// The last run of each job.
    last: HashMap<String, RunKey>,
    jobs: BTreeMap<String, JobState>,
    schedules: HashMap<String, String>,
    problems: BTreeMap<(String, ProblemKind), StoredProblem>,
}

struct StoredProblem {
    problem: Problem,
    resolved: Option<(SystemTime, Uuid)>,
}

struct StoredRun {
    run: RunRecord,
    lease_until: SystemTime,
}

impl MemoryHistory {
    /// Keeps at most 10,000 runs.
    pub fn new() -> Self {
        Self {
            max_runs: 10_000,
            clock: Arc::new(SystemTime::now),
            origin: (Instant::now(), SystemTime::now()),
            state: Arc::default(),
        }
    }

    /// Sets the maximum number of runs, at least one. When it is exceeded, the oldest run is removed that has ended and is not
    /// the last of its job, or else the oldest run.
    pub fn max_runs(mut self, max: usize) -> Self {
        self.max_runs = max.max(1);
        self
    }

    /// Sets the clock by which jobs are late. Defaults to the system's; tests use another one to skip time.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// The time by the clock that leases use.
    fn steady_now(&self) -> SystemTime {
        let (instant, time) = self.origin;
        time + instant.elapsed()
    }

    fn lease_until(&self, lease: Duration) -> SystemTime {
        self.steady_now() + lease.min(MAX_LEASE)
    }
}

default_is_new!(MemoryHistory);

debug_fields!(MemoryHistory { max_runs });

impl State {
    /// Returns whether the run was a new fact.
    fn put(&mut self, run: &RunRecord, lease_until: SystemTime) -> bool {
        let key = *self.keys.entry(run.id).or_insert((run.started_at, run.id));
        if let Some(stored) = self.runs.get(&key)
            && stored.run.status != RunStatus::Running
        {
            return false;
        }
        if run.status != RunStatus::Running {
            self.count(run);
        }
        let last = self.last.entry(run.job_name.clone()).or_insert(key);
        *last = key.max(*last);
        let run = run.clone();
        self.runs.insert(key, StoredRun { run, lease_until });
        true
    }

    fn job(&mut self, job_name: &str, now: SystemTime) -> &mut JobState {
        let job = self.jobs.entry(job_name.to_owned());
        job.or_insert_with(|| JobState::new(job_name, now))
    }

    fn apply(&mut self, deltas: BTreeMap<&str, StateDelta>, now: SystemTime) {
        for (job_name, delta) in deltas {
            self.job(job_name, now).apply(&delta, now);
        }
    }

    fn count(&mut self, run: &RunRecord) {
        let totals = self.totals.entry(run.job_name.clone()).or_default();
        totals.add(run);
    }

    fn remove(&mut self, key: RunKey) {
        self.runs.remove(&key);
        self.keys.remove(&key.1);
    }

    fn is_last(&self, key: RunKey, run: &RunRecord) -> bool {
        self.last.get(&run.job_name) == Some(&key)
    }

    fn make_room(&mut self, max: usize) {
        while self.runs.len() > max {
            let is_removable = |(key, stored): &(&RunKey, &StoredRun)| {
                stored.run.status != RunStatus::Running && !self.is_last(**key, &stored.run)
            };
            let oldest = self.runs.iter().find(is_removable);
            let Some((key, _)) = oldest.or(self.runs.iter().next()) else {
                return;
            };
            self.remove(*key);
        }
    }

    fn reap(&mut self, by: SystemTime, now: SystemTime) -> Vec<RunRecord> {
        let mut lost = Vec::new();
        for stored in self.runs.values_mut() {
            if stored.run.status == RunStatus::Running && stored.lease_until < by {
                stored.run.status = RunStatus::Lost;
                stored.run.finished_at = Some(now);
                lost.push(stored.run.clone());
            }
        }
        for run in &lost {
            self.count(run);
        }
        self.apply(StateDelta::of_lost(&lost), now);
        lost
    }

    fn register(&mut self, registration: &Registration, now: SystemTime) {
        let name = &registration.job_name;
        self.job(name, now).registered_at = Some(now);
        if let Some(schedule) = &registration.schedule
            && self.schedules.get(name) != Some(schedule)
        {
            self.job(name, now).known_since = now;
            self.schedules.insert(name.clone(), schedule.clone());
        }
    }

    fn report(&mut self, problem: &Problem, observed_at: SystemTime) -> bool {
        let key = (problem.job_name.clone(), problem.kind);
        let is_new = self.problems.get(&key).is_none_or(|known| {
            let is_over = known.resolved.is_some_and(|(at, _)| at <= observed_at);
            is_over || (known.problem.id == problem.id && known.resolved.is_none())
        });
        if is_new {
            let problem = problem.clone();
            let resolved = None;
            self.problems
                .insert(key, StoredProblem { problem, resolved });
        }
        is_new
    }

    fn resolve(&mut self, problem: &Problem, caller: Uuid, now: SystemTime) -> bool {
        let key = (problem.job_name.clone(), problem.kind);
        let known = self.problems.get_mut(&key);
        let Some(known) = known.filter(|known| known.problem.id == problem.id) else {
            return false;
        };
        known.resolved.get_or_insert((now, caller)).1 == caller
    }

    fn latest_first(&self) -> impl Iterator<Item = &RunRecord> + Clone {
        self.runs.values().rev().map(|stored| &stored.run)
    }

    fn stats(&self, job_name: &str) -> Option<JobStats> {
        let runs = self.latest_first().filter(|run| run.job_name == job_name);
        let totals = self.totals.get(job_name);
        if totals.is_none() && runs.clone().next().is_none() {
            return None;
        }
        let mut stats = JobStats::new(job_name, totals.unwrap_or(&RunTotals::default()));
        stats.set_runs(runs);
        Some(stats)
    }

    fn prune(&mut self, retention: &Retention, max: usize) -> usize {
        let oldest = retention.oldest();
        let mut counts: HashMap<(&str, RunStatus), usize> = HashMap::new();
        let mut expired = Vec::new();
        for (key, StoredRun { run, .. }) in self.runs.iter().rev() {
            if run.status == RunStatus::Running {
                continue;
            }
            let count = counts.entry((&run.job_name, run.status)).or_default();
            *count += 1;
            let is_expired = *count > retention.count.max(1) || run.started_at < oldest;
            if is_expired && !self.is_last(*key, run) {
                expired.push(*key);
            }
        }
        let oldest_first: Vec<_> = expired.into_iter().rev().take(max).collect();
        for key in &oldest_first {
            self.remove(*key);
        }
        oldest_first.len()
    }
}

impl RunStore for MemoryHistory {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(ready(Ok(())))
    }

    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        let now = (self.clock)();
        let mut state = self.state.lock();
        for job in jobs {
            state.register(job, now);
        }
        state.apply(StateDelta::of_starts(jobs), now);
        Box::pin(ready(Ok(())))
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let lease_until = self.lease_until(lease);
        let now = (self.clock)();
        let mut state = self.state.lock();
        let ids = runs.iter().map(|run| run.id);
        let known: HashSet<_> = ids.filter(|id| state.keys.contains_key(id)).collect();
        let mut new_facts = Vec::new();
        for run in runs {
            if state.put(run, lease_until) {
                new_facts.push(run);
            }
        }
        let deltas = StateDelta::of_runs(new_facts, |run| !known.contains(&run.id));
        state.apply(deltas, now);
        state.make_room(self.max_runs);
        Box::pin(ready(Ok(())))
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        let (now, lease_until) = (self.steady_now(), self.lease_until(lease));
        let mut state = self.state.lock();
        for id in runs {
            if let Some(key) = state.keys.get(id).copied()
                && let Some(stored) = state.runs.get_mut(&key)
            {
                stored.lease_until = lease_until;
            }
        }
        Box::pin(ready(Ok(now)))
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let now = (self.clock)();
        Box::pin(ready(Ok(self.state.lock().reap(by, now))))
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        let state = self.state.lock();
        let matching = state.latest_first().filter(|run| query.matches(run));
        Box::pin(ready(Ok(matching.take(query.limit).cloned().collect())))
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        Box::pin(ready(Ok(self.state.lock().stats(job_name))))
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let mut last = BTreeMap::new();
        for run in self.state.lock().latest_first() {
            last.entry(run.job_name.clone())
                .or_insert_with(|| run.clone());
        }
        Box::pin(ready(Ok(last.into_values().collect())))
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        let jobs = self.state.lock().jobs.values().cloned().collect();
        Box::pin(ready(Ok(JobStates::new((self.clock)(), jobs))))
    }

    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        max: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        Box::pin(ready(Ok(self.state.lock().prune(retention, max))))
    }
}

impl ProblemStore for MemoryHistory {
    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>> {
        let state = self.state.lock();
        let open = state.problems.values();
        let open = open.filter(|known| known.resolved.is_none());
        let open = open.map(|known| known.problem.clone()).collect();
        Box::pin(ready(Ok(open)))
    }

    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        observed_at: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(ready(Ok(self.state.lock().report(problem, observed_at))))
    }

    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let now = (self.clock)();
        Box::pin(ready(Ok(self.state.lock().resolve(problem, caller, now))))
    }
}
