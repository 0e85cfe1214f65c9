//! The wait for a run of a check.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::registry::Inner;
use super::slot::{Run, Slot};
use super::{CheckResult, Outcome};

/// How much longer than a check's timeout anyone waits for it. The timeout itself is kept by the run; only a check that
/// blocks its thread is still running after this.
const GRACE: Duration = Duration::from_millis(50);

/// How long a probe waits for checks that cannot make it fail, if there is anything known of them: probes give up
/// themselves (Kubernetes' after 1 s), and what hangs would fail them all the same.
const PATIENCE: Duration = Duration::from_millis(100);

/// The wait for a run that somebody began. Dropped, the run goes on for others.
pub(super) struct Wait {
    slot: Arc<Slot>,
    health: Weak<Inner>,
    run: Run,
    /// When it is given up: the same for all that one report waits for.
    deadline: Instant,
    ended: watch::Receiver<()>,
}

impl Wait {
    pub(super) fn new(
        slot: Arc<Slot>,
        health: Weak<Inner>,
        run: Run,
        ended: watch::Receiver<()>,
    ) -> Self {
        let over = run.since + slot.timeout;
        Self {
            slot,
            health,
            run,
            // A run that is overdue when somebody asks has its turn first, too: nothing may have been polled for a while, for
            // the process was stopped or its runtime not driven.
            deadline: over.max(Instant::now()) + GRACE,
            ended,
        }
    }

    pub(super) fn run(&self) -> Run {
        self.run
    }

    /// The run's result; where it is late and can only degrade, the last one: the run's own is for the next probe.
    pub(super) async fn result_for_probe(self) -> Arc<CheckResult> {
        let last = self.slot.last().filter(|_| self.slot.only_degrades());
        // A run past its timeout blocks its thread, and will find nothing: who waits for it is who tells.
        let is_overdue = self.run.since + self.slot.timeout <= Instant::now();
        let Some((last, _)) = last.filter(|_| !is_overdue) else {
            return self.result().await;
        };
        let until = self.run.since + PATIENCE;
        timeout_at(until, self.result()).await.unwrap_or(last)
    }

    /// The run's result; at the deadline, that it is still running.
    pub(super) async fn result(mut self) -> Arc<CheckResult> {
        loop {
            let is_late = timeout_at(self.deadline, self.ended.changed())
                .await
                .is_err();
            let mut state = self.slot.state();
            let is_running = state.is_running(self.run.number);
            if let Some(taken) = &state.last
                && taken.run >= self.run.number
                && !(is_running && taken.at.elapsed() > self.slot.valid_for().max(GRACE))
            {
                return Arc::clone(&taken.result);
            }
            if is_running && !is_late {
                continue;
            }
            if !is_running {
                // Not kept: it is nothing that the check found, and whoever asks next begins a run of its own.
                let message = "the run ended without a result: its runtime shut down";
                let outcome = Outcome::unhealthy().message(message);
                let took = self.run.since.elapsed();
                return Arc::new(CheckResult::new(&self.slot.name, outcome, took));
            }
            let message = format!(
                "still running after {:?}, past its timeout of {:?}: it blocks its thread, or the runtime is overloaded",
                self.run.since.elapsed(),
                self.slot.timeout
            );
            let outcome = Outcome::unhealthy().message(message);
            let result = CheckResult::new(&self.slot.name, outcome, self.run.since.elapsed());
            // Several may wait: the first to give up tells it to all, until it is too old.
            let taken = self.slot.keep(&mut state, result, self.run.number);
            drop(state);
            self.slot.publish(&self.health, &taken, false);
            return taken.result;
        }
    }
}
