//! The health of the engine: reasons why it may not tell of an alert.

use tokio::time::Instant;

use super::engine::Engine;
use super::ledger::Ledger;
use crate::alerts::channels::Mode;

impl Engine {
    /// Reasons why the engine may not tell of an alert.
    pub(super) fn problems(&self) -> Vec<String> {
        self.problems_of(|_| true)
    }

    /// Whether beats are true: a heartbeat that is stopped itself says nothing about the engine.
    pub(super) fn is_healthy(&self) -> bool {
        let is_heartbeat = |mode| matches!(mode, Mode::Heartbeat { .. });
        self.problems_of(|mode| !is_heartbeat(mode)).is_empty()
    }

    /// The problems of the engine, and of the channels of these modes.
    fn problems_of(&self, counts: impl Fn(Mode) -> bool) -> Vec<String> {
        let mut problems = Vec::new();
        let context = &self.context;
        let late_after = (context.interval * 4).saturating_add(context.settle);
        let since = (*self.ticked.lock()).unwrap_or(self.started);
        let late = Instant::now().saturating_duration_since(since);
        if late > late_after {
            problems.push(format!(
                "the rules were last evaluated {} s ago",
                late.as_secs()
            ));
        }
        let elsewhere = self.ledgers.iter().find_map(Ledger::elsewhere_for);
        if let Some(elsewhere) = elsewhere.filter(|elsewhere| *elsewhere > late_after) {
            problems.push(format!(
                "another process holds the alerts of this instance since {} s",
                elsewhere.as_secs()
            ));
        }
        if let Some(error) = self.ledgers.iter().find_map(Ledger::failure) {
            problems.push(format!("the store of the alerts fails: {error}"));
        }
        for ledger in self.open_ledgers() {
            let stopped = ledger.read(|open| open.delivery.stopped());
            for (_, channel, _) in stopped.into_iter().flatten().filter(|it| counts(it.0)) {
                let Some(stopped) = channel.stopped else {
                    continue;
                };
                let problem = format!("the channel {} is stopped: {}", channel.name, stopped.error);
                // Each ledger stops a channel for itself.
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
        problems
    }
}
