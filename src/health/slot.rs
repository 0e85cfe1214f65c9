//! One registered check: its single flight, its cache, its background refresh.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::check::{AnyCheck, Options};
use super::registry::Inner;
use super::{CheckResult, Outcome, Probe, Status};

/// How much longer than a check's timeout anyone waits for it. The timeout itself is kept by the run; only a check that
/// blocks its thread is still running after this.
const GRACE: Duration = Duration::from_millis(50);

/// A check and what is known of it.
pub(super) struct Slot {
    pub(super) name: Arc<str>,
    pub(super) options: Options,
    pub(super) timeout: Duration,
    pub(super) cache_for: Duration,
    check: Box<dyn AnyCheck>,
    state: Mutex<State>,
    /// Told whenever a run has ended.
    ended: watch::Sender<()>,
    has_passed: AtomicBool,
    background: Mutex<Option<AbortHandle>>,
}

#[derive(Default)]
struct State {
    last: Option<(Arc<CheckResult>, Instant)>,
    running_since: Option<Instant>,
}

/// A result that is there, or the wait for one.
pub(super) enum Asked {
    Known(Arc<CheckResult>),
    Running(Wait),
}

/// The wait for a run that somebody began. Dropped, the run goes on for others.
pub(super) struct Wait {
    slot: Arc<Slot>,
    health: Weak<Inner>,
    ended: watch::Receiver<()>,
    deadline: Instant,
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
            timeout: options.timeout.unwrap_or(defaults.0),
            cache_for: options.cache_for.unwrap_or(defaults.1),
            options,
            check,
            state: Mutex::default(),
            ended: watch::Sender::new(()),
            has_passed: AtomicBool::new(false),
            background: Mutex::default(),
        }
    }

    pub(super) fn decides(&self, probe: Probe) -> bool {
        self.options.probes.contains(&probe)
    }

    /// Whether it ever was healthy or degraded.
    pub(super) fn has_passed(&self) -> bool {
        self.has_passed.load(Ordering::Acquire)
    }

    /// What a status of this check means for the whole.
    pub(super) fn weigh(&self, status: Status) -> Status {
        let spares = self.options.is_optional || (self.options.is_shared && self.has_passed());
        if spares {
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
        let (result, at) = self.state().last.clone()?;
        Some((result, at.elapsed()))
    }

    pub(super) fn is_running(&self) -> bool {
        self.state().running_since.is_some()
    }

    /// The last result if it is young enough, else the run under way, else a new one.
    pub(super) fn ask(self: &Arc<Self>, health: &Weak<Inner>, now: Instant) -> Asked {
        self.ensure_background(health);
        let mut state = self.state();
        if let Some((result, at)) = &state.last
            && now.saturating_duration_since(*at) < self.valid_for()
        {
            return Asked::Known(Arc::clone(result));
        }
        let Some(since) = self.run(&mut state, health, now) else {
            let outcome = Outcome::unhealthy()
                .message("health checks run in a tokio runtime: there is none here");
            return Asked::Known(Arc::new(CheckResult::new(
                &self.name,
                outcome,
                Duration::ZERO,
            )));
        };
        Asked::Running(Wait {
            slot: Arc::clone(self),
            health: Weak::clone(health),
            // Under the lock, so that the end of the run cannot fall between.
            ended: self.ended.subscribe(),
            deadline: since + self.timeout + GRACE,
        })
    }

    /// In the background a result is refreshed at each period; should that ever stall, probes ask again by themselves.
    fn valid_for(&self) -> Duration {
        match self.options.every {
            Some(period) => self.cache_for.max(period + self.timeout),
            None => self.cache_for,
        }
    }

    /// Since when the run under way runs, which is now if none was. `None` outside a tokio runtime.
    fn run(
        self: &Arc<Self>,
        state: &mut State,
        health: &Weak<Inner>,
        now: Instant,
    ) -> Option<Instant> {
        if let Some(since) = state.running_since {
            return Some(since);
        }
        let runtime = Handle::try_current().ok()?;
        state.running_since = Some(now);
        // A task of its own: whoever asked may leave, and others wait for the same run.
        runtime.spawn(Running(Arc::clone(self)).finish(Weak::clone(health)));
        Some(now)
    }

    /// Refreshes from now on, if it is to be and is not yet. A refresher that ended with its runtime is made anew.
    pub(super) fn ensure_background(self: &Arc<Self>, health: &Weak<Inner>) {
        let Some(period) = self.options.every else {
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

    /// Keeps the result, and gives the status before it.
    fn keep(&self, result: &Arc<CheckResult>, state: &mut State) -> Option<Status> {
        if result.status().is_passing() {
            self.has_passed.store(true, Ordering::Release);
        }
        let before = state.last.replace((Arc::clone(result), Instant::now()));
        before.map(|(before, _)| before.status())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
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
        if health.strong_count() == 0 {
            return;
        }
        slot.run(&mut slot.state(), &health, Instant::now());
    }
}

/// A run under way; dropped in whatever way, it is no longer, and those who wait are told.
struct Running(Arc<Slot>);

impl Running {
    async fn finish(self, health: Weak<Inner>) {
        let slot = &self.0;
        let started = Instant::now();
        let run = caught(async { slot.check.run().await });
        let outcome = match timeout(slot.timeout, run).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::unhealthy().message(format!("timed out after {:?}", slot.timeout)),
        };
        let result = Arc::new(CheckResult::new(&slot.name, outcome, started.elapsed()));
        let before = {
            let mut state = slot.state();
            state.running_since = None;
            slot.keep(&result, &mut state)
        };
        if let Some(health) = health.upgrade() {
            health.publish(&result, before);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running_since = None;
        self.0.ended.send_replace(());
    }
}

impl Wait {
    /// The run's result; at the deadline, that it is still running.
    pub(super) async fn result(mut self) -> Arc<CheckResult> {
        let is_over = timeout_at(self.deadline, self.ended.changed())
            .await
            .is_ok();
        let slot = &self.slot;
        let mut state = slot.state();
        let last = state.last.clone();
        if is_over && let Some((result, _)) = last {
            return result;
        }
        // Several may wait: the first to give up tells it to all.
        let now = Instant::now();
        if let Some((result, at)) = last
            && now.saturating_duration_since(at) < slot.valid_for()
        {
            return result;
        }
        let message = match state.running_since {
            Some(since) => format!(
                "still running after {:?}, past its timeout of {:?}: it blocks its thread",
                now.saturating_duration_since(since),
                slot.timeout
            ),
            None => "the run ended without a result: its runtime shut down".to_owned(),
        };
        let outcome = Outcome::unhealthy().message(message);
        let result = Arc::new(CheckResult::new(&slot.name, outcome, slot.timeout));
        let before = slot.keep(&result, &mut state);
        drop(state);
        if let Some(health) = self.health.upgrade() {
            health.publish(&result, before);
        }
        result
    }
}

/// The future's outcome, or that it panicked.
async fn caught(check: impl Future<Output = Outcome>) -> Outcome {
    let mut check = pin!(check);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(panic) => Poll::Ready(panicked(&*panic)),
        },
    )
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a value that is no text");
    Outcome::unhealthy().message(format!("the check panicked: {message}"))
}
