//! The receivers' side: which alerts they believe to fire.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use tower_vitals::alerts::channels::{Notification, NotificationReason};
use tower_vitals::alerts::notify::Decisions;
use tower_vitals::alerts::state::{AlertId, State};
use tower_vitals::alerts::stores::Event;

use super::desk::seconds;

/// What one receiver saw, and the bounds that it was promised.
#[derive(Default)]
pub(super) struct Viewer {
    pub(super) cooldown: Duration,
    pub(super) max_per_hour: usize,
    pub(super) firing: BTreeSet<AlertId>,
    announced: BTreeMap<AlertId, SystemTime>,
    sent: Vec<SystemTime>,
    /// Held back since they were listed last.
    pub(super) held: BTreeSet<AlertId>,
    pub(super) held_events: usize,
    pub(super) told_as_held: usize,
}

impl Viewer {
    pub(super) fn new(cooldown: u64, max_per_hour: usize) -> Self {
        Self {
            cooldown: seconds(cooldown),
            max_per_hour,
            ..Self::default()
        }
    }

    pub(super) fn sent(&self) -> usize {
        self.sent.len()
    }

    /// Checks the decisions for this channel.
    pub(super) fn see(&mut self, channel: &str, decisions: &Decisions, state: &State) {
        let queued = decisions.queued.iter();
        let mut summaries = 0;
        for (_, notification) in queued.filter(|(name, _)| name == channel) {
            summaries += usize::from(notification.reason == NotificationReason::Summary);
            self.take(notification, state);
        }
        assert!(summaries <= 1, "one summary at a time");
        for event in &decisions.events {
            if let Event::Notification(event) = event
                && event.channel == channel
            {
                self.held.extend(&event.alerts);
                self.held_events += 1;
            }
        }
    }

    fn take(&mut self, notification: &Notification, state: &State) {
        let now = notification.at;
        self.sent.push(now);
        let in_hour = self
            .sent
            .iter()
            .filter(|sent| **sent + seconds(3_600) > now);
        assert!(in_hour.count() <= self.max_per_hour, "over the cap");
        let is_summary = notification.reason == NotificationReason::Summary;
        let firing: BTreeSet<_> = state.firing(now).map(|(alert, _)| alert.id).collect();
        for alert in &notification.alerts {
            let id = alert.id;
            assert_eq!(alert.is_firing, firing.contains(&id), "its latest state");
            if is_summary {
                assert!(self.held.remove(&id), "a summary of what was held back");
            } else {
                assert!(!self.held.contains(&id), "{id} is left to the summary");
            }
            if !alert.is_firing {
                let was_shown = self.firing.remove(&id);
                assert!(was_shown || is_summary, "an end of what was never shown");
            } else if self.firing.insert(id) {
                let before = self.announced.insert(id, now);
                let since = before.map(|before| now.duration_since(before).unwrap());
                let since = since.unwrap_or(Duration::MAX);
                assert!(since >= self.cooldown, "{id} again after {since:?}");
            }
        }
        if is_summary {
            let text = notification.text.as_deref().unwrap();
            let number = text.split_whitespace().next().unwrap();
            self.told_as_held += number.parse().unwrap_or(0);
        }
    }
}
