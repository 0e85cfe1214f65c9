//! `CheckEntry`: one registered check, with its single flight, its cache and its background runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::check::AnyCheck;
use super::check_options::Defaults;
use super::publications::{Observer, Publications};
use super::streak::Streak;
use super::{CheckOptions, CheckResult, ConfiguredCheck, Outcome, Probe, Status};
use crate::panics;

/// Longer durations are cut to this, because a clock cannot add `Duration::MAX`.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How much longer than the check's timeout a caller waits. The run itself keeps the timeout, so only a check that
/// blocks its thread is still running after this.
pub(super) const GRACE: Duration = Duration::from_millis(50);

pub(super) struct CheckEntry {
    pub(super) name: Arc<str>,
    pub(super) options: CheckOptions,
    pub(super) timeout: Duration,
    pub(super) cache_for: Duration,
    pub(super) every: Option<Duration>,
    pub(super) check: Arc<dyn AnyCheck>,
    observer: Weak<dyn Observer>,
    flight: Mutex<Flight>,
    /// Whether a result was healthy or degraded.
    has_passed: AtomicBool,
    streak: Mutex<Streak>,
    /// Notified when a run ends.
    ended: watch::Sender<()>,
    is_retired: AtomicBool,
    background: Mutex<Background>,
    publications: Publications,
}

/// At most one run of a check at a time, and its last result.
#[derive(Default)]
pub(super) struct Flight {
    pub(super) last: Option<Cached>,
    run: Option<Run>,
    /// The number of runs started so far.
    runs: u64,
}

#[derive(Clone)]
pub(super) struct Cached {
    pub(super) result: Arc<CheckResult>,
    pub(super) at: Instant,
    /// The number of the run that it belongs to.
    pub(super) run: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) since: Instant,
}

impl Flight {
    /// Returns the run in flight, or a new one, and whether it is new.
    fn join(&mut self, now: Instant) -> (Run, bool) {
        if let Some(run) = self.run {
            return (run, false);
        }
        self.runs += 1;
        let run = Run {
            number: self.runs,
            since: now,
        };
        self.run = Some(run);
        (run, true)
    }

    pub(super) fn is_running(&self, number: u64) -> bool {
        self.run.is_some_and(|run| run.number == number)
    }

    fn has_result_of(&self, run: u64) -> bool {
        self.last.as_ref().is_some_and(|last| last.run == run)
    }
}

/// A cached result, or the wait for a run.
pub(super) enum Lookup {
    Cached(Arc<CheckResult>),
    InFlight(InFlight),
}

/// The wait for a run. The run goes on when this is dropped.
pub(super) struct InFlight {
    pub(super) entry: Arc<CheckEntry>,
    pub(super) run: Run,
    /// When the wait ends. All waits of a report start together, so their deadlines do not add up.
    pub(super) deadline: Instant,
    pub(super) ended: watch::Receiver<()>,
}

#[derive(Default)]
struct Background {
    task: Option<AbortHandle>,
    is_starting: bool,
}

impl CheckEntry {
    pub(super) fn new(
        name: &str,
        check: ConfiguredCheck,
        probes: impl Iterator<Item = Probe>,
        defaults: Defaults,
        observer: Weak<dyn Observer>,
    ) -> Self {
        let ConfiguredCheck { check, mut options } = check;
        probes.for_each(|probe| options.add_probe(probe));
        if options.is_shared || options.probes.is_empty() {
            options.add_probe(Probe::Readiness);
        }
        let at_most = |duration: Duration| duration.min(MAX_DURATION);
        Self {
            name: name.into(),
            timeout: at_most(options.timeout.unwrap_or(defaults.timeout)),
            cache_for: at_most(options.cache_for.unwrap_or(defaults.cache_for)),
            every: options.every.map(at_most),
            options,
            check,
            observer,
            flight: Mutex::default(),
            has_passed: AtomicBool::new(false),
            streak: Mutex::default(),
            ended: watch::Sender::new(()),
            is_retired: AtomicBool::new(false),
            background: Mutex::default(),
            publications: Publications::default(),
        }
    }

    pub(super) fn decides(&self, probe: Probe) -> bool {
        self.options.probes.contains(&probe)
    }

    /// Whether a failure only degrades the service.
    pub(super) fn only_degrades(&self) -> bool {
        self.options.is_optional || (self.options.is_shared && self.has_passed())
    }

    pub(super) fn has_passed(&self) -> bool {
        self.has_passed.load(Ordering::Acquire)
    }

    pub(super) fn result_from_memory(&self) -> Option<CheckResult> {
        let outcome = match panics::caught_here(|| self.check.outcome_from_memory()) {
            Ok(outcome) => outcome?,
            Err(panic) => Outcome::panicked(&*panic),
        };
        Some(self.result(outcome, Duration::ZERO))
    }

    pub(super) fn result(&self, outcome: Outcome, duration: Duration) -> CheckResult {
        let mut result = CheckResult::new(&self.name, outcome, duration);
        if self.only_degrades() {
            result.effect = result.effect.min(Status::Degraded);
        }
        result
    }

    /// The result of a run, with the status to report. `is_again` says that the run has a result already.
    pub(super) fn result_of_run(
        &self,
        outcome: Outcome,
        duration: Duration,
        is_again: bool,
    ) -> CheckResult {
        let outcome = self.streak.lock().apply(outcome, is_again, &self.options);
        self.result(outcome, duration)
    }

