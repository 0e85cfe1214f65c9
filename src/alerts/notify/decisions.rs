//! `Decisions`: the outcome of a tick.

use crate::alerts::channels::Notification;
use crate::alerts::stores::Event;

/// The outcome of a tick.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Decisions {
    /// Notifications for the outbox, each with the name of its channel, in the order of sending.
    pub queued: Vec<(String, Notification)>,
    /// Entries for the history: notifications that were held back, and silences whose time is over.
    pub events: Vec<Event>,
    /// Whether the notifier's state changed, so that it must be saved together with the above.
    pub is_changed: bool,
}
