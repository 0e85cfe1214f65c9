//! `Health`: the checks, what they found, and what the probes say.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::beat::RuntimeBeat;
use super::builder::{self, Builder};
use super::changes::{StatusChange, StatusChanges};
use super::slot::{Asked, Slot};
use super::{Check, CheckResult, Checker, Probe, Report, Status, record};
use crate::error::Error;
use crate::recorder::RecorderRef;

/// The service's health: its checks, what they found, and what the probes say. A cheap clone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::Health;
/// use tower_vitals::health::{Check, Probe, Status};
///
/// let health = Health::builder()
///     .check("inventory", (|| async { true }).on(Probe::Readiness))
///     .check("search", (|| async { Err::<(), _>("index is empty") }).optional())
///     .build()?;
///
/// assert_eq!(health.report().await.status(), Status::Degraded);
/// assert_eq!(health.report_for(Probe::Readiness).await.status(), Status::Healthy);
/// health.drain();
/// assert_eq!(health.report_for(Probe::Readiness).await.status(), Status::Unhealthy);
/// # Ok(()) }
/// ```
///
/// Checks run in parallel, each on a task of its own, at most once at a time however many ask, and results are kept for
/// a while ([`Check::cache_for`]). It needs a tokio runtime with time enabled; a run lives on that of whoever asked first,
/// which must go on being driven. Background refreshes begin with the first
/// question or with [`run`](Self::run), and end with the last clone.
#[derive(Clone)]
pub struct Health {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    /// Replaced whole when a check comes or goes, so that a report holds no lock.
    pub(super) checks: RwLock<Arc<[Arc<Slot>]>>,
    pub(super) defaults: (Duration, Duration),
    pub(super) starts_explicitly: bool,
    pub(super) started: AtomicBool,
    pub(super) draining: AtomicBool,
    /// Whether what runs in the background was begun by [`Health::run`].
    pub(super) has_run: AtomicBool,
    pub(super) failed: OnceLock<Arc<str>>,
    pub(super) runtime_beat: Option<RuntimeBeat>,
    pub(super) changes: broadcast::Sender<StatusChange>,
    pub(super) recorder: RecorderRef,
}

impl Health {
    /// Without checks yet.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Begins what runs in the background ([`Check::every`], [`Builder::runtime_heartbeat`]) now, on the current tokio
    /// runtime. Without it, background checks begin with the first question, and the runtime's heartbeat never. Outside a
    /// runtime it does nothing.
    pub fn run(&self) {
        self.inner.has_run.store(true, Ordering::Release);
        let health = Arc::downgrade(&self.inner);
        for slot in &*self.inner.slots() {
            slot.ensure_background(&health);
        }
        if let Some(beat) = &self.inner.runtime_beat {
            beat.ensure();
        }
    }

    /// Adds a check while the service runs, as a plugin that is loaded later does.
    ///
    /// # Errors
    ///
    /// As of [`Builder::build`]: the name is taken, empty, too long or not one line of text, a duration is zero, or a
    /// check that asks others is to decide liveness.
    pub fn add(&self, name: impl Into<String>, check: impl Check) -> Result<(), Error> {
        // Before the lock, for it asks the check, whose code may ask this.
        let slot = builder::slot(name.into(), Box::new(check), &[], self.inner.defaults);
        let slot = Arc::new(slot.map_err(Error::invalid)?);
        {
            let mut checks = self.inner.checks_mut();
            builder::check_place(&slot.name, &checks).map_err(Error::invalid)?;
            let more = checks.iter().cloned().chain([Arc::clone(&slot)]).collect();
            *checks = more;
        }
        if self.inner.has_run.load(Ordering::Acquire) {
            slot.ensure_background(&Arc::downgrade(&self.inner));
        }
        Ok(())
    }

    /// Removes a check, and tells whether there was one. Its series stay as they last were.
    #[expect(clippy::must_use_candidate, reason = "it does something")]
    pub fn remove(&self, name: &str) -> bool {
        let before = {
            let mut checks = self.inner.checks_mut();
            let rest = checks.iter().filter(|slot| &*slot.name != name);
            let rest = rest.cloned().collect();
            std::mem::replace(&mut *checks, rest)
        };
        // After the lock, for what is dropped here may be the check itself, whose code may ask this.
        let removed = before.iter().find(|slot| &*slot.name == name);
        if let Some(slot) = removed {
            slot.stop_background();
        }
        removed.is_some()
    }

    /// Everything: each check's result, cached or anew.
    pub async fn report(&self) -> Report {
        self.gather(None, &self.inner.slots(), |_| true).await
    }

