//! `Changes`: changes of the ledger that are not committed yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use uuid::Uuid;

use super::leftover::Leftover;
use crate::alerts::stores::{Commit, Event, Queued};

/// The most changes in one commit.
const BATCH: usize = 1000;

/// What is committed together, because a crash between its parts would lose a notification.
#[derive(Default)]
pub(super) struct Change {
    pub(super) event: Option<Event>,
    pub(super) queued: Vec<Queued>,
    pub(super) done: Option<Uuid>,
}

/// Changes of the ledger that are not committed yet. If too many wait, the oldest ones lose their events.
pub(super) struct Changes {
    /// Those of the last commit, which may be written already: the oldest first.
    sent: Vec<Change>,
    sent_left: Leftover,
    /// The changes after those that lost their events.
    left: Leftover,
    /// The changes after those.
    list: VecDeque<Change>,
    max: usize,
    /// The events that were dropped and not counted yet.
    dropped: usize,
    /// Whether the document of the channels changed.
    pub(super) channels: bool,
}

impl Changes {
    /// At most `max` changes keep their events.
    pub(super) fn new(max: usize) -> Self {
        Self {
            sent: Vec::new(),
            sent_left: Leftover::default(),
            left: Leftover::default(),
            list: VecDeque::new(),
            max,
            dropped: 0,
            channels: false,
        }
    }

    pub(super) fn push(&mut self, change: Change) {
        self.list.push_back(change);
        if self.sent.len() + self.list.len() > self.max
            && let Some(oldest) = self.list.pop_front()
        {
            self.dropped += usize::from(oldest.event.is_some());
            self.left.add(oldest.queued, oldest.done, self.max);
        }
    }

    /// The events that were dropped since the last call.
    pub(super) fn take_dropped(&mut self) -> usize {
        mem::take(&mut self.dropped)
    }

    /// Whether there is enough for a commit.
    pub(super) fn is_batch(&self) -> bool {
        self.sent.len() + self.list.len() >= BATCH
    }

    pub(super) fn is_empty(&self) -> bool {
        self.has_none() && !self.channels
    }

    fn has_none(&self) -> bool {
        let left = [&self.sent_left, &self.left];
        self.sent.is_empty() && self.list.is_empty() && left.iter().all(|left| left.is_empty())
    }

    /// Puts the oldest changes into the commit. They stay until [`committed`](Self::committed). Returns whether there are any.
    pub(super) fn fill(&mut self, commit: &mut Commit) -> bool {
        if self.has_none() {
            return false;
        }
        let in_doubt = self.sent.len();
        let left = mem::take(&mut self.left);
        self.sent_left
            .add(left.queued.into_values(), left.done, self.max);
        let more = BATCH.saturating_sub(in_doubt).min(self.list.len());
        self.sent.extend(self.list.drain(..more));
        let (before, after) = self.sent.split_at(in_doubt);
        let (sent, left) = (&self.sent, &self.sent_left);
        let done = sent.iter().filter_map(|change| change.done);
        let done: BTreeSet<Uuid> = done.chain(left.done.iter().copied()).collect();
        let before_left = before.iter().flat_map(|change| &change.queued);
        let after_left = after.iter().flat_map(|change| &change.queued);
        let states = before_left.chain(left.queued.values()).chain(after_left);
        // The last state of each.
        let mut queued = BTreeMap::new();
        for state in states.filter(|state| !done.contains(&state.id)) {
            queued.insert(state.id, state);
        }
        commit.queued = queued.into_values().cloned().collect();
        commit
            .events
            .extend(sent.iter().filter_map(|change| change.event.clone()));
        commit.done = done.into_iter().collect();
        commit.in_doubt = before
            .iter()
            .filter(|change| change.event.is_some())
            .count();
        true
    }

    /// The changes of the last commit are written. Returns the notifications that are done.
    pub(super) fn committed(&mut self) -> Vec<Uuid> {
        let left = mem::take(&mut self.sent_left);
        let done = self.sent.drain(..).filter_map(|change| change.done);
        done.chain(left.done).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::alerts::channels::{Notification, NotificationReason};
    use crate::alerts::stores::{DeliveryResult, Lease, NotificationEvent};

    fn queued() -> Queued {
        let notification = Notification::new(NotificationReason::First, "g", SystemTime::now());
        Queued::new("a", notification)
    }

    fn done(queued: &Queued) -> Change {
        let event = NotificationEvent {
            at: queued.notification.at,
            notification: queued.notification.id,
            channel: queued.channel.clone(),
            reason: queued.notification.reason,
            group_key: queued.notification.group_key.clone(),
            alerts: Vec::new(),
            result: DeliveryResult::Delivered,
            attempts: 1,
            error: None,
        };
        Change {
            event: Some(Event::Notification(event)),
            queued: Vec::new(),
            done: Some(queued.id),
        }
    }

    fn fill(changes: &mut Changes) -> Commit {
        let mut commit = Commit::new("main", Lease::endless(), None);
        assert!(changes.fill(&mut commit));
        commit
    }

    #[test]
    fn past_the_limit_only_events_are_lost_and_none_that_may_be_written() {
        let mut changes = Changes::new(3);
        let all = [(); 5].map(|()| queued());
        changes.push(done(&all[0]));
        changes.push(done(&all[1]));
        // Its answer is lost.
        assert_eq!(fill(&mut changes).done, [all[0].id, all[1].id]);
        changes.push(Change {
            queued: vec![all[2].clone(), all[3].clone()],
            ..done(&all[2])
        });
        for queued in [&all[3], &all[4]] {
            changes.push(done(queued));
        }
        assert_eq!((changes.take_dropped(), changes.take_dropped()), (2, 0));
        let commit = fill(&mut changes);
        assert_eq!((commit.events.len(), commit.in_doubt), (3, 2));
        assert_eq!(commit.done, all.map(|queued| queued.id));
        assert_eq!(commit.queued, []);
        // While that is on its way.
        let last = queued();
        for _ in 0..4 {
            changes.push(Change {
                queued: vec![last.clone()],
                ..Change::default()
            });
        }
        changes.committed();
        let commit = fill(&mut changes);
        assert_eq!((commit.done, commit.queued), (vec![], vec![last]));
        changes.committed();
        assert!(changes.is_empty());
        assert_eq!(changes.take_dropped(), 0);
    }
}
