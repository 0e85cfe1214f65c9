//! `CheckEntry`: one registered check, with its single flight, its cache and its background runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::check::AnyCheck;
use super::check_options::Defaults;
use super::flight::{Cached, Flight, Run};
use super::panics::{caught, panicked};
use super::{CheckOptions, CheckResult, ConfiguredCheck, Outcome, Probe, Status};

/// Longer durations are cut to this, because a clock cannot add `Duration::MAX`.
const MAX_DURATION: Duration = Duration::from_hours(365 * 24);
/// The longest name in bytes. A name is a label value and part of a path.
const MAX_NAME: usize = 100;

/// Receives the results of checks. It owns the entries, so they hold it weakly.
pub(super) trait Observer: Send + Sync {
    /// A run has ended with this result.
    fn run_ended(&self, result: &CheckResult);

    /// This result is newer than every published one. `before` is the status published last.
    fn published(&self, result: &CheckResult, before: Option<Status>);
}

pub(super) struct CheckEntry {
    pub(super) name: Arc<str>,
    pub(super) options: CheckOptions,
    pub(super) timeout: Duration,
    pub(super) cache_for: Duration,
    pub(super) every: Option<Duration>,
    check: Arc<dyn AnyCheck>,
    observer: Weak<dyn Observer>,
    flight: Mutex<Flight>,
    /// Notified when a run ends.
    pub(super) ended: watch::Sender<()>,
    is_retired: AtomicBool,
    background: Mutex<Option<AbortHandle>>,
    published: Mutex<Published>,
}

/// The result published last. Runs end in order, but their results may arrive out of order.
#[derive(Default)]
struct Published {
    run: u64,
    /// Whether that run had ended, rather than exceeded its timeout.
    has_ended: bool,
    status: Option<Status>,
    /// The last status from memory, published or not.
    from_memory: Option<Status>,
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
        if options.is_shared {
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
            ended: watch::Sender::new(()),
            is_retired: AtomicBool::new(false),
            background: Mutex::default(),
            published: Mutex::default(),
        }
    }

    /// Returns every mistake in the check's name and options.
    pub(super) fn problems(&self) -> Vec<String> {
        let name = &self.name;
        let mut problems = Vec::new();
        problems.extend(name_problem(name).map(|it| format!("check name {name:?} {it}")));
        let mut reject = |problem: &str| problems.push(format!("check {name:?} {problem}"));
        if let Err(error) = self.check.validate() {
            // A semicolon separates mistakes.
            let error = error.to_string().replace("; ", ", ");
            reject(&format!("is misconfigured: {error}"));
        }
        if self.timeout.is_zero() {
            reject("has a timeout of zero: it must be longer than zero");
        }
        if self.every == Some(Duration::ZERO) {
            reject("has a period of zero: it must be longer than zero");
        }
        if self.decides(Probe::Liveness) && self.result_from_memory().is_none() {
            reject(
                "is on liveness but does not answer from memory: only checks with Check::from_memory, such as Heartbeat, \
                 are allowed, so put it on readiness",
            );
        }
        problems
    }

    pub(super) fn decides(&self, probe: Probe) -> bool {
        self.options.probes.contains(&probe)
    }

    /// Whether startup no longer waits for it: it has passed once, or it is optional and has a result.
    pub(super) fn has_started(&self) -> bool {
        let flight = self.flight();
        flight.has_passed || (self.options.is_optional && flight.last.is_some())
    }

    /// Whether a failure only degrades the service.
    pub(super) fn only_degrades(&self) -> bool {
        self.options.is_optional || (self.options.is_shared && self.flight().has_passed)
    }

    /// The service's status that follows from this status of the check.
    pub(super) fn effective_status(&self, status: Status) -> Status {
        if self.only_degrades() {
            status.min(Status::Degraded)
        } else {
            status
        }
    }

    pub(super) fn result_from_memory(&self) -> Option<CheckResult> {
        let outcome = match catch_unwind(AssertUnwindSafe(|| self.check.outcome_from_memory())) {
            Ok(outcome) => outcome?,
            Err(panic) => panicked(&*panic),
        };
        Some(self.result(outcome, Duration::ZERO))
    }

    pub(super) fn result(&self, outcome: Outcome, duration: Duration) -> CheckResult {
        CheckResult::new(&self.name, outcome, duration)
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

    /// Starts the run on its own task, so that it outlives its caller. Returns false outside a runtime.
    ///
    /// Not called under the lock, because a runtime that shuts down drops the task, and with it the guard, at once.
    pub(super) fn spawn(self: &Arc<Self>, run: Run) -> bool {
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
        let mut background = self.background.lock();
        if background.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let task = runtime.spawn(run_every(Arc::clone(self), period));
            *background = Some(task.abort_handle());
        }
    }

    /// Ends the background runs. A run in flight goes on for its callers, but its result is not published.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
        if let Some(task) = self.background.lock().take() {
            task.abort();
        }
    }

    fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.observer.upgrade().filter(|_| !self.is_retired())
    }

    /// Publishes a result, unless that of a later run was published before.
    pub(super) fn publish(&self, cached: &Cached, has_ended: bool) {
        let Some(observer) = self.observer() else {
            return;
        };
        if has_ended {
            observer.run_ended(&cached.result);
        }
        let mut published = self.published.lock();
        if (published.run, published.has_ended) > (cached.run, has_ended) {
            return;
        }
        (published.run, published.has_ended) = (cached.run, has_ended);
        let before = published.status.replace(cached.result.status());
        observer.published(&cached.result, before);
    }

    /// Publishes a result from memory if its status differs from the last one from memory and from the published one.
    ///
    /// A check whose run and memory disagree would otherwise publish a change each time the other one is read.
    pub(super) fn publish_from_memory(&self, result: &CheckResult) {
        let Some(observer) = self.observer() else {
            return;
        };
        let status = Some(result.status());
        let before = {
            let mut published = self.published.lock();
            if std::mem::replace(&mut published.from_memory, status) == status
                || published.status == status
            {
                return;
            }
            std::mem::replace(&mut published.status, status)
        };
        observer.published(result, before);
    }
}

fn name_problem(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("is empty: each check needs a name")
    } else if name.len() > MAX_NAME {
        Some("is too long: at most 100 bytes are allowed")
    } else if name.chars().any(char::is_control) {
        Some("contains control characters: one line of text is allowed")
    } else if name == "timestamp" {
        Some("is a key of /healthz: any other name is allowed")
    } else {
        None
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
        let mut check = Box::pin(caught(async { entry.check.check().await }));
        let ended = timeout(entry.timeout, check.as_mut()).await;
        // A future that timed out may panic when it is dropped.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(check)));
        let outcome = match (ended, dropped) {
            (_, Err(panic)) => panicked(&*panic),
            (Ok(outcome), _) => outcome,
            (Err(_), _) => {
                Outcome::unhealthy().message(format!("timed out after {:?}", entry.timeout))
            }
        };
        let result = entry.result(outcome, started.elapsed());
        let cached = {
            let mut flight = entry.flight();
            flight.run = None;
            flight.cache(result, self.run)
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
