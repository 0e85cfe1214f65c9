//! `Posted`: the alerts for receivers that group and deduplicate themselves.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::context::Context;
use crate::alerts::channels::NotifiedAlert;
use crate::alerts::level::Level;
use crate::alerts::state::{Alert, AlertId, AlertState, State, Transition};

/// How long a resolved alert goes on being posted.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// The most ends to remember. Receivers end an alert themselves that is not posted any more.
const MOST_ENDS: usize = 10_000;

/// The alerts for receivers that group and deduplicate themselves: those that fire, and those that resolved a short while ago.
#[derive(Debug, Default)]
pub(super) struct Posted {
    /// The alerts that were posted firing, each with the begin of it. `None` after a start.
    shown: Mutex<Option<BTreeMap<AlertId, SystemTime>>>,
    /// Ends that the state does not remember. The level is part of the labels.
    ends: BTreeMap<(AlertId, Level), NotifiedAlert>,
}

impl Posted {
    /// Remembers the ends that the state has forgotten.
    pub(super) fn note_ends(
        &mut self,
        transitions: &[Transition],
        state: &State,
        context: &Context,
        now: SystemTime,
    ) {
        self.ends.retain(|_, end| is_recent(end.ends_at, now));
        let ends = transitions.iter();
        let ends = ends.filter(|it| (it.from, it.to) == (AlertState::Firing, AlertState::Resolved));
        let mut ends = ends.peekable();
        if !context.posts_alerts || ends.peek().is_none() {
            return;
        }
        let known: HashSet<_> = state.alerts().map(|alert| alert.id).collect();
        for end in ends.filter(|end| !known.contains(&end.alert)) {
            self.end(&Alert::ended(end), context, now);
        }
    }

    /// Posts the end of an alert as it is now, because another one takes its place.
    pub(super) fn end(&mut self, alert: &Alert, context: &Context, now: SystemTime) {
        if !context.posts_alerts || !context.announces(alert) || self.ends.len() >= MOST_ENDS {
            return;
        }
        let mut end = NotifiedAlert::of(alert, &context.describe(alert));
        end.is_firing = false;
        end.ends_at = Some(now);
        self.ends.insert((end.id, end.level), end);
    }

    /// The alerts to post.
    ///
    /// An alert that is silenced or inhibited is not posted, unless it was posted since it fires: its receiver would take its absence
    /// for its end.
    pub(super) fn alerts(
        &self,
        state: &State,
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
        let mut posted: BTreeMap<_, _> = alerts
            .map(|alert| NotifiedAlert::of(alert, &context.describe(alert)))
            .map(|alert| ((alert.id, alert.level), alert))
            .collect();
        for (key, end) in &self.ends {
            posted.entry(*key).or_insert_with(|| end.clone());
        }
        let now_shown = firing.iter().map(|alert| (alert.id, alert.since));
        *shown = Some(now_shown.collect());
        posted.into_values().collect()
    }
}

fn is_recent(end: Option<SystemTime>, now: SystemTime) -> bool {
    let age = end.and_then(|end| now.duration_since(end).ok());
    age.is_some_and(|age| age <= RECENT)
}
