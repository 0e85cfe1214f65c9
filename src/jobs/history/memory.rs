//! `MemoryHistory`: runs for as long as the process lives.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use uuid::Uuid;

use super::job_state::StateDelta;
use super::stats::{RECENT, Totals, is_timed};
use super::{History, JobState, JobStates, JobStats, Registration, Retention, RunQuery};
use crate::error::Error;
use crate::jobs::{Problem, ProblemKind, RunRecord, RunStatus};
use futures_core::future::BoxFuture;

/// Past it a time could not be told.
const LONGEST_LEASE: Duration = Duration::from_hours(24 * 365);

/// Keeps the last runs in memory: at most 10,000, and nothing over a restart.
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
    /// Leases go by tokio's clock, which nobody sets: what it and the system's showed at the beginning.
    began: (Instant, SystemTime),
    state: Arc<Mutex<State>>,
}

/// Runs in their order.
type Place = (SystemTime, Uuid);

#[derive(Default)]
struct State {
    runs: BTreeMap<Place, Kept>,
    places: HashMap<Uuid, Place>,
    totals: HashMap<String, Totals>,
    /// Where the last run of each job is.
    last: HashMap<String, Place>,
    standings: BTreeMap<String, JobState>,
    schedules: HashMap<String, String>,
    problems: BTreeMap<(String, ProblemKind), Reported>,
}

struct Reported {
    problem: Problem,
    /// When, and by whom.
    resolved: Option<(SystemTime, Uuid)>,
}

struct Kept {
    run: RunRecord,
    lease_until: SystemTime,
}

impl MemoryHistory {
    /// Of at most 10,000 runs.
    pub fn new() -> Self {
        Self {
            max_runs: 10_000,
            clock: Arc::new(SystemTime::now),
            began: (Instant::now(), SystemTime::now()),
            state: Arc::default(),
        }
    }

    /// Keeps at most so many: past it the oldest goes that has ended and is not the last of its job, or the oldest if there is none. At least one is kept.
    pub fn max_runs(mut self, max: usize) -> Self {
        self.max_runs = max.max(1);
        self
    }

    /// By this clock jobs are late. Defaults to the system's; another is for tests, which have no day to wait.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// By the clock that leases go by.
    fn steady_now(&self) -> SystemTime {
        let (instant, time) = self.began;
        time + instant.elapsed()
    }

