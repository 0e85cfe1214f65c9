//! `Forgotten`: alerts that ended and left the state at once.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::state::{Alert, AlertState, State, Transition};

/// How long a resolved alert goes on being posted.
const RECENT: Duration = Duration::from_secs(5 * 60);
/// The receiver itself ends further ones, when they were not posted for a while.
const MAX: usize = 1_000;

/// Alerts that ended and left the state at once: those of code, those whose series is gone, and those of code that have another level
/// now, which is a label. Receivers that get all alerts must hear of their end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Forgotten {
    ends: Vec<NotifiedAlert>,
    #[serde(skip)]
    is_changed: bool,
}

impl Forgotten {
    /// Takes note of these changes. Returns whether anything changed.
    pub(super) fn note(
        &mut self,
        transitions: &[Transition],
        state: &State,
        context: &Context,
        now: SystemTime,
    ) -> bool {
        let before = self.ends.len();
        self.ends.retain(|end| is_recent(end.ends_at, now));
        let mut ended = BTreeMap::new();
        for transition in transitions {
            if transition.to == AlertState::Firing {
                ended.remove(&transition.alert);
                let again = (transition.alert, transition.level);
                self.ends.retain(|end| (end.id, end.level) != again);
            } else if transition.to == AlertState::Resolved {
                ended.insert(transition.alert, transition);
            }
        }
        self.is_changed |= self.ends.len() < before;
        if !ended.is_empty() {
            for alert in state.alerts() {
                ended.remove(&alert.id);
            }
        }
        for end in ended.into_values() {
            self.end(&Alert::ended(end), context, end.at);
        }
        std::mem::take(&mut self.is_changed)
    }

    /// The alert ends as it is now.
    pub(super) fn end(&mut self, alert: &Alert, context: &Context, now: SystemTime) {
        if !context.posts_alerts || !context.announces(alert) || self.ends.len() >= MAX {
            return;
        }
        let mut end = NotifiedAlert::of(alert, &context.describe(alert));
        end.is_firing = false;
        end.ends_at = Some(now);
        self.ends
            .retain(|other| (other.id, other.level) != (end.id, end.level));
        self.ends.push(end);
        self.is_changed = true;
    }

    pub(super) fn recent(&self, now: SystemTime) -> impl Iterator<Item = &NotifiedAlert> {
        let ends = self.ends.iter();
        ends.filter(move |end| is_recent(end.ends_at, now))
    }
}

pub(super) fn is_recent(end: Option<SystemTime>, now: SystemTime) -> bool {
    let age = end.and_then(|end| now.duration_since(end).ok());
    age.is_some_and(|age| age <= RECENT)
}
