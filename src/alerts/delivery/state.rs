//! `State`: all that the worker keeps under its lock.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;
use uuid::Uuid;

use super::backoff::MOST;
use super::changes::{Change, Changes};
use super::lane::Lane;
use super::note::Note;
use super::now::Now;
use super::outlet::Outlet;
use super::permit::Permit;
use super::queue::Entry;
use super::saved_channels::SavedChannels;
use super::unrecorded::{Settled, Unrecorded};
use crate::alerts::channels::Notification;
use crate::alerts::level::Level;
use crate::alerts::losses::MAX_WAITING_EVENTS;
use crate::alerts::stores::{DeliveryResult, Queued};
use crate::time::later_instant;

/// All that the worker keeps under its lock. No code of the service runs in its methods: they leave notes.
pub(super) struct State {
    pub(super) lanes: Vec<Lane>,
    /// All that waits: whether it is critical, its place, its channel, and its group. The first is dropped first.
    order: BTreeMap<(bool, u64), (usize, Arc<str>)>,
    next_place: u64,
    max_queued: usize,
    pub(super) changes: Changes,
    unrecorded: Unrecorded,
    pub(super) notes: Vec<Note>,
    /// The channels whose tasks have something new to do.
    pub(super) wakes: Vec<usize>,
    pub(super) is_draining: bool,
    pub(super) permit: Permit,
    /// The tasks of channels that have not ended.
    pub(super) running: usize,
}

impl State {
    pub(super) fn new(
        receivers: Vec<Outlet>,
        fallbacks: Vec<Option<usize>>,
        max_queued: usize,
    ) -> Self {
        let lanes = receivers.into_iter().zip(fallbacks);
        Self {
            lanes: lanes
                .map(|(receiver, fallback)| Lane::new(receiver, fallback))
                .collect(),
            order: BTreeMap::new(),
            next_place: 0,
            max_queued,
            changes: Changes::new(MAX_WAITING_EVENTS),
            unrecorded: Unrecorded::default(),
            notes: Vec::new(),
            wakes: Vec::new(),
            is_draining: false,
            permit: Permit::default(),
            running: 0,
        }
    }

    pub(super) fn restore(&mut self, mut saved: SavedChannels, outbox: &[Queued], now: Now) {
        for lane in &mut self.lanes {
            if let Some(saved) = saved.0.remove(&lane.receiver.name) {
                lane.restore(saved, now);
            }
        }
        for queued in outbox {
            self.accept(queued.clone(), now);
        }
    }

    /// Wakes the tasks of all channels.
    pub(super) fn wake_all(&mut self) {
        self.wakes = (0..self.lanes.len()).collect();
    }

    /// The state of the channels to save.
    pub(super) fn saved_channels(&self) -> SavedChannels {
        let lanes = self.lanes.iter();
        let saved = lanes.filter_map(|lane| Some((lane.receiver.name.clone(), lane.saved()?)));
        SavedChannels(saved.collect())
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The time of the notification that waits for the longest time.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        let first = |is_critical| {
            let range = (is_critical, 0)..=(is_critical, u64::MAX);
            let ((_, place), (lane, key)) = self.order.range(range).next()?;
            let entry = self.lanes[*lane].queue.get(key, *place)?;
            Some(entry.queued.notification.at)
        };
        [false, true].into_iter().filter_map(first).min()
    }

    /// Takes a notification that is in the store, or is on its way there with the changes.
    pub(super) fn accept(&mut self, queued: Queued, now: Now) {
        let name = &queued.channel;
        let position = |lane: &Lane| lane.receiver.name == *name && lane.takes_notifications();
        let Some(index) = self.lanes.iter().position(position) else {
            let error = format!("there is no channel {name:?} that takes notifications");
            self.settle_undelivered(
                None,
                &Arc::new(queued),
                DeliveryResult::Rejected,
                error,
                now,
            );
            return;
        };
        let lane = &mut self.lanes[index];
        if let Some(stopped) = &lane.stopped {
            let error = stopped.error.clone();
            let queued = Arc::new(queued);
            self.settle_undelivered(Some(index), &queued, DeliveryResult::Stopped, error, now);
            return;
        }
        let age = now.since(queued.notification.at);
        let entry = Entry {
            place: self.next_place,
            due: match queued.attempts {
                0 => now.steady,
                _ => now.steady_at(queued.next_attempt, MOST),
            },
            expires: later_instant(now.steady, lane.receiver.give_up_after.saturating_sub(age)),
            queued: Arc::new(queued),
        };
        self.next_place += 1;
        let (place, is_critical) = (entry.place, is_critical(&entry.queued));
        let key = lane.queue.push(entry);
        self.order
            .insert((is_critical, place), (index, Arc::clone(&key)));
        self.wakes.push(index);
        let lane = &self.lanes[index];
        if lane.is_handed_over || lane.queue.is_handed_over(&key) {
            self.hand_over_copies(index, vec![(place, key)], now);
        }
        while self.order.len() > self.max_queued && self.drop_oldest(now) {}
    }

    /// The notifications that wait.
    pub(super) fn waiting(&self) -> HashMap<Uuid, &Queued> {
        let entries = self.order.iter().filter_map(|((_, place), (lane, key))| {
            let entry = self.lanes[*lane].queue.get(key, *place)?;
            Some((entry.queued.id, &*entry.queued))
        });
        entries.collect()
    }

