//! One registered check: its single flight, its cache, its background refresh.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::check::{AnyCheck, Options};
use super::panics::{caught, panicked};
use super::registry::Inner;
use super::wait::Wait;
use super::{CheckResult, Outcome, Probe, Status};

/// What longer durations mean: clocks cannot be asked what time it is in [`Duration::MAX`].
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// A check and what is known of it.
pub(super) struct Slot {
    pub(super) name: Arc<str>,
    pub(super) options: Options,
    pub(super) timeout: Duration,
    pub(super) cache_for: Duration,
    pub(super) every: Option<Duration>,
    check: Box<dyn AnyCheck>,
    state: Mutex<State>,
    /// Told whenever a run has ended.
    ended: watch::Sender<()>,
    has_passed: AtomicBool,
    background: Mutex<Option<AbortHandle>>,
    published: Mutex<Published>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) last: Option<Taken>,
    run: Option<Run>,
    /// How many runs have begun.
    runs: u64,
}

#[derive(Clone)]
pub(super) struct Taken {
    pub(super) result: Arc<CheckResult>,
    pub(super) at: Instant,
    pub(super) run: u64,
}

/// A run under way, by its number.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) since: Instant,
}

/// What was told of the check last. Runs end in order, and may be told out of it.
#[derive(Default)]
struct Published {
    run: u64,
    /// Whether that run was over, and not only too long.
    is_over: bool,
    status: Option<Status>,
    /// What was recalled last, told or not.
    recalled: Option<Status>,
}

/// A result that is there, or the wait for one.
pub(super) enum Asked {
    Known(Arc<CheckResult>),
    Running(Wait),
}

impl Slot {
    pub(super) fn new(
        name: Arc<str>,
        options: Options,
        defaults: (Duration, Duration),
        check: Box<dyn AnyCheck>,
    ) -> Self {
        Self {
            name,
            timeout: options.timeout.unwrap_or(defaults.0).min(LONGEST),
            cache_for: options.cache_for.unwrap_or(defaults.1).min(LONGEST),
            every: options.every.map(|period| period.min(LONGEST)),
            options,
            check,
            state: Mutex::default(),
            ended: watch::Sender::new(()),
            has_passed: AtomicBool::new(false),
            background: Mutex::default(),
            published: Mutex::default(),
        }
    }

    pub(super) fn decides(&self, probe: Probe) -> bool {
        self.options.probes.contains(&probe)
    }

    /// Whether startup need not wait for it any longer: it was healthy or degraded once, or it is optional and was asked.
    pub(super) fn has_started(&self) -> bool {
        self.has_passed() || (self.options.is_optional && self.state().last.is_some())
    }

    fn has_passed(&self) -> bool {
        self.has_passed.load(Ordering::Acquire)
    }

    /// Whether the worst that it finds only degrades.
    pub(super) fn only_degrades(&self) -> bool {
        self.options.is_optional || (self.options.is_shared && self.has_passed())
    }

    /// What a status of this check means for the whole.
    pub(super) fn weigh(&self, status: Status) -> Status {
        if self.only_degrades() {
            status.min(Status::Degraded)
        } else {
            status
        }
    }

    /// The answer from this process's memory, for checks that have one.
    pub(super) fn recall(&self) -> Option<CheckResult> {
        // A check's own code may panic here as anywhere.
        let outcome = match catch_unwind(AssertUnwindSafe(|| self.check.recall())) {
            Ok(outcome) => outcome?,
            Err(panic) => panicked(&*panic),
        };
        Some(CheckResult::new(&self.name, outcome, Duration::ZERO))
    }

    /// The last result and its age, without asking anybody.
    pub(super) fn last(&self) -> Option<(Arc<CheckResult>, Duration)> {
        let taken = self.state().last.clone()?;
        Some((taken.result, taken.at.elapsed()))
    }

    pub(super) fn is_running(&self) -> bool {
        self.state().run.is_some()
    }

    /// The last result if it is young enough, else the run under way, else a new one.
    pub(super) fn ask(self: &Arc<Self>, health: &Weak<Inner>, now: Instant) -> Asked {
        self.ensure_background(health);
        let (wait, is_new) = {
            let mut state = self.state();
            if let Some(taken) = &state.last
                && now.saturating_duration_since(taken.at) < self.valid_for()
            {
                return Asked::Known(Arc::clone(&taken.result));
            }
            let (run, is_new) = state.join(now);
            // Under the lock, so that the end of the run cannot fall between.
            let ended = self.ended.subscribe();
            let wait = Wait::new(Arc::clone(self), Weak::clone(health), run, ended);
            (wait, is_new)
        };
        let is_under_way = !is_new || self.spawn(wait.run(), health);
        // Who waits needs one, too, also for a run of another runtime.
        if !is_under_way || Handle::try_current().is_err() {
            let outcome = Outcome::unhealthy()
                .message("health checks run in a tokio runtime: there is none here");
            let result = CheckResult::new(&self.name, outcome, Duration::ZERO);
            return Asked::Known(Arc::new(result));
        }
        Asked::Running(wait)
    }

