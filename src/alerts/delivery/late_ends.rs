//! Channels and fallbacks are told the ends of alerts that they have not heard of.

use super::now::Now;
use super::state::State;
use crate::alerts::channels::{Notification, NotificationReason};
use crate::alerts::stores::Queued;

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
