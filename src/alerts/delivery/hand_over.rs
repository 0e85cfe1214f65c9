//! The ends of notifications that their channel did not take, and their way to the fallback.

use std::sync::Arc;

use super::changes::Change;
use super::note::{Note, Outcome};
use super::now::Now;
use super::state::State;
use crate::alerts::channels::NotificationReason;
use crate::alerts::stores::{DeliveryResult, Event, NotificationEvent, Queued};

impl State {
    /// Ends a notification that its channel did not take. The fallback gets it, unless it has a copy.
    pub(super) fn settle_undelivered(
        &mut self,
        lane: Option<usize>,
        queued: &Arc<Queued>,
        result: DeliveryResult,
        error: String,
        now: Now,
    ) {
        let fallback = lane.and_then(|lane| self.fallback_of(lane));
        self.lose(lane, Arc::clone(queued), result, error, fallback, now);
    }

    pub(super) fn lose(
        &mut self,
        lane: Option<usize>,
        queued: Arc<Queued>,
        result: DeliveryResult,
        error: String,
        fallback: Option<usize>,
        now: Now,
    ) {
        let copy = fallback.filter(|_| !queued.handed_over).map(|index| {
            let name = &self.lanes[index].receiver.name;
            fallback_copy(&queued, name, &error, now)
        });
        if let Some(lane) = lane {
            self.note_missed(lane, &queued);
            if let Some(copy) = &copy {
                self.note_copy(lane, copy);
            }
        }
        self.changes.push(Change {
            event: Some(event(&queued, result, Some(error.clone()), now)),
            queued: copy.clone().into_iter().collect(),
            done: Some(queued.id),
        });
        if let Some(lane) = lane {
            self.notes.push(Note::Count(lane, Outcome::of(result)));
        }
        self.notes.push(Note::Undelivered {
            queued,
            result,
            error,
            fallback: fallback.map(|index| self.lanes[index].receiver.name.clone()),
        });
        if let Some(copy) = copy {
            self.accept(copy, now);
        }
    }

    /// The first channel along the fallbacks that is not stopped.
    pub(super) fn fallback_of(&self, lane: usize) -> Option<usize> {
        let mut fallback = self.lanes[lane].fallback;
        while let Some(index) = fallback
            && self.lanes[index].stopped.is_some()
        {
            fallback = self.lanes[index].fallback;
        }
        fallback
    }

    /// Gives copies to the fallback of a channel that fails for long.
    pub(super) fn hand_over(&mut self, lane: usize, now: Now) {
        self.lanes[lane].is_handed_over = true;
        let places = self.lanes[lane].queue.places(|_| true);
        self.hand_over_copies(lane, places, now);
    }

    /// Gives those that wait at these places to the fallback, unless it has a copy.
    pub(super) fn hand_over_copies(&mut self, lane: usize, places: Vec<(u64, Arc<str>)>, now: Now) {
        let Some(fallback) = self.fallback_of(lane) else {
            return;
        };
        let name = self.lanes[fallback].receiver.name.clone();
        let error = self.lanes[lane].last_error.clone().unwrap_or_default();
        let mut copies = Vec::new();
        for (place, key) in places {
            let mut original = None;
            self.lanes[lane].queue.update(&key, place, |entry| {
                if !entry.queued.handed_over {
                    Arc::make_mut(&mut entry.queued).handed_over = true;
                    original = Some(Queued::clone(&entry.queued));
                }
            });
            let Some(original) = original else { continue };
            let copy = fallback_copy(&original, &name, &error, now);
            self.note_copy(lane, &copy);
            self.changes.push(Change {
                event: None,
                queued: vec![copy.clone(), original],
                done: None,
            });
            copies.push(copy);
        }
        if copies.is_empty() {
            return;
        }
        self.notes.push(Note::HandedOver {
            lane,
            fallback: name,
            copies: copies.len(),
            error,
        });
        for copy in copies {
            self.accept(copy, now);
        }
    }
}

pub(super) fn event(
    queued: &Queued,
    result: DeliveryResult,
    error: Option<String>,
    now: Now,
) -> Event {
    let notification = &queued.notification;
    Event::Notification(NotificationEvent {
        at: now.wall,
        notification: notification.id,
        channel: queued.channel.clone(),
        reason: notification.reason,
        group_key: notification.group_key.clone(),
        alerts: notification.alerts.iter().map(|alert| alert.id).collect(),
        result,
        attempts: queued.attempts,
        error,
    })
}

fn fallback_copy(queued: &Queued, channel: &str, error: &str, now: Now) -> Queued {
    let mut notification = queued.notification.clone();
    notification.reason = NotificationReason::Fallback;
    let cause = format!("not delivered by {}: {error}", queued.channel);
    notification.text = Some(match notification.text {
        Some(text) => format!("{text}\n{cause}"),
        None => cause,
    });
    let mut copy = Queued::new(channel, notification);
    copy.next_attempt = now.wall;
    copy
}
