//! `History`: the last transitions.

use std::collections::VecDeque;
use std::time::SystemTime;

use serde::{Deserialize, Serialize, Serializer};

use super::limits::Limits;
use super::transition::Transition;

/// The last transitions, the oldest first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct History(VecDeque<Transition>);

impl History {
    /// Adds as many as `limits` allows, the newest, so that a list without a history takes no memory.
    pub(super) fn record(&mut self, transitions: &[Transition], limits: &Limits) {
        let excess = transitions.len().saturating_sub(limits.history);
        self.0.extend(transitions[excess..].iter().cloned());
    }

    pub(super) fn trim(&mut self, limits: &Limits, now: SystemTime) {
        let oldest = now.checked_sub(limits.history_age);
        let is_old = |transition: &Transition| oldest.is_some_and(|oldest| transition.at < oldest);
        while self.0.len() > limits.history || self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Transition> {
        self.0.iter()
    }
}

/// Without secrets.
impl Serialize for History {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().cloned().map(Transition::redacted))
    }
}
