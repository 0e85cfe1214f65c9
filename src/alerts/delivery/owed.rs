//! `Owed`: the ends of alerts that a channel and its fallback must still hear of.

use std::collections::VecDeque;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::now::Now;
use super::state::State;
use crate::alerts::channels::{Notification, NotificationReason, NotifiedAlert};
use crate::alerts::state::AlertId;
use crate::alerts::stores::Queued;

/// The most alerts of each kind. Of copies the newest are remembered, of missed ends the oldest.
const MAX_COPIED: usize = 1_000;
const MAX_MISSED: usize = 200;
const MISSED: &str = "missed";

/// The ends of alerts that a channel and its fallback must still hear of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Owed {
    /// The firing alerts that came to a fallback with a copy, which must hear of their end even if this channel works then.
    #[serde(default)]
    copied: VecDeque<Copied>,
    /// The ends that this channel missed while it was stopped, in one notification.
    #[serde(default)]
    missed: Option<Notification>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Copied {
    alert: AlertId,
    fallback: String,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.copied.is_empty() && self.missed.is_none()
    }

    /// The channel has another configuration, so its receiver may never have heard of these alerts.
    pub(super) fn forget_missed(&mut self) {
        self.missed = None;
    }

    fn note_copy(&mut self, notification: &Notification, fallback: &str) {
        for alert in &notification.alerts {
            let same = |it: &Copied| it.alert == alert.id && it.fallback == fallback;
            self.copied.retain(|it| !same(it));
            if alert.is_firing {
                let fallback = fallback.to_owned();
                let alert = alert.id;
                self.copied.push_back(Copied { alert, fallback });
            }
        }
        let excess = self.copied.len().saturating_sub(MAX_COPIED);
        self.copied.drain(..excess);
    }

    /// The fallbacks that do not know that these alerts ended, each with their ends.
    fn take_ends(&mut self, notification: &Notification) -> Vec<(String, Notification)> {
        let mut ends: Vec<(String, Notification)> = Vec::new();
        for alert in notification.alerts.iter().filter(|alert| !alert.is_firing) {
            self.copied.retain(|copied| {
                if copied.alert != alert.id {
                    return true;
                }
                let name = &copied.fallback;
                if let Some((_, known)) = ends.iter_mut().find(|(it, _)| it == name) {
                    known.alerts.push(alert.clone());
                } else {
                    let alerts = vec![alert.clone()];
                    ends.push((name.clone(), of(notification, alerts)));
                }
                false
            });
        }
        ends
    }

    /// Takes note of a notification that a stopped channel does not get. It does not know alerts that began to fire since.
    fn note_missed(&mut self, notification: &Notification, stopped: SystemTime) {
        for alert in &notification.alerts {
            if let Some(missed) = &mut self.missed {
                missed.alerts.retain(|it| it.id != alert.id);
            }
            if alert.is_firing || alert.starts_at >= stopped {
                continue;
            }
            let missed = self.missed.get_or_insert_with(|| {
                let mut missed = of(notification, Vec::new());
                missed.group_key = MISSED.to_owned();
                missed.group_labels = [].into();
                missed
            });
            if missed.alerts.len() < MAX_MISSED {
                missed.alerts.push(alert.clone());
            } else {
                missed.left_out += 1;
            }
        }
        if (self.missed.as_ref()).is_some_and(|it| it.alerts.is_empty() && it.left_out == 0) {
            self.missed = None;
        }
    }
}

/// Another notification about these alerts.
fn of(notification: &Notification, alerts: Vec<NotifiedAlert>) -> Notification {
    let (reason, key) = (NotificationReason::AllResolved, &notification.group_key);
    let mut other = Notification::new(reason, key, notification.at);
    other.group_labels = notification.group_labels.clone();
    other.alerts = alerts;
    other.service.clone_from(&notification.service);
    other.instance.clone_from(&notification.instance);
    other.owner.clone_from(&notification.owner);
    other.external_url.clone_from(&notification.external_url);
    other
}

impl State {
    /// A fallback gets this copy of a notification of the channel.
    pub(super) fn note_copy(&mut self, lane: usize, copy: &Queued) {
        let owed = &mut self.lanes[lane].owed;
        owed.note_copy(&copy.notification, &copy.channel);
        self.changes.channels = true;
    }

    /// The ends that the fallbacks of a channel must hear of, because it delivered this notification and they got copies of the ones
    /// before.
    pub(super) fn ends_of_copies(&mut self, lane: usize, sent: &Queued, now: Now) -> Vec<Queued> {
        let ends = self.lanes[lane].owed.take_ends(&sent.notification);
        self.changes.channels |= !ends.is_empty();
        let is_there = |name: &str| self.lanes.iter().any(|lane| lane.receiver.name == name);
        let ends = ends.into_iter().filter(|(name, _)| is_there(name));
        let ends = ends.map(|(name, mut end)| {
            end.reason = NotificationReason::Fallback;
            end.text = Some(format!("told by {}, which works again", sent.channel));
            queued(&name, end, now)
        });
        ends.collect()
    }

    /// A stopped channel does not get this notification.
    pub(super) fn note_missed(&mut self, lane: usize, missed: &Queued) {
        let lane = &mut self.lanes[lane];
        if let Some(stopped) = &lane.stopped {
            lane.owed.note_missed(&missed.notification, stopped.since);
            self.changes.channels = true;
        }
    }

    /// The ends that a channel missed while it was stopped.
    pub(super) fn missed_ends(&mut self, lane: usize, now: Now) -> Option<Queued> {
        let lane = &mut self.lanes[lane];
        let mut missed = lane.owed.missed.take()?;
        missed.at = now.wall;
        missed.text = Some("These alerts ended while this channel was stopped.".to_owned());
        Some(queued(&lane.receiver.name, missed, now))
    }
}

fn queued(channel: &str, notification: Notification, now: Now) -> Queued {
    let mut queued = Queued::new(channel, notification);
    queued.next_attempt = now.wall;
    queued
}
