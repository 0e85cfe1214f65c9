//! `Health`: the checks of a service, and the answers to its probes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::StatusCode;
use tokio::time::Instant;

use super::entry::{CheckEntry, Lookup};
use super::gather::gather;
use super::runtime_heartbeat::RuntimeHeartbeat;
use super::state::State;
use super::{Check, CheckInfo, CheckResult, Probe, Reason, Report, Status, StatusChanges};
use crate::error::Error;
use crate::redact::{Redacted, redact_line};

/// The service's health: its checks, their results, and the answers to its probes. Clones are cheap and share all of it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
/// use tower_vitals::Health;
/// use tower_vitals::health::{Check, Probe, Status};
///
/// let health = Health::builder()
///     .check("inventory", || async { true })
///     .check("search", (|| async { Err::<(), _>("index is empty") }).optional())
///     .build()?;
///
/// assert_eq!(health.report().await.status(), Status::Degraded);
/// assert_eq!(health.report_for(Probe::Readiness).await.status(), Status::Degraded);
/// assert_eq!(health.report_for(Probe::Liveness).await.status(), Status::Healthy);
/// health.drain();
/// assert_eq!(health.report_for(Probe::Readiness).await.status(), Status::Unhealthy);
/// # Ok(()) }
/// ```
///
/// Checks run in parallel, each on its own task and at most once at a time. Results are cached ([`Check::cache_for`]).
/// Checks need a tokio runtime with time enabled: a run is spawned on the runtime of the first caller, which must keep
/// running. Background runs start with the first report, [`refresh`](Self::refresh) or [`run`](Self::run), and end with
/// the last clone.
#[derive(Clone)]
pub struct Health {
    pub(super) state: Arc<State>,
}

impl Health {
    /// Starts the background work ([`Check::every`], [`HealthBuilder::runtime_heartbeat`]) on the current tokio runtime.
    ///
    /// Without this call, background checks start with the first report and the heartbeat never starts. Does nothing
    /// outside a runtime.
    ///
    /// [`HealthBuilder::runtime_heartbeat`]: super::HealthBuilder::runtime_heartbeat
    pub fn run(&self) {
        self.state.runs_in_background.store(true, Ordering::Release);
        for entry in &*self.state.entries() {
            // Again, because the recorder may have been installed since.
            self.state.register(entry);
            entry.ensure_background();
        }
        if let Some(heartbeat) = &self.state.runtime_heartbeat {
            heartbeat.start();
        }
    }

    /// Adds a check while the service runs, for example when a plugin is loaded.
    ///
    /// # Errors
    ///
    /// The check is rejected as by [`HealthBuilder::build`](super::HealthBuilder::build).
    pub fn add(&self, name: impl Into<String>, check: impl Check) -> Result<(), Error> {
        let state = &self.state;
        let entry = state.new_entry(&name.into(), check.configured(), std::iter::empty());
        Error::combine(entry.problems().into_iter().map(Error::invalid))?;
        state.insert(Arc::clone(&entry)).map_err(Error::invalid)?;
        state.register(&entry);
        if state.runs_in_background.load(Ordering::Acquire) {
            entry.ensure_background();
        }
        Ok(())
    }

