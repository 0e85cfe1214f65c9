//! `Feed`: the newest state for a channel that the outbox does not feed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::now::Now;
use crate::alerts::channels::{Notification, NotifiedAlert};
use crate::alerts::level::Level;
use crate::alerts::state::{AlertId, PersonalAct};
use crate::time::later_instant;

/// The time for which resolved alerts are posted.
const RESOLVED_FOR: Duration = Duration::from_secs(300);

/// Calls of the engine come a bit early or late. One that is nearly due counts.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The newest state for a channel that the outbox does not feed. There is no queue: a newer state replaces one that waits.
#[derive(Default)]
pub(super) struct Feed {
    /// The level is part of the labels, by which receivers know an alert.
    resolved: BTreeMap<(AlertId, Level), NotifiedAlert>,
    /// Those of the last post.
    marks: Vec<Mark>,
    last: Option<Instant>,
    pending: Option<Arc<Notification>>,
}

/// Two posts with the same marks say the same, but for the values.
#[derive(PartialEq)]
struct Mark {
    id: AlertId,
    level: Level,
    is_firing: bool,
    starts_at: SystemTime,
    ends_at: Option<SystemTime>,
    acknowledged: Option<PersonalAct>,
}

impl Feed {
    /// The alerts to post, if they changed or the last post is too old. The most urgent firing ones come first.
    pub(super) fn sync(
        &mut self,
        alerts: &[NotifiedAlert],
        every: Duration,
        now: Now,
    ) -> Option<Vec<NotifiedAlert>> {
        let is_recent = |alert: &NotifiedAlert| {
            alert.is_firing
                || alert
                    .ends_at
                    .is_none_or(|end| now.since(end) < RESOLVED_FOR)
        };
        let mut all = std::mem::take(&mut self.resolved);
        all.extend(alerts.iter().map(|alert| (key(alert), alert.clone())));
        all.retain(|_, alert| is_recent(alert));
        let resolved = all.iter().filter(|(_, alert)| !alert.is_firing);
        self.resolved = resolved.map(|(key, alert)| (*key, alert.clone())).collect();
        let marks = all.values().map(|alert| Mark {
            id: alert.id,
            level: alert.level,
            is_firing: alert.is_firing,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            acknowledged: alert.acknowledged.clone(),
        });
        let marks: Vec<_> = marks.collect();
        let is_changed = marks != self.marks;
        self.marks = marks;
        if all.is_empty() {
            self.pending = None;
            return None;
        }
        // A state that waits is replaced by the newest one.
        if !is_changed && self.pending.is_none() && !self.is_due(every, now) {
            return None;
        }
        let mut alerts: Vec<_> = all.into_values().collect();
        alerts.sort_by_key(|alert| std::cmp::Reverse((alert.is_firing, alert.level)));
        self.last = Some(now.steady);
        Some(alerts)
    }

    /// Whether a beat is due.
    pub(super) fn beat(&mut self, every: Duration, now: Now) -> bool {
        let is_due = self.is_due(every, now);
        if is_due {
            self.last = Some(now.steady);
        }
        is_due
    }

    fn is_due(&self, every: Duration, now: Now) -> bool {
        let tolerance = TOLERANCE.min(every / 10);
        self.last
            .is_none_or(|last| now.steady + tolerance >= later_instant(last, every))
    }

    pub(super) fn put(&mut self, notification: Notification) {
        self.pending = Some(Arc::new(notification));
    }

    pub(super) fn pending(&self) -> Option<&Arc<Notification>> {
        self.pending.as_ref()
    }

    /// Ends the wait of this notification, unless a newer one took its place.
    pub(super) fn settled(&mut self, notification: &Arc<Notification>) {
        if self
            .pending
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, notification))
        {
            self.pending = None;
        }
    }

    /// The channel stopped. When it starts again, the state of that time is posted.
    pub(super) fn stopped(&mut self) {
        self.pending = None;
        self.last = None;
    }
}

fn key(alert: &NotifiedAlert) -> (AlertId, Level) {
    (alert.id, alert.level)
}
