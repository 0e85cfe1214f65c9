//! `AlertOrder`: the order of the notifications about each alert.

use std::collections::{BTreeSet, HashMap};

use crate::alerts::channels::Notification;
use crate::alerts::state::AlertId;

/// The order of the notifications about each alert, for a receiver that knows alerts by a key. It would open a resolved alert again if
/// an older notification arrived after a newer one.
#[derive(Default)]
pub(super) struct AlertOrder {
    /// The places of the notifications that are not sent, or whose end is not recorded.
    places: HashMap<AlertId, BTreeSet<u64>>,
}

impl AlertOrder {
    pub(super) fn add(&mut self, place: u64, notification: &Notification) {
        for alert in &notification.alerts {
            self.places.entry(alert.id).or_default().insert(place);
        }
    }

    /// The end of a notification is recorded.
    pub(super) fn remove(&mut self, place: u64, alerts: &[AlertId]) {
        for id in alerts {
            if let Some(places) = self.places.get_mut(id) {
                places.remove(&place);
                if places.is_empty() {
                    self.places.remove(id);
                }
            }
        }
    }

    /// Whether no earlier notification about its alerts is open.
    pub(super) fn allows(&self, place: u64, notification: &Notification) -> bool {
        let first = |id| self.places.get(id).and_then(BTreeSet::first);
        let mut alerts = notification.alerts.iter();
        alerts.all(|alert| first(&alert.id).is_none_or(|first| *first >= place))
    }
}
