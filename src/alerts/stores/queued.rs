//! `Queued`: a notification in the outbox.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::alerts::channels::Notification;
use crate::alerts::wire;

/// A notification in the outbox: it waits for its delivery through one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Queued {
    /// The identity in the outbox. One notification to two channels is in it twice, with two identities.
    pub id: uuid::Uuid,
    /// The name of the channel.
    pub channel: String,
    /// The notification.
    pub notification: Notification,
    /// The number of failed attempts.
    pub attempts: u32,
    /// The time of the next attempt.
    #[serde(with = "wire::time")]
    pub next_attempt: SystemTime,
    /// The error of the last attempt.
    pub last_error: Option<String>,
    /// Whether the fallback of the channel has a copy already, because the channel fails.
    #[serde(default)]
    pub handed_over: bool,
}

impl Queued {
    /// A notification that is to be delivered at once.
    #[must_use]
    pub fn new(channel: impl Into<String>, notification: Notification) -> Self {
        Self {
            id: uuid::Uuid::now_v7(),
            channel: channel.into(),
            next_attempt: notification.at,
            notification,
            attempts: 0,
            last_error: None,
            handed_over: false,
        }
    }
}
