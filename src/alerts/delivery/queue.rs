//! `Queue`: the notifications that wait for one channel.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::alert_order::AlertOrder;
use crate::alerts::state::AlertId;
use crate::alerts::stores::Queued;

/// A notification that waits.
pub(super) struct Entry {
    pub(super) queued: Arc<Queued>,
    /// The position among all notifications of the outbox, by their arrival.
    pub(super) place: u64,
    /// The time of the next attempt.
    pub(super) due: Instant,
    /// The time after which a failure is the last one.
    pub(super) expires: Instant,
}

/// The notifications that wait for one channel. Those of a group stay in order: a failed one holds back the later ones of its
/// group, but no other group.
#[derive(Default)]
pub(super) struct Queue {
    groups: BTreeMap<Arc<str>, VecDeque<Entry>>,
    /// The first entry of each group. Those with few attempts come first, so one that always fails holds up nobody.
    heads: BTreeMap<(u32, u64), Arc<str>>,
    len: usize,
    /// For receivers that know alerts by a key.
    order: Option<AlertOrder>,
}

impl Queue {
    pub(super) fn new(keeps_alerts_in_order: bool) -> Self {
        Self {
            order: keeps_alerts_in_order.then(AlertOrder::default),
            ..Self::default()
        }
    }

    pub(super) fn keeps_alerts_in_order(&self) -> bool {
        self.order.is_some()
    }

    /// The store knows that a notification about these alerts is out of the queue.
    pub(super) fn release(&mut self, place: u64, alerts: &[AlertId]) {
        if let Some(order) = &mut self.order {
            order.remove(place, alerts);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns the key of the group.
    pub(super) fn push(&mut self, entry: Entry) -> Arc<str> {
        self.len += 1;
        if let Some(order) = &mut self.order {
            order.add(entry.place, &entry.queued.notification);
        }
        let key = &*entry.queued.notification.group_key;
        if let Some((key, _)) = self.groups.get_key_value(key) {
            let key = Arc::clone(key);
            if let Some(group) = self.groups.get_mut(&key) {
                group.push_back(entry);
            }
            return key;
        }
        let key = Arc::<str>::from(key);
        self.heads.insert(rank(&entry), Arc::clone(&key));
        self.groups
            .insert(Arc::clone(&key), VecDeque::from([entry]));
        key
    }

    /// The entry to send next, if one is due.
    pub(super) fn next(&self, now: Instant) -> Option<&Entry> {
        self.open_entries().find(|entry| entry.due <= now)
    }

    /// The earliest time at which an entry is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.open_entries().map(|entry| entry.due).min()
    }

    /// Whether an entry is due, but waits for another one about its alerts.
    pub(super) fn is_held_up(&self, now: Instant) -> bool {
        let mut due = self.first_entries().filter(|entry| entry.due <= now);
        due.any(|entry| !self.is_open(entry))
    }

    pub(super) fn get(&self, key: &str, place: u64) -> Option<&Entry> {
        let group = self.groups.get(key)?;
        let index = group
            .binary_search_by_key(&place, |entry| entry.place)
            .ok()?;
        group.get(index)
    }

    /// Whether the fallback has a copy of the first entry of this group.
    pub(super) fn is_handed_over(&self, key: &str) -> bool {
        let first = self.groups.get(key).and_then(VecDeque::front);
        first.is_some_and(|entry| entry.queued.handed_over)
    }

    /// The places of this group.
    pub(super) fn group(&self, key: &str) -> Vec<(u64, Arc<str>)> {
        let group = self.groups.get_key_value(key);
        let places = group.map(|(key, group)| {
            let places = group.iter();
            places.map(|entry| (entry.place, Arc::clone(key))).collect()
        });
        places.unwrap_or_default()
    }

    fn first_entries(&self) -> impl Iterator<Item = &Entry> {
        let groups = self.heads.values();
        groups.filter_map(|key| self.groups.get(key)?.front())
    }

    /// The first entries of their groups, of which none waits for another group.
    fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        self.first_entries().filter(|entry| self.is_open(entry))
    }

    fn is_open(&self, entry: &Entry) -> bool {
        let order = self.order.as_ref();
        order.is_none_or(|order| order.allows(entry.place, &entry.queued.notification))
    }

    /// The oldest entry.
    pub(super) fn oldest(&self) -> Option<&Entry> {
        self.first_entries().min_by_key(|entry| entry.place)
    }

    /// Changes an entry that waits.
    pub(super) fn update(&mut self, key: &str, place: u64, change: impl FnOnce(&mut Entry)) {
        let Some(group) = self.groups.get_mut(key) else {
            return;
        };
        let Ok(index) = group.binary_search_by_key(&place, |entry| entry.place) else {
            return;
        };
        let entry = &mut group[index];
        let before = rank(entry);
        change(entry);
        let after = rank(entry);
        if index == 0
            && let Some(key) = self.heads.remove(&before)
        {
            self.heads.insert(after, key);
        }
    }

    /// Takes an entry out. Until it is [released](Self::release), later ones about its alerts wait.
    pub(super) fn remove(&mut self, key: &str, place: u64) -> Option<Entry> {
        let group = self.groups.get_mut(key)?;
        let index = group
            .binary_search_by_key(&place, |entry| entry.place)
            .ok()?;
        let removed = group.remove(index)?;
        self.len -= 1;
        if index == 0 {
            let key = self.heads.remove(&rank(&removed));
            match (group.front(), key) {
                (Some(next), Some(key)) => {
                    self.heads.insert(rank(next), key);
                }
                _ => {
                    self.groups.remove(key_of(&removed));
                }
            }
        }
        Some(removed)
    }

    /// The group and the place of the entries that match, the oldest first.
    pub(super) fn places(&self, matches: impl Fn(&Entry) -> bool) -> Vec<(u64, Arc<str>)> {
        let mut places = Vec::new();
        for (key, group) in &self.groups {
            let matching = group.iter().filter(|entry| matches(entry));
            places.extend(matching.map(|entry| (entry.place, Arc::clone(key))));
        }
        places.sort_unstable();
        places
    }
}

fn rank(entry: &Entry) -> (u32, u64) {
    (entry.queued.attempts, entry.place)
}

fn key_of(entry: &Entry) -> &str {
    &entry.queued.notification.group_key
}
