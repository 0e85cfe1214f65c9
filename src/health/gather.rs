//! Gathers the results of checks: starts their runs, and waits for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::entry::{CheckEntry, GRACE, InFlight, Lookup};
use super::{CheckResult, Outcome, Probe, Reason, Report};

/// How long a probe waits for a first run, and for a check that only degrades. Probes have timeouts of their own (1 s in
/// Kubernetes), and a check that hangs would exceed them.
const PROBE_TIMEOUT: Duration = Duration::from_millis(100);

/// Returns a report of the checks in `entries` that `is_wanted` selects. While the service is starting, a probe waits for
/// no slow run.
pub(super) async fn gather(
    probe: Option<Probe>,
    is_starting: bool,
    entries: &[Arc<CheckEntry>],
    is_wanted: impl Fn(&CheckEntry) -> bool,
) -> Report {
    let started = Instant::now();
    let wanted = entries.iter().filter(|entry| is_wanted(entry));
    // All runs start before the first wait, so they run in parallel.
    let lookups: Vec<_> = wanted.map(|entry| entry.join(started)).collect();
    let mut results = Vec::with_capacity(lookups.len());
    let mut has_gap = false;
    for lookup in lookups {
        results.push(match lookup {
            // Not awaited, because the future of a wait is large.
            Lookup::Cached(result) => result,
            Lookup::InFlight(mut in_flight) if probe.is_none() => in_flight.result().await,
            Lookup::InFlight(mut in_flight) => {
                let result = in_flight.result_for_probe(is_starting || has_gap).await;
                result.unwrap_or_else(|| {
                    let result = in_flight.no_result();
                    has_gap |= !result.effect.is_passing();
                    Arc::new(result)
                })
            }
        });
    }
    let mut report = Report::new(probe, results, started.elapsed());
    if has_gap {
        report.fail(Reason::Starting);
    }
    report
}

impl InFlight {
    /// Returns the run's result. If the run is slow, returns `None` for a first run, and the last result for a check that
    /// only degrades or if the service is starting.
    async fn result_for_probe(&mut self, is_starting: bool) -> Option<Arc<CheckResult>> {
        let last = self.entry.last().map(|(last, _)| last);
        // An overdue run blocks its thread. Only a caller that waits until the deadline can report that.
        let is_overdue = self.run.since + self.entry.timeout <= Instant::now();
        let may_be_old = is_starting || self.entry.only_degrades();
        if is_overdue || (last.is_some() && !may_be_old) {
            return Some(self.result().await);
        }
        let until = self.run.since + PROBE_TIMEOUT;
        timeout_at(until, self.result()).await.ok().or(last)
    }

    /// Stands in for the result of a first run. Not cached, because the check itself found nothing.
    fn no_result(&self) -> CheckResult {
        let running_for = self.run.since.elapsed();
        let message = format!("no result yet: the first run has taken {running_for:?} so far");
        let outcome = Outcome::unhealthy().message(message);
        self.entry.result(outcome, running_for)
    }

    /// Returns the run's result, or at the deadline that it is still running.
    pub(super) async fn result(&mut self) -> Arc<CheckResult> {
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
            let result =
                entry.result_of_run(Outcome::unhealthy().message(message), running_for, false);
            // Cached, so that the other callers get it too until it expires.
            let cached = entry.cache(&mut flight, result, self.run.number);
            drop(flight);
            entry.publish(&cached, false);
            return cached.result;
        }
    }
}