    /// Caches a result of a run in this entry's flight.
    pub(super) fn cache(&self, flight: &mut Flight, result: CheckResult, run: u64) -> Cached {
        if result.status().is_passing() {
            self.has_passed.store(true, Ordering::Release);
        }
        let cached = Cached {
            result: Arc::new(result),
            at: Instant::now(),
            run,
        };
        flight.last = Some(cached.clone());
        cached
    }

    /// Returns the last result and its age.
    pub(super) fn last(&self) -> Option<(Arc<CheckResult>, Duration)> {
        let last = self.flight().last.clone()?;
        Some((last.result, last.at.elapsed()))
    }

    pub(super) fn is_running(&self) -> bool {
        self.flight().run.is_some()
    }

    pub(super) fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock()
    }

    /// How long a result is reused. If background runs stall, it expires and callers run the check themselves.
    pub(super) fn valid_for(&self) -> Duration {
        match self.every {
            Some(period) => self.cache_for.max(period + self.timeout),
            None => self.cache_for,
        }
    }

    /// Returns the last result while it is valid. Otherwise joins the run in flight, or starts one.
    pub(super) fn join(self: &Arc<Self>, now: Instant) -> Lookup {
        self.ensure_background();
        let mut flight = self.flight();
        if let Some(last) = &flight.last
            && now.saturating_duration_since(last.at) < self.valid_for()
        {
            return Lookup::Cached(Arc::clone(&last.result));
        }
        let (run, is_new) = flight.join(now);
        // Under the lock, so that the run cannot end unnoticed.
        let ended = self.ended.subscribe();
        drop(flight);
        let times_out_at = run.since + self.timeout;
        // An overdue run gets a turn first, because the process or its runtime may have been suspended.
        let deadline = times_out_at.max(Instant::now()) + GRACE;
        let is_running = !is_new || self.spawn(run);
        // The wait needs a runtime, too, even if the run is on another one.
        if !is_running || Handle::try_current().is_err() {
            let outcome = Outcome::unhealthy()
                .message("health checks need a tokio runtime: none is entered here");
            return Lookup::Cached(Arc::new(self.result(outcome, Duration::ZERO)));
        }
        Lookup::InFlight(InFlight {
            entry: Arc::clone(self),
            run,
            deadline,
            ended,
        })
    }

    /// Starts the run on its own task, so that it outlives its caller. Returns false outside a runtime.
    ///
    /// Not called under the lock, because a runtime that shuts down drops the task, and with it the guard, at once.
    fn spawn(self: &Arc<Self>, run: Run) -> bool {
        let guard = RunGuard {
            entry: Arc::clone(self),
            run: run.number,
        };
        let runtime = Handle::try_current();
        if let Ok(runtime) = &runtime {
            runtime.spawn(guard.run());
        }
        runtime.is_ok()
    }

    /// Starts the background runs unless they are running already. Those that ended with their runtime start again.
    pub(super) fn ensure_background(self: &Arc<Self>) {
        let Some(period) = self.every else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        {
            let mut background = self.background.lock();
            let is_running = |task: &AbortHandle| !task.is_finished();
            if background.is_starting || background.task.as_ref().is_some_and(is_running) {
                return;
            }
            background.is_starting = true;
        }
        // Not under the lock, because a runtime may have hooks, and drops the task at once when it shuts down.
        let task = runtime.spawn(run_every(Arc::clone(self), period));
        let ended = {
            let mut background = self.background.lock();
            background.is_starting = false;
            background.task.replace(task.abort_handle())
        };
        drop(ended);
    }

    /// Lets no more results be published. A run in flight goes on for its callers.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
    }

    /// Ends the background runs of a retired entry. Those that are just starting end themselves.
    pub(super) fn end_background(&self) {
        let task = self.background.lock().task.take();
        if let Some(task) = task {
            task.abort();
        }
    }

    fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.observer.upgrade().filter(|_| !self.is_retired())
    }

    /// Publishes a result, but only its duration if that of a later run was published before.
    pub(super) fn publish(&self, cached: &Cached, has_ended: bool) {
        let Some(observer) = self.observer() else {
            return;
        };
        self.publications
            .add_of_run(&cached.result, cached.run, has_ended);
        self.publications.publish(&*observer);
    }

    /// Publishes a result from memory if its status differs from the last one from memory and from the published one.
    ///
    /// A check whose run and memory disagree would otherwise publish a change each time the other one is read.
    pub(super) fn publish_from_memory(&self, result: &CheckResult) {
        if let Some(observer) = self.observer() {
            self.publications.add_from_memory(result);
            self.publications.publish(&*observer);
        }
    }
}

async fn run_every(entry: Arc<CheckEntry>, period: Duration) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A report may have started this task while the check was being removed.
        if entry.is_retired() {
            return;
        }
        let (run, is_new) = entry.flight().join(Instant::now());
        if is_new {
            entry.spawn(run);
        }
    }
}

/// Ends its run when dropped before the check has ended, and notifies those who wait.
struct RunGuard {
    entry: Arc<CheckEntry>,
    run: u64,
}

impl RunGuard {
    async fn run(self) {
        let entry = &self.entry;
        let started = Instant::now();
        let outcome = entry.check.run(entry.timeout).await;
        let is_again = entry.flight().has_result_of(self.run);
        let result = entry.result_of_run(outcome, started.elapsed(), is_again);
        let cached = {
            let mut flight = entry.flight();
            flight.run = None;
            entry.cache(&mut flight, result, self.run)
        };
        // Callers first, because the observer may be slow.
        entry.ended.send_replace(());
        entry.publish(&cached, true);
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        let mut flight = self.entry.flight();
        if flight.is_running(self.run) {
            flight.run = None;
            drop(flight);
            self.entry.ended.send_replace(());
        }
    }
}
