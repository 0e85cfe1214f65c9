//! `Forgotten`: alerts that ended and left the state at once.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::state::{Alert, AlertId, AlertState, State, Transition};

/// How long a resolved alert goes on being posted.
const RECENT: Duration = Duration::from_secs(5 * 60);
/// The receiver itself ends further ones, when they were not posted for a while.
const MAX: usize = 1_000;

/// Alerts that ended and left the state at once, such as those of code, and those whose series is gone. Receivers that get all alerts
/// must hear of their end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Forgotten(BTreeMap<AlertId, NotifiedAlert>);

impl Forgotten {
    /// Takes note of these changes. Returns whether anything changed.
    pub(super) fn note(
        &mut self,
        transitions: &[Transition],
        state: &State,
        context: &Context,
        now: SystemTime,
    ) -> bool {
        let before = self.0.len();
        self.0
            .retain(|_, alert| alert.ends_at.is_some_and(|end| is_recent(end, now)));
        let mut is_changed = self.0.len() < before;
        let mut ended = BTreeMap::new();
        for transition in transitions {
            if transition.to == AlertState::Firing {
                ended.remove(&transition.alert);
                is_changed |= self.0.remove(&transition.alert).is_some();
            } else if transition.to == AlertState::Resolved {
                ended.insert(transition.alert, transition);
            }
        }
        if ended.is_empty() {
            return is_changed;
        }
        for alert in state.alerts() {
            ended.remove(&alert.id);
        }
        for (id, transition) in ended {
            let alert = alert_of(transition);
            if self.0.len() < MAX && context.announces(&alert) {
                let notified = NotifiedAlert::of(&alert, &context.describe(&alert));
                self.0.insert(id, notified);
                is_changed = true;
            }
        }
        is_changed
    }

    pub(super) fn recent(&self, now: SystemTime) -> impl Iterator<Item = &NotifiedAlert> {
        let recent = self.0.values();
        recent.filter(move |alert| alert.ends_at.is_some_and(|end| is_recent(end, now)))
    }
}

pub(super) fn is_recent(end: SystemTime, now: SystemTime) -> bool {
    now.duration_since(end).is_ok_and(|age| age <= RECENT)
}

/// The alert at its end. Its begin is not known any more, but the receiver knows it.
fn alert_of(end: &Transition) -> Alert {
    Alert {
        id: end.alert,
        name: end.name.clone(),
        labels: end.labels.clone(),
        level: end.level,
        text: end.text.clone(),
        state: end.to,
        since: end.at,
        active_at: None,
        value: end.value,
        true_value: None,
        holds: false,
        acknowledged: None,
        resolved_by_hand: None,
    }
}