    /// In the background a result is refreshed at each period; should that ever stall, probes ask again by themselves.
    pub(super) fn valid_for(&self) -> Duration {
        match self.every {
            Some(period) => self.cache_for.max(period + self.timeout),
            None => self.cache_for,
        }
    }

    /// Runs on a task of its own: whoever asked may leave, and others wait for the same run. False outside a runtime.
    ///
    /// Not under the lock: a runtime that is shutting down drops the task at once, here, and with it [`Running`].
    fn spawn(self: &Arc<Self>, run: Run, health: &Weak<Inner>) -> bool {
        let running = Running {
            slot: Arc::clone(self),
            run: run.number,
        };
        let runtime = Handle::try_current();
        if let Ok(runtime) = &runtime {
            runtime.spawn(running.finish(Weak::clone(health)));
        }
        runtime.is_ok()
    }

    /// Refreshes from now on, if it is to be and is not yet. A refresher that ended with its runtime is made anew.
    pub(super) fn ensure_background(self: &Arc<Self>, health: &Weak<Inner>) {
        let Some(period) = self.every else {
            return;
        };
        let mut background = lock(&self.background);
        if background.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            let refresh = refresh(Arc::clone(self), Weak::clone(health), period);
            *background = Some(runtime.spawn(refresh).abort_handle());
        }
    }

    pub(super) fn stop_background(&self) {
        if let Some(task) = lock(&self.background).take() {
            task.abort();
        }
    }

    /// Tells a result to whoever listens, unless a later run's was told already.
    pub(super) fn publish(self: &Arc<Self>, health: &Weak<Inner>, taken: &Taken, is_over: bool) {
        let Some(health) = health.upgrade().filter(|health| health.has(self)) else {
            // A check that was removed while it ran has nothing more to say.
            return;
        };
        if is_over {
            health.record_duration(&taken.result);
        }
        let mut published = lock(&self.published);
        if (published.run, published.is_over) > (taken.run, is_over) {
            return;
        }
        (published.run, published.is_over) = (taken.run, is_over);
        let before = published.status.replace(taken.result.status());
        health.publish(&taken.result, before);
    }

    /// Tells what was recalled, where it is another status than was recalled before, and nobody told it yet. Only then: a
    /// check may find one thing and remember another, and each would be news to the other for ever.
    pub(super) fn tell_recalled(&self, health: &Inner, result: &CheckResult) {
        let status = Some(result.status());
        let before = {
            let mut published = lock(&self.published);
            if std::mem::replace(&mut published.recalled, status) == status
                || published.status == status
            {
                return;
            }
            std::mem::replace(&mut published.status, status)
        };
        health.publish(result, before);
    }

    pub(super) fn keep(&self, state: &mut State, result: CheckResult, run: u64) -> Taken {
        if result.status().is_passing() {
            self.has_passed.store(true, Ordering::Release);
        }
        let taken = Taken {
            result: Arc::new(result),
            at: Instant::now(),
            run,
        };
        state.last = Some(taken.clone());
        taken
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// The run under way, or a new one, and whether it is new.
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
}

/// Nothing that holds these locks can panic half way through a change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn refresh(slot: Arc<Slot>, health: Weak<Inner>, period: Duration) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Also when it was removed while somebody's report began to refresh it.
        if !health.upgrade().is_some_and(|health| health.has(&slot)) {
            return;
        }
        let (run, is_new) = slot.state().join(Instant::now());
        if is_new {
            slot.spawn(run, &health);
        }
    }
}

/// A run under way; dropped in whatever way, it is no longer, and those who wait are told.
struct Running {
    slot: Arc<Slot>,
    run: u64,
}

impl Running {
    async fn finish(self, health: Weak<Inner>) {
        let slot = &self.slot;
        let started = Instant::now();
        let mut run = Box::pin(caught(async { slot.check.run().await }));
        let found = timeout(slot.timeout, run.as_mut()).await;
        // What was given up may panic as it goes.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
        let outcome = match (found, dropped) {
            (_, Err(panic)) => panicked(&*panic),
            (Ok(outcome), _) => outcome,
            (Err(_), _) => {
                Outcome::unhealthy().message(format!("timed out after {:?}", slot.timeout))
            }
        };
        let result = CheckResult::new(&slot.name, outcome, started.elapsed());
        let taken = {
            let mut state = slot.state();
            state.run = None;
            slot.keep(&mut state, result, self.run)
        };
        // Those who wait first, for whoever listens may be slow.
        slot.ended.send_replace(());
        slot.publish(&health, &taken, true);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.slot.state();
        if state.is_running(self.run) {
            state.run = None;
            drop(state);
            self.slot.ended.send_replace(());
        }
    }
}
