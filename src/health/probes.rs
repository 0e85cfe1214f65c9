//! What the three probes say, and what the service says to them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::slot::Slot;
use super::{Health, Probe, Reason, Report, Status};
use crate::redact::redact_line;

impl Health {
    /// What a probe says.
    ///
    /// - Liveness answers from memory and asks nobody: unhealthy after [`fail_liveness`](Self::fail_liveness), when the
    ///   runtime is stuck ([`Builder::runtime_heartbeat`](super::Builder::runtime_heartbeat)), or by a check on it that answers from memory.
    /// - Readiness: unhealthy while draining, until started, and by the checks on it.
    /// - Startup: unhealthy until [`started`](Self::started) or, unless [`Builder::explicit_start`](super::Builder::explicit_start), until each check on
    ///   it has passed once; then healthy for good.
    pub async fn report_for(&self, probe: Probe) -> Report {
        match probe {
            Probe::Liveness => self.liveness(),
            Probe::Readiness if self.is_draining() => answer(probe, Some(Reason::Draining)),
            Probe::Readiness => {
                let report = self.readiness().await;
                // It may have begun while the checks ran.
                if self.is_draining() {
                    return answer(probe, Some(Reason::Draining));
                }
                report
            }
            Probe::Startup if self.is_started() => answer(probe, None),
            Probe::Startup => {
                let slots = self.inner.slots();
                let on_it = |slot: &Slot| slot.decides(Probe::Startup);
                let mut report = self.gather(Some(probe), &slots, on_it).await;
                if self.has_started_now(&slots) {
                    // Each passed once, if not all at once.
                    report.status = report.status.min(Status::Degraded);
                } else {
                    report.status = Status::Unhealthy;
                    report.reason = Some(Reason::Starting);
                }
                report
            }
        }
    }

    /// What readiness says, drain aside.
    pub(crate) async fn readiness(&self) -> Report {
        let is_starting = !self.is_started();
        let slots = self.inner.slots();
        let decides = |slot: &Slot| {
            slot.decides(Probe::Readiness) || (is_starting && slot.decides(Probe::Startup))
        };
        let mut report = self.gather(Some(Probe::Readiness), &slots, decides).await;
        if !self.has_started_now(&slots) {
            report.status = Status::Unhealthy;
            report.reason = Some(Reason::Starting);
        }
        report
    }

    /// What liveness says: from memory, without a runtime, without waiting.
    #[must_use]
    pub fn liveness(&self) -> Report {
        let failed = self.inner.failed.get().cloned().map(Reason::Failed);
        let is_stuck = || {
            let beat = self.inner.runtime_beat.as_ref()?;
            beat.is_stuck().then_some(Reason::RuntimeStuck)
        };
        let mut report = answer(Probe::Liveness, failed.or_else(is_stuck));
        for slot in self
            .inner
            .slots()
            .iter()
            .filter(|slot| slot.decides(Probe::Liveness))
        {
            if let Some(result) = slot.recall() {
                slot.tell_recalled(&self.inner, &result);
                report.status = report.status.max(slot.weigh(result.status()));
                report.results.push(Arc::new(result));
            }
        }
        report
    }

    /// The service is on its way out: readiness is unhealthy from now on, so that balancers send no more. For good.
    pub fn drain(&self) {
        if !self.inner.draining.swap(true, Ordering::AcqRel) {
            tracing::info!("draining: readiness is unhealthy from now on");
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Acquire)
    }

    /// The service has started: startup is healthy from now on, whatever its checks say. For good.
    pub fn started(&self) {
        self.inner.started.store(true, Ordering::Release);
    }

    /// Whether startup is over, as far as is known without asking.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.inner.started.load(Ordering::Acquire)
    }

    /// The service cannot go on and wants to be restarted: liveness is unhealthy from now on. For good; the first reason
    /// stays.
    pub fn fail_liveness(&self, reason: impl AsRef<str>) {
        let reason: Arc<str> = redact_line(reason.as_ref(), 1024).into();
        if self.inner.failed.set(Arc::clone(&reason)).is_ok() {
            tracing::error!(%reason, "liveness failed");
        }
    }

    /// Whether startup is over, told from what the checks on it found.
    fn has_started_now(&self, slots: &[Arc<Slot>]) -> bool {
        let mut on_it = slots.iter().filter(|slot| slot.decides(Probe::Startup));
        if !self.is_started()
            && !self.inner.starts_explicitly
            && on_it.all(|slot| slot.has_started())
        {
            self.started();
        }
        self.is_started()
    }
}

/// An answer that no check was asked for.
fn answer(probe: Probe, reason: Option<Reason>) -> Report {
    Report {
        probe: Some(probe),
        status: match reason {
            Some(_) => Status::Unhealthy,
            None => Status::Healthy,
        },
        reason,
        results: Vec::new(),
        duration: Duration::ZERO,
        timestamp: SystemTime::now(),
    }
}