    /// One check's result, cached or anew; `None` if there is no such check.
    pub async fn check(&self, name: &str) -> Option<CheckResult> {
        let slot = self.inner.find(name)?;
        let result = match slot.ask(&Arc::downgrade(&self.inner), Instant::now()) {
            Asked::Known(result) => result,
            Asked::Running(wait) => wait.result().await,
        };
        Some(CheckResult::clone(&result))
    }

    /// The report of the checks with this tag; `None` if no check has it.
    pub async fn tagged(&self, tag: &str) -> Option<Report> {
        let slots = self.inner.slots();
        let has_it = |slot: &Slot| slot.options.tags.iter().any(|own| own == tag);
        if !slots.iter().any(|slot| has_it(slot)) {
            return None;
        }
        Some(self.gather(None, &slots, has_it).await)
    }

    /// The names of the checks, in the order they were added.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let slots = self.inner.slots();
        slots.iter().map(|slot| slot.name.to_string()).collect()
    }

    /// The checks as they are registered, and the last that is known of each, without asking anybody.
    #[must_use]
    pub fn checkers(&self) -> Vec<Checker> {
        self.inner.slots().iter().map(Checker::of).collect()
    }

    /// Every change of a check's status from now on, its first result included.
    #[must_use]
    pub fn subscribe(&self) -> StatusChanges {
        StatusChanges::new(self.inner.changes.subscribe())
    }

    pub(super) async fn gather(
        &self,
        probe: Option<Probe>,
        slots: &[Arc<Slot>],
        is_wanted: impl Fn(&Slot) -> bool,
    ) -> Report {
        let health = Arc::downgrade(&self.inner);
        let started = Instant::now();
        let wanted = || slots.iter().filter(|slot| is_wanted(slot));
        // All begin before the first is waited for, so they run in parallel.
        let asked: Vec<_> = wanted().map(|slot| slot.ask(&health, started)).collect();
        let mut results = Vec::with_capacity(asked.len());
        for asked in asked {
            results.push(match asked {
                Asked::Known(result) => result,
                Asked::Running(wait) if probe.is_some() => wait.result_for_probe().await,
                Asked::Running(wait) => wait.result().await,
            });
        }
        let status = wanted()
            .zip(&results)
            .map(|(slot, result)| slot.weigh(result.status()))
            .max();
        Report {
            probe,
            status: status.unwrap_or(Status::Healthy),
            reason: None,
            results,
            duration: started.elapsed(),
            timestamp: SystemTime::now(),
        }
    }
}

impl Inner {
    pub(super) fn slots(&self) -> Arc<[Arc<Slot>]> {
        Arc::clone(&self.checks.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn checks_mut(&self) -> RwLockWriteGuard<'_, Arc<[Arc<Slot>]>> {
        self.checks.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, name: &str) -> Option<Arc<Slot>> {
        self.slots()
            .iter()
            .find(|slot| &*slot.name == name)
            .cloned()
    }

    /// Whether this very check is registered, not another of its name.
    pub(super) fn has(&self, slot: &Arc<Slot>) -> bool {
        self.slots().iter().any(|own| Arc::ptr_eq(own, slot))
    }

    pub(super) fn record_duration(&self, result: &CheckResult) {
        record::duration(&self.recorder, result);
    }

    /// Tells a result to whoever listens: the recorder, the log, the subscribers.
    pub(super) fn publish(&self, result: &CheckResult, before: Option<Status>) {
        record::status(&self.recorder, result);
        if before != Some(result.status()) {
            self.tell_change(result, before);
        }
    }

    fn tell_change(&self, result: &CheckResult, before: Option<Status>) {
        let (check, status) = (result.name(), result.status());
        // Not `message`: that is the event's own.
        let detail = result.message().unwrap_or_default();
        match (before, status) {
            (None, Status::Healthy) => tracing::debug!(check, "health check is healthy"),
            (Some(_), Status::Healthy) => tracing::info!(check, "health check is healthy again"),
            (_, status) => tracing::warn!(check, %status, detail, "health check is not healthy"),
        }
        let overall = self
            .slots()
            .iter()
            .filter_map(|slot| {
                // What was recalled is nowhere kept.
                let is_it = *slot.name == *result.name();
                let status = is_it.then_some(status);
                Some(slot.weigh(status.or_else(|| Some(slot.last()?.0.status()))?))
            })
            .max();
        // An error is that nobody listens.
        let _ = self.changes.send(StatusChange {
            result: result.clone(),
            before,
            overall: overall.unwrap_or(Status::Healthy),
        });
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for slot in &*self.slots() {
            slot.stop_background();
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("checks", &self.names())
            .field("is_started", &self.is_started())
            .field("is_draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}
