//! The results of attempts.

use std::sync::Arc;
use std::time::Duration;

use super::changes::Change;
use super::hand_over::event;
use super::note::{Note, Outcome};
use super::now::Now;
use super::state::State;
use crate::alerts::channels::{DeliveryError, Notification};
use crate::alerts::stores::{DeliveryResult, Queued};
use crate::redact::redact_line;

/// The longest error that is kept.
const MAX_ERROR: usize = 500;

impl State {
    /// Notes the result of an attempt with a notification of the outbox. `jitter` is from 0 to 1.
    pub(super) fn settle(
        &mut self,
        lane: usize,
        sent: &Queued,
        place: u64,
        result: Result<(), DeliveryError>,
        jitter: f64,
        now: Now,
    ) {
        self.lanes[lane].in_flight = None;
        let key = &sent.notification.group_key;
        match result {
            Ok(()) => {
                self.succeeded(lane, now);
                if let Some(mut entry) = self.remove(lane, key, place) {
                    let queued = Arc::make_mut(&mut entry.queued);
                    queued.attempts += 1;
                    let ends = self.ends_of_copies(lane, queued, now);
                    self.changes.push(Change {
                        event: Some(event(queued, DeliveryResult::Delivered, None, now)),
                        queued: ends.clone(),
                        done: Some(queued.id),
                    });
                    for end in ends {
                        self.accept(end, now);
                    }
                }
            }
            Err(DeliveryError::Retry { message, after }) => {
                let message = shown(&message);
                self.retry(lane, sent, place, (after, message), jitter, now);
            }
            Err(DeliveryError::Rejected { message }) => {
                // The receiver answered, so it works.
                self.changes.channels |= self.lanes[lane].responded();
                let message = shown(&message);
                self.lanes[lane].last_error = Some(message.clone());
                self.end(lane, key, place, DeliveryResult::Rejected, message, now);
            }
            Err(DeliveryError::Stopped { message }) => {
                let message = shown(&message);
                self.lanes[lane].queue.update(key, place, |entry| {
                    Arc::make_mut(&mut entry.queued).attempts += 1;
                });
                self.stop(lane, &message, now);
            }
        }
    }

    fn succeeded(&mut self, lane: usize, now: Now) {
        let was_stopped = self.lanes[lane].stopped.is_some();
        self.changes.channels |= self.lanes[lane].succeeded(now);
        self.notes.push(Note::Count(lane, Outcome::Delivered));
        if was_stopped {
            self.notes.push(Note::Started(lane));
            if let Some(missed) = self.missed_ends(lane, now) {
                self.changes.push(Change {
                    queued: vec![missed.clone()],
                    ..Change::default()
                });
                self.accept(missed, now);
            }
        }
    }

    fn retry(
        &mut self,
        lane: usize,
        sent: &Queued,
        place: u64,
        (after, message): (Option<Duration>, String),
        jitter: f64,
        now: Now,
    ) {
        self.notes.push(Note::Count(lane, Outcome::Failed));
        let state = &mut self.lanes[lane];
        state.last_error = Some(message.clone());
        let attempts = sent.attempts.saturating_add(1);
        let wait = state.failed(after, attempts, jitter, now);
        let key = &sent.notification.group_key;
        let mut changed = None;
        state.queue.update(key, place, |entry| {
            entry.due = now.steady + wait;
            let queued = Arc::make_mut(&mut entry.queued);
            queued.attempts = attempts;
            queued.next_attempt = now.wall + wait;
            queued.last_error = Some(message.clone());
            changed = Some(queued.clone());
        });
        self.changes.channels = true;
        self.changes.push(Change {
            event: None,
            queued: changed.into_iter().collect(),
            done: None,
        });
        // The channel may take all others.
        let limit = self.lanes[lane].receiver.fallback_after;
        if attempts > 1 && now.since(sent.notification.at) >= limit {
            let group = self.lanes[lane].queue.group(key);
            self.hand_over_copies(lane, group, now);
        }
        let expired = self.lanes[lane]
            .queue
            .places(|entry| entry.expires <= now.steady);
        for (place, key) in expired {
            let error = message.clone();
            if let Some(entry) = self.remove(lane, &key, place) {
                let result = DeliveryResult::Expired;
                self.settle_undelivered(Some(lane), &entry.queued, result, error, now);
            }
        }
    }

    /// Ends a notification after an attempt that no other follows.
    fn end(
        &mut self,
        lane: usize,
        key: &str,
        place: u64,
        result: DeliveryResult,
        error: String,
        now: Now,
    ) {
        if let Some(mut entry) = self.remove(lane, key, place) {
            Arc::make_mut(&mut entry.queued).attempts += 1;
            self.settle_undelivered(Some(lane), &entry.queued, result, error, now);
        }
    }

    /// Stops a channel. Its notifications go to the fallback.
    pub(super) fn stop(&mut self, lane: usize, error: &str, now: Now) {
        self.lanes[lane].stop(error.to_owned(), now);
        self.changes.channels = true;
        self.notes.push(Note::Stopped(lane, error.to_owned()));
        for (place, key) in self.lanes[lane].queue.places(|_| true) {
            if let Some(entry) = self.remove(lane, &key, place) {
                let (result, error) = (DeliveryResult::Stopped, error.to_owned());
                self.settle_undelivered(Some(lane), &entry.queued, result, error, now);
            }
        }
    }

    /// Notes the result of an attempt with a state or a beat.
    pub(super) fn settle_feed(
        &mut self,
        lane: usize,
        sent: &Arc<Notification>,
        result: Result<(), DeliveryError>,
        jitter: f64,
        now: Now,
    ) {
        let state = &mut self.lanes[lane];
        let outcome = match result {
            Ok(()) => {
                state.feed.settled(sent);
                return self.succeeded(lane, now);
            }
            Err(DeliveryError::Retry { message, after }) => {
                state.last_error = Some(shown(&message));
                state.failed(after, 0, jitter, now);
                Outcome::Failed
            }
            Err(DeliveryError::Rejected { message }) => {
                let message = shown(&message);
                state.feed.settled(sent);
                self.changes.channels |= state.responded();
                state.last_error = Some(message.clone());
                self.notes.push(Note::FeedRejected(lane, message));
                Outcome::Rejected
            }
            Err(DeliveryError::Stopped { message }) => {
                self.stop(lane, &shown(&message), now);
                Outcome::Stopped
            }
        };
        self.notes.push(Note::Count(lane, outcome));
    }

    /// Notes the result of a test. A success starts the channel again.
    pub(super) fn settle_test(
        &mut self,
        lane: usize,
        result: &Result<(), DeliveryError>,
        now: Now,
    ) {
        match result {
            Ok(()) => {
                self.succeeded(lane, now);
                self.wakes.push(lane);
            }
            Err(DeliveryError::Stopped { message }) if self.lanes[lane].stopped.is_none() => {
                self.stop(lane, &shown(message), now);
            }
            Err(error) => self.lanes[lane].last_error = Some(shown(error.message())),
        }
    }
}

/// The error as it is kept and shown. A channel of the service may have built it without the redactor.
fn shown(message: &str) -> String {
    redact_line(message, MAX_ERROR)
}