    /// Removes a check and returns whether it existed. Its series keep their last values.
    #[expect(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn remove(&self, name: &str) -> bool {
        self.state.remove(name).is_some()
    }

    /// Returns the results of all checks, cached or new.
    pub async fn report(&self) -> Report {
        self.report_of(&self.state.entries(), |_| true).await
    }

    /// Returns the results of the checks with this tag, or `None` if no check has it.
    pub async fn report_for_tag(&self, tag: &str) -> Option<Report> {
        let entries = self.state.entries();
        let has_tag = |entry: &CheckEntry| entry.options.tags.iter().any(|own| own == tag);
        if !entries.iter().any(|entry| has_tag(entry)) {
            return None;
        }
        Some(self.report_of(&entries, has_tag).await)
    }

    async fn report_of(
        &self,
        entries: &[Arc<CheckEntry>],
        is_wanted: impl Fn(&CheckEntry) -> bool,
    ) -> Report {
        let mut report = gather(None, false, entries, is_wanted).await;
        report.degraded_status = self.state.degraded_status;
        report
    }

    /// Returns the HTTP status of a report, or of one check's result, with this status: 503 when unhealthy,
    /// [`HealthBuilder::degraded_status`](super::HealthBuilder::degraded_status) when degraded, else 200.
    #[must_use]
    pub fn status_code(&self, status: Status) -> StatusCode {
        match status {
            Status::Degraded => self.state.degraded_status,
            status => status.status_code(),
        }
    }

    /// Returns the answer to a probe.
    ///
    /// - Liveness reads memory and runs no check. It is unhealthy after [`fail_liveness`](Self::fail_liveness), while the
    ///   runtime is stuck ([`HealthBuilder::runtime_heartbeat`]), and when a check on it is.
    /// - Readiness is unhealthy while the service drains or has not started, and when a check on it is. While a first run
    ///   takes longer than 100 ms, it is unhealthy with [`Reason::Starting`].
    /// - Startup is unhealthy until [`mark_started`](Self::mark_started) or, without
    ///   [`HealthBuilder::explicit_start`], until each check on it has passed once. It then stays healthy.
    ///
    /// [`HealthBuilder::runtime_heartbeat`]: super::HealthBuilder::runtime_heartbeat
    /// [`HealthBuilder::explicit_start`]: super::HealthBuilder::explicit_start
    pub async fn report_for(&self, probe: Probe) -> Report {
        match probe {
            Probe::Liveness => self.liveness(),
            Probe::Readiness if self.is_draining() => {
                Report::without_checks(probe, Some(Reason::Draining))
            }
            Probe::Readiness => {
                let report = self.readiness().await;
                // A drain may have started while the checks ran.
                if self.is_draining() {
                    return Report::without_checks(probe, Some(Reason::Draining));
                }
                report
            }
            Probe::Startup => {
                let entries = self.state.entries();
                if self.update_started(&entries) {
                    return Report::without_checks(probe, None);
                }
                let decides = |entry: &CheckEntry| entry.decides(probe);
                let mut report = gather(Some(probe), true, &entries, decides).await;
                if self.update_started(&entries) {
                    // Each check has passed once, but not necessarily in this report.
                    report.status = report.status.min(Status::Degraded);
                    report.reason = None;
                } else {
                    report.fail(Reason::Starting);
                }
                report
            }
        }
    }

    /// Returns the answer to readiness, apart from the drain.
    pub(crate) async fn readiness(&self) -> Report {
        let entries = self.state.entries();
        let is_starting = !self.update_started(&entries);
        let decides = |entry: &CheckEntry| {
            entry.decides(Probe::Readiness) || (is_starting && entry.decides(Probe::Startup))
        };
        let probe = Some(Probe::Readiness);
        let mut report = gather(probe, is_starting, &entries, decides).await;
        if !self.update_started(&entries) {
            report.fail(Reason::Starting);
        }
        report
    }

    /// Returns the answer to liveness from memory: without a runtime and without waiting.
    #[must_use]
    pub fn liveness(&self) -> Report {
        let failure = self.state.liveness_failure.get().cloned();
        let heartbeat = self.state.runtime_heartbeat.as_ref();
        let is_stuck = || heartbeat.is_some_and(RuntimeHeartbeat::is_stuck);
        let reason = failure
            .map(Reason::Failed)
            .or_else(|| is_stuck().then_some(Reason::RuntimeStuck));
        let mut report = Report::without_checks(Probe::Liveness, reason);
        let entries = self.state.entries();
        for entry in entries
            .iter()
            .filter(|entry| entry.decides(Probe::Liveness))
        {
            if let Some(result) = entry.result_from_memory() {
                entry.publish_from_memory(&result);
                report.status = report.status.max(result.effect);
                report.results.push(Arc::new(result));
            }
        }
        report
    }

    /// Runs one check and returns its result, or the cached one. Returns `None` if there is no such check.
    pub async fn run_check(&self, name: &str) -> Option<CheckResult> {
        let entry = self.state.find(name)?;
        let result = match entry.join(Instant::now()) {
            Lookup::Cached(result) => result,
            Lookup::InFlight(mut in_flight) => in_flight.result().await,
        };
        Some(CheckResult::clone(&result))
    }

    /// Returns the names of the checks in the order they were added.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = self.state.entries();
        entries.iter().map(|entry| entry.name.to_string()).collect()
    }

    /// Returns the tags of the checks, each once, in the order they were added.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for entry in &*self.state.entries() {
            for tag in &entry.options.tags {
                if !tags.contains(tag) {
                    tags.push(tag.clone());
                }
            }
        }
        tags
    }

    /// Returns the registered checks with their last results, without running any.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckInfo> {
        let entries = self.state.entries();
        entries.iter().map(|entry| CheckInfo::new(entry)).collect()
    }

    /// Returns a stream of every change of a check's status from now on, including its first result.
    #[must_use]
    pub fn subscribe(&self) -> StatusChanges {
        StatusChanges::new(self.state.changes.subscribe())
    }

    /// Makes readiness unhealthy from now on, so that load balancers stop sending requests. Cannot be undone.
    pub fn drain(&self) {
        if !self.state.is_draining.swap(true, Ordering::AcqRel) {
            tracing::info!("draining: readiness is unhealthy from now on");
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.state.is_draining.load(Ordering::Acquire)
    }

    /// Ends startup: it is healthy from now on, regardless of its checks. Cannot be undone.
    pub fn mark_started(&self) {
        self.state.is_started.store(true, Ordering::Release);
    }

    /// Whether startup has ended, according to the last results.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.state.is_started.load(Ordering::Acquire)
    }

    /// Makes liveness unhealthy from now on, so that the orchestrator restarts the service. Cannot be undone; the first
    /// reason is kept.
    pub fn fail_liveness(&self, reason: impl AsRef<str>) {
        let reason: Arc<str> = redact_line(reason.as_ref(), 1024).into();
        let failure = &self.state.liveness_failure;
        if failure.set(Arc::clone(&reason)).is_ok() {
            tracing::error!(%reason, "liveness failed");
        }
    }

    /// Ends startup if each check on it has passed. Returns whether it has ended.
    fn update_started(&self, entries: &[Arc<CheckEntry>]) -> bool {
        let mut decisive = entries.iter().filter(|entry| entry.decides(Probe::Startup));
        // It has passed once, or it is optional and has a result.
        let has_started = |entry: &Arc<CheckEntry>| {
            entry.has_passed() || (entry.options.is_optional && entry.last().is_some())
        };
        if !self.is_started() && !self.state.starts_explicitly && decisive.all(has_started) {
            self.mark_started();
        }
        self.is_started()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("checks", &Redacted(self.names()))
            .field("is_started", &self.is_started())
            .field("is_draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}
