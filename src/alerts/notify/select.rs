//! The alerts that a notification lists.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::known::Known;
use super::round::Round;
use crate::alerts::channels::Notification;
use crate::alerts::state::AlertId;

/// A notification lists at most so many alerts.
const MAX_ALERTS: usize = 1_000;

/// The alerts of a notification.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Firing alerts first, the most urgent and the oldest first.
    pub(super) listed: Vec<AlertId>,
    pub(super) unlisted: Vec<AlertId>,
}

impl Selection {
    /// Lists the alerts with the texts of now.
    pub(super) fn list(
        &self,
        notification: &mut Notification,
        known: &mut BTreeMap<AlertId, Known>,
        round: &Round<'_>,
    ) {
        for id in &self.listed {
            if let Some(known) = known.get_mut(id) {
                round.refresh(*id, known);
                notification.alerts.push(known.to_notified(*id));
            }
        }
        notification.left_out = self.unlisted.len();
    }
}

/// Selects the alerts to list. Resolved ones that the receiver saw firing come first; but if there is no room for all, half of it is
/// for firing ones. `is_shown` says whether the receiver believes that the alert fires, `is_new` whether the news is about it.
pub(super) fn select(
    alerts: impl IntoIterator<Item = AlertId>,
    known: &BTreeMap<AlertId, Known>,
    is_shown: impl Fn(AlertId) -> bool,
    is_new: impl Fn(AlertId) -> bool,
) -> Selection {
    let mut firing = Vec::new();
    let (mut ended, mut unseen) = (Vec::new(), Vec::new());
    for id in alerts {
        let Some(known) = known.get(&id) else {
            continue;
        };
        let rank = (
            Reverse(known.level),
            known.starts_at,
            &known.name,
            &known.labels,
            id,
        );
        match (known.is_firing, is_shown(id)) {
            (true, _) => firing.push((!is_new(id), rank)),
            (false, true) => ended.push(rank),
            (false, false) => unseen.push(rank),
        }
    }
    firing.sort_unstable();
    ended.sort_unstable();
    unseen.sort_unstable();
    let room = MAX_ALERTS.saturating_sub(firing.len());
    let room = room.max(MAX_ALERTS / 2);
    let mut unlisted: Vec<_> = ended.split_off(ended.len().min(room));
    let room = MAX_ALERTS - ended.len();
    let more = firing.split_off(firing.len().min(room));
    unlisted.extend(more.into_iter().map(|(_, rank)| rank));
    let room = room - firing.len();
    unlisted.extend(unseen.split_off(unseen.len().min(room)));
    let mut firing: Vec<_> = firing.into_iter().map(|(_, rank)| rank).collect();
    firing.sort_unstable();
    ended.extend(unseen);
    ended.sort_unstable();
    let listed = firing.into_iter().chain(ended);
    Selection {
        listed: listed.map(|(.., id)| id).collect(),
        unlisted: unlisted.into_iter().map(|(.., id)| id).collect(),
    }
}