    fn lease_until(&self, lease: Duration) -> SystemTime {
        self.steady_now() + lease.min(LONGEST_LEASE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryHistory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHistory")
            .field("max_runs", &self.max_runs)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Whether that was news.
    fn put(&mut self, run: &RunRecord, lease_until: SystemTime) -> bool {
        let place = *self
            .places
            .entry(run.id)
            .or_insert((run.started_at, run.id));
        if let Some(kept) = self.runs.get(&place)
            && kept.run.status != RunStatus::Running
        {
            return false;
        }
        if run.status != RunStatus::Running {
            self.count(run);
        }
        let last = self.last.entry(run.job_name.clone()).or_insert(place);
        *last = place.max(*last);
        let run = run.clone();
        self.runs.insert(place, Kept { run, lease_until });
        true
    }

    fn standing(&mut self, job_name: &str, now: SystemTime) -> &mut JobState {
        let standing = self.standings.entry(job_name.to_owned());
        standing.or_insert_with(|| JobState::new(job_name, now))
    }

    fn count(&mut self, run: &RunRecord) {
        let totals = self.totals.entry(run.job_name.clone()).or_default();
        totals.add(run);
    }

    fn remove(&mut self, place: Place) {
        self.runs.remove(&place);
        self.places.remove(&place.1);
    }

    /// Whether no run of its job began after it.
    fn is_last(&self, place: Place, run: &RunRecord) -> bool {
        self.last.get(&run.job_name) == Some(&place)
    }

    fn make_room(&mut self, max: usize) {
        while self.runs.len() > max {
            let is_over = |(place, kept): &(&Place, &Kept)| {
                kept.run.status != RunStatus::Running && !self.is_last(**place, &kept.run)
            };
            let oldest = self.runs.iter().find(is_over).or(self.runs.iter().next());
            let Some((place, _)) = oldest else { return };
            self.remove(*place);
        }
    }

    fn reap(&mut self, by: SystemTime, time: SystemTime) -> Vec<RunRecord> {
        let mut lost = Vec::new();
        for kept in self.runs.values_mut() {
            if kept.run.status == RunStatus::Running && kept.lease_until < by {
                kept.run.status = RunStatus::Lost;
                kept.run.finished_at = Some(time);
                lost.push(kept.run.clone());
            }
        }
        for run in &lost {
            self.count(run);
        }
        for (job_name, progress) in StateDelta::lost(&lost) {
            self.standing(job_name, time).add(&progress, time);
        }
        lost
    }

    fn register(&mut self, job: &Registration, now: SystemTime) {
        let standing = self.standing(&job.job_name, now);
        standing.registered_at = Some(now);
        let Some(schedule) = &job.schedule else {
            return;
        };
        if self.schedules.get(&job.job_name) != Some(schedule) {
            self.standing(&job.job_name, now).known_since = now;
            self.schedules
                .insert(job.job_name.clone(), schedule.clone());
        }
    }

    fn report(&mut self, problem: &Problem, seen: SystemTime) -> bool {
        let place = (problem.job_name.clone(), problem.kind);
        let is_news = self.problems.get(&place).is_none_or(|known| {
            let is_over = known.resolved.is_some_and(|(at, _)| at <= seen);
            is_over || (known.problem.id == problem.id && known.resolved.is_none())
        });
        if is_news {
            let problem = problem.clone();
            let resolved = None;
            self.problems.insert(place, Reported { problem, resolved });
        }
        is_news
    }

    fn resolve(&mut self, problem: &Problem, caller: Uuid, now: SystemTime) -> bool {
        let place = (problem.job_name.clone(), problem.kind);
        let known = self.problems.get_mut(&place);
        let Some(known) = known.filter(|known| known.problem.id == problem.id) else {
            return false;
        };
        known.resolved.get_or_insert((now, caller)).1 == caller
    }

    fn newest(&self) -> impl Iterator<Item = &RunRecord> {
        self.runs.values().rev().map(|kept| &kept.run)
    }

    fn stats(&self, job_name: &str) -> Option<JobStats> {
        let of_job = || self.newest().filter(|run| run.job_name == job_name);
        let totals = self.totals.get(job_name);
        let last = of_job().next();
        if totals.is_none() && last.is_none() {
            return None;
        }
        let running = of_job().filter(|run| run.status == RunStatus::Running);
        let timed = of_job().filter(|run| is_timed(run.status));
        let failed = of_job().find(|run| run.status == RunStatus::Failed);
        Some(JobStats::of(
            job_name,
            totals.unwrap_or(&Totals::default()),
            running.count() as u64,
            timed.take(RECENT).filter_map(|run| run.duration).collect(),
            last,
            failed.and_then(|run| run.error_message.clone()),
        ))
    }

    fn prune(&mut self, retention: &Retention, most: usize) -> usize {
        let oldest = retention.oldest();
        let mut kept: HashMap<(&str, RunStatus), usize> = HashMap::new();
        let mut gone = Vec::new();
        for (place, Kept { run, .. }) in self.runs.iter().rev() {
            if run.status == RunStatus::Running {
                continue;
            }
            let count = kept.entry((&run.job_name, run.status)).or_default();
            *count += 1;
            let is_old = *count > retention.count.max(1) || run.started_at < oldest;
            if is_old && !self.is_last(*place, run) {
                gone.push(*place);
            }
        }
        // The oldest first.
        let gone: Vec<_> = gone.into_iter().rev().take(most).collect();
        for place in &gone {
            self.remove(*place);
        }
        gone.len()
    }
}

impl History for MemoryHistory {
    fn prepare(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(ready(Ok(())))
    }

    fn register<'a>(&'a self, jobs: &'a [Registration]) -> BoxFuture<'a, Result<(), Error>> {
        let now = (self.clock)();
        let mut state = self.state();
        for job in jobs {
            state.register(job, now);
        }
        for (job_name, progress) in StateDelta::started(jobs) {
            state.standing(job_name, now).add(&progress, now);
        }
        Box::pin(ready(Ok(())))
    }

    fn write<'a>(
        &'a self,
        runs: &'a [RunRecord],
        lease: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let lease_until = self.lease_until(lease);
        let now = (self.clock)();
        let mut state = self.state();
        let known: HashSet<_> = runs
            .iter()
            .map(|run| run.id)
            .filter(|id| state.places.contains_key(id))
            .collect();
        let news: Vec<_> = runs
            .iter()
            .filter(|run| state.put(run, lease_until))
            .collect();
        let progress = StateDelta::of(news.into_iter(), |run| !known.contains(&run.id));
        for (job_name, progress) in progress {
            state.standing(job_name, now).add(&progress, now);
        }
        state.make_room(self.max_runs);
        Box::pin(ready(Ok(())))
    }

    fn renew<'a>(
        &'a self,
        runs: &'a [Uuid],
        lease: Duration,
    ) -> BoxFuture<'a, Result<SystemTime, Error>> {
        let (now, lease_until) = (self.steady_now(), self.lease_until(lease));
        let mut state = self.state();
        for id in runs {
            if let Some(place) = state.places.get(id).copied()
                && let Some(kept) = state.runs.get_mut(&place)
            {
                kept.lease_until = lease_until;
            }
        }
        Box::pin(ready(Ok(now)))
    }

    fn reap(&self, by: SystemTime) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let now = (self.clock)();
        Box::pin(ready(Ok(self.state().reap(by, now))))
    }

    fn runs<'a>(&'a self, query: &'a RunQuery) -> BoxFuture<'a, Result<Vec<RunRecord>, Error>> {
        let state = self.state();
        let wanted = state.newest().filter(|run| query.wants(run));
        Box::pin(ready(Ok(wanted.take(query.limit).cloned().collect())))
    }

    fn stats<'a>(&'a self, job_name: &'a str) -> BoxFuture<'a, Result<Option<JobStats>, Error>> {
        Box::pin(ready(Ok(self.state().stats(job_name))))
    }

    fn last_runs(&self) -> BoxFuture<'_, Result<Vec<RunRecord>, Error>> {
        let mut last = BTreeMap::new();
        for run in self.state().newest() {
            last.entry(run.job_name.clone())
                .or_insert_with(|| run.clone());
        }
        Box::pin(ready(Ok(last.into_values().collect())))
    }

    fn job_states(&self) -> BoxFuture<'_, Result<JobStates, Error>> {
        let jobs = self.state().standings.values().cloned().collect();
        Box::pin(ready(Ok(JobStates::new((self.clock)(), jobs))))
    }

    fn problems(&self) -> BoxFuture<'_, Result<Vec<Problem>, Error>> {
        let state = self.state();
        let open = state.problems.values();
        let open = open.filter(|known| known.resolved.is_none());
        let open = open.map(|known| known.problem.clone()).collect();
        Box::pin(ready(Ok(open)))
    }

    fn report<'a>(
        &'a self,
        problem: &'a Problem,
        seen: SystemTime,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(ready(Ok(self.state().report(problem, seen))))
    }

    fn resolve<'a>(
        &'a self,
        problem: &'a Problem,
        caller: Uuid,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let now = (self.clock)();
        Box::pin(ready(Ok(self.state().resolve(problem, caller, now))))
    }

    fn prune<'a>(
        &'a self,
        retention: &'a Retention,
        most: usize,
    ) -> BoxFuture<'a, Result<usize, Error>> {
        Box::pin(ready(Ok(self.state().prune(retention, most))))
    }
}
