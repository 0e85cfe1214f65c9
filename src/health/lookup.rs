//! `Lookup`: a cached result, or the wait for a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::entry::CheckEntry;
use super::flight::Run;
use super::{CheckResult, Outcome, Probe};

/// How much longer than the check's timeout a caller waits. The run itself keeps the timeout, so only a check that
/// blocks its thread is still running after this.
const GRACE: Duration = Duration::from_millis(50);

/// How long a probe waits for a check that only degrades, once there is a previous result. Probes have timeouts of
/// their own (1 s in Kubernetes), and a check that hangs would exceed them.
const PROBE_TIMEOUT: Duration = Duration::from_millis(100);

pub(super) enum Lookup {
    Cached(Arc<CheckResult>),
    InFlight(InFlight),
}

impl Lookup {
    /// Returns the last result while it is valid. Otherwise joins the run in flight, or starts one.
    pub(super) fn new(entry: &Arc<CheckEntry>, now: Instant) -> Self {
        entry.ensure_background();
        let mut flight = entry.flight();
        if let Some(last) = &flight.last
            && now.saturating_duration_since(last.at) < entry.valid_for()
        {
            return Self::Cached(Arc::clone(&last.result));
        }
        let (run, is_new) = flight.join(now);
        // Under the lock, so that the run cannot end unnoticed.
        let ended = entry.ended.subscribe();
        drop(flight);
        let times_out_at = run.since + entry.timeout;
        // An overdue run gets a turn first, because the process or its runtime may have been suspended.
        let deadline = times_out_at.max(Instant::now()) + GRACE;
        let is_running = !is_new || entry.spawn(run);
        // The wait needs a runtime, too, even if the run is on another one.
        if !is_running || Handle::try_current().is_err() {
            let outcome = Outcome::unhealthy()
                .message("health checks need a tokio runtime: none is entered here");
            return Self::Cached(Arc::new(entry.result(outcome, Duration::ZERO)));
        }
        Self::InFlight(InFlight {
            entry: Arc::clone(entry),
            run,
            deadline,
            ended,
        })
    }

    pub(super) async fn result(self, probe: Option<Probe>) -> Arc<CheckResult> {
        match (self, probe) {
            (Self::Cached(result), _) => result,
            (Self::InFlight(in_flight), Some(_)) => in_flight.result_for_probe().await,
            (Self::InFlight(in_flight), None) => in_flight.result().await,
        }
    }
}

/// The wait for a run. The run goes on when this is dropped.
pub(super) struct InFlight {
    entry: Arc<CheckEntry>,
    run: Run,
    /// When the wait ends. All waits of a report start together, so their deadlines do not add up.
    deadline: Instant,
    ended: watch::Receiver<()>,
}

impl InFlight {
    /// Returns the run's result. If the check only degrades and is slow, returns the last result instead.
    async fn result_for_probe(self) -> Arc<CheckResult> {
        let last = self.entry.last().filter(|_| self.entry.only_degrades());
        // An overdue run blocks its thread. Only a caller that waits until the deadline can report that.
        let is_overdue = self.run.since + self.entry.timeout <= Instant::now();
        let Some((last, _)) = last.filter(|_| !is_overdue) else {
            return self.result().await;
        };
        let until = self.run.since + PROBE_TIMEOUT;
        timeout_at(until, self.result()).await.unwrap_or(last)
    }

    /// Returns the run's result, or at the deadline that it is still running.
    async fn result(mut self) -> Arc<CheckResult> {
        let entry = &self.entry;
        loop {
            let is_late = timeout_at(self.deadline, self.ended.changed())
                .await
                .is_err();
            let mut flight = entry.flight();
            let is_running = flight.is_running(self.run.number);
            if let Some(last) = &flight.last
                && last.run >= self.run.number
                && !(is_running && last.at.elapsed() > entry.valid_for().max(GRACE))
            {
                return Arc::clone(&last.result);
            }
            let running_for = self.run.since.elapsed();
            if !is_running {
                // Not cached, because the check itself found nothing.
                let message = "the run ended without a result: its runtime shut down";
                let outcome = Outcome::unhealthy().message(message);
                return Arc::new(entry.result(outcome, running_for));
            }
            if !is_late {
                continue;
            }
            let message = format!(
                "still running after {running_for:?}, past its timeout of {:?}: it blocks its thread, or the runtime is \
                 overloaded",
                entry.timeout
            );
            let result = entry.result(Outcome::unhealthy().message(message), running_for);
            // Cached, so that the other callers get it too until it expires.
            let cached = flight.cache(result, self.run.number);
            drop(flight);
            entry.publish(&cached, false);
            return cached.result;
        }
    }
}
