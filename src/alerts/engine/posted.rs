//! `Posted`: the alerts for receivers that group and deduplicate themselves.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use parking_lot::Mutex;

use super::context::Context;
use super::forgotten::{Forgotten, is_recent};
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::state::{Alert, AlertId, AlertState, State};

/// The alerts for receivers that group and deduplicate themselves: those that fire, and those that resolved a short while ago.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// The alerts that were posted firing, each with the begin of it. `None` after a start.
    shown: Mutex<Option<BTreeMap<AlertId, SystemTime>>>,
}

impl Posted {
    /// The alerts to post.
    ///
    /// An alert that is silenced or inhibited is not posted, unless it was posted since it fires: its receiver would take its absence
    /// for its end.
    pub(super) fn alerts(
        &self,
        state: &State,
        forgotten: &Forgotten,
        context: &Context,
        now: SystemTime,
    ) -> Vec<NotifiedAlert> {
        let mut shown = self.shown.lock();
        // After a start nobody knows what was posted. A silence that began before the alert held it back.
        let held_back = match *shown {
            None => state.held_back_from_the_start(now),
            Some(_) => HashSet::new(),
        };
        let was_shown = |alert: &Alert| match &*shown {
            Some(shown) => shown.get(&alert.id) == Some(&alert.since),
            None => !held_back.contains(&alert.id),
        };
        let firing = state.firing(now);
        let firing = firing.filter(|(alert, is_muted)| !is_muted || was_shown(alert));
        let firing: Vec<_> = firing.map(|(alert, _)| alert).collect();
        let recent = state.alerts().filter(|alert| {
            alert.state == AlertState::Resolved && is_recent(Some(alert.since), now)
        });
        let alerts = firing.iter().copied().chain(recent);
        let alerts = alerts.filter(|alert| context.announces(alert));
        let alerts = alerts.map(|alert| NotifiedAlert::of(alert, &context.describe(alert)));
        let posted = alerts.chain(forgotten.recent(now).cloned()).collect();
        let now_shown = firing.iter().map(|alert| (alert.id, alert.since));
        *shown = Some(now_shown.collect());
        posted
    }
}