    /// Notes again what became of these notifications, because a late commit wrote them as they were at first.
    pub(super) fn confirm(&mut self, ids: &[Uuid]) {
        let waiting = self.waiting();
        let queued = |id| waiting.get(id).map(|queued| Queued::clone(queued));
        let states: Vec<_> = ids.iter().map(|id| (id, queued(id))).collect();
        for (id, queued) in states {
            self.changes.push(Change {
                event: None,
                done: queued.is_none().then_some(*id),
                queued: queued.into_iter().collect(),
            });
        }
    }

    /// Drops the oldest notification that is not critical, else the oldest. Returns whether there was one.
    fn drop_oldest(&mut self, now: Now) -> bool {
        let in_flight = |lane: usize| self.lanes[lane].in_flight;
        let mut all = self.order.iter();
        let found = all.find(|((_, place), (lane, _))| in_flight(*lane) != Some(*place));
        let Some((&(_, place), (lane, key))) = found else {
            return false;
        };
        let (lane, key) = (*lane, Arc::clone(key));
        if let Some(entry) = self.remove(lane, &key, place) {
            let error = "the outbox is full".to_owned();
            self.lose(
                Some(lane),
                entry.queued,
                DeliveryResult::Dropped,
                error,
                None,
                now,
            );
        }
        true
    }

    /// Takes a notification out of its queue.
    pub(super) fn remove(&mut self, lane: usize, key: &str, place: u64) -> Option<Entry> {
        let entry = self.lanes[lane].queue.remove(key, place)?;
        self.order.remove(&(is_critical(&entry.queued), place));
        if self.lanes[lane].queue.keeps_alerts_in_order() {
            let alerts = entry.queued.notification.alerts.iter();
            let settled = Settled {
                lane,
                place,
                alerts: alerts.map(|alert| alert.id).collect(),
            };
            if self.unrecorded.is_store_away {
                self.release(&settled);
            } else {
                self.unrecorded.put(entry.queued.id, settled);
            }
        }
        Some(entry)
    }

    fn release(&mut self, settled: &Settled) {
        let queue = &mut self.lanes[settled.lane].queue;
        queue.release(settled.place, &settled.alerts);
    }

    /// The store took the changes of the last commit.
    pub(super) fn committed(&mut self) {
        self.unrecorded.is_store_away = false;
        self.permit.is_refused = false;
        for id in self.changes.committed() {
            if let Some(settled) = self.unrecorded.take(id) {
                self.release(&settled);
            }
        }
        // Delivery may have waited for the store.
        self.wake_all();
    }

    /// The store took no changes. Nothing waits for it any more.
    pub(super) fn not_committed(&mut self) {
        self.unrecorded.is_store_away = true;
        for settled in self.unrecorded.take_all() {
            self.release(&settled);
        }
        self.wake_all();
    }

    /// Whether the task of any channel sends, or is about to.
    pub(super) fn is_busy(&self) -> bool {
        self.lanes.iter().any(|lane| lane.is_busy)
    }

    /// The next step of a channel's task.
    pub(super) fn next(&mut self, lane: usize, now: Now) -> Step {
        let step = self.decide(lane, now);
        self.lanes[lane].is_busy = matches!(step, Step::Send { .. } | Step::Feed(_));
        step
    }

    fn decide(&mut self, lane: usize, now: Now) -> Step {
        let rest = |until| {
            if self.is_draining {
                Step::End
            } else {
                Step::Wait(until)
            }
        };
        let state = &self.lanes[lane];
        if state.stopped.is_some() || !self.permit.allows(now.steady) {
            return rest(None);
        }
        if let Some(pending) = state.feed.pending() {
            return match state.pause(now) {
                Some(until) => rest(Some(until)),
                None => Step::Feed(Arc::clone(pending)),
            };
        }
        let pause = state.pause(now);
        // Also a channel that failed before a restart is tried before it hands over.
        if pause.is_none()
            && let Some(entry) = state.queue.next(now.steady)
        {
            let (queued, place) = (Arc::clone(&entry.queued), entry.place);
            self.lanes[lane].in_flight = Some(place);
            return Step::Send { queued, place };
        }
        let hands_over_at = state.hands_over_at().filter(|_| !state.is_handed_over);
        if hands_over_at.is_some_and(|at| at <= now.steady) {
            self.hand_over(lane, now);
            return self.decide(lane, now);
        }
        let due = state.queue.next_due();
        let due = due.map(|due| pause.map_or(due, |until| until.max(due)));
        let until = due.into_iter().chain(hands_over_at).min();
        let is_held_up = pause.is_none() && state.queue.is_held_up(now.steady);
        if self.is_draining && is_held_up && self.unrecorded.any_of(lane) {
            // The commit is on its way.
            return Step::Wait(until);
        }
        rest(until)
    }
}

/// The next step of a channel's task.
pub(super) enum Step {
    Send {
        queued: Arc<Queued>,
        place: u64,
    },
    Feed(Arc<Notification>),
    /// Until this time, or until something changes.
    Wait(Option<Instant>),
    End,
}

fn is_critical(queued: &Queued) -> bool {
    queued.notification.level() == Level::Critical
}
