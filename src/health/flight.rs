//! `Flight`: at most one run of a check at a time, and its last result.

use std::sync::Arc;

use tokio::time::Instant;

use super::CheckResult;

#[derive(Default)]
pub(super) struct Flight {
    pub(super) last: Option<Cached>,
    /// Whether a result was healthy or degraded.
    pub(super) has_passed: bool,
    pub(super) run: Option<Run>,
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
    pub(super) fn join(&mut self, now: Instant) -> (Run, bool) {
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

    pub(super) fn cache(&mut self, result: CheckResult, run: u64) -> Cached {
        self.has_passed |= result.status().is_passing();
        let cached = Cached {
            result: Arc::new(result),
            at: Instant::now(),
            run,
        };
        self.last = Some(cached.clone());
        cached
    }

    pub(super) fn is_running(&self, number: u64) -> bool {
        self.run.is_some_and(|run| run.number == number)
    }
}
