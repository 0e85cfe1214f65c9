//! `Event`: an entry of the history.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::alerts::channels::NotificationReason;
use crate::alerts::state::{AlertId, Silence, SilenceTarget, Transition};
use crate::alerts::{redacted, wire};

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// An alert changed.
    Transition(Transition),
    /// A notification was decided, or its delivery ended.
    Notification(NotificationEvent),
    /// A silence began or ended.
    Silence(SilenceEvent),
}

impl Event {
    /// Without secrets. The texts of a notification are redacted already.
    pub(in crate::alerts) fn redacted(self) -> Self {
        match self {
            Self::Transition(transition) => Self::Transition(transition.redacted()),
            Self::Notification(notification) => Self::Notification(notification),
            Self::Silence(event) => Self::Silence(SilenceEvent {
                silence: event.silence.redacted(),
                ended_by: event.ended_by.as_deref().map(redacted::text),
                ..event
            }),
        }
    }

    /// The time of the event.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        match self {
            Self::Transition(transition) => transition.at,
            Self::Notification(notification) => notification.at,
            Self::Silence(silence) => silence.at,
        }
    }

    /// The alerts that the event is about, under which a store finds it. A silence of labels names none.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertId> {
        match self {
            Self::Transition(transition) => vec![transition.alert],
            Self::Notification(notification) => notification.alerts.clone(),
            Self::Silence(silence) => match silence.silence.target {
                SilenceTarget::Alert(alert) => vec![alert],
                SilenceTarget::Labels(_) => Vec::new(),
            },
        }
    }
}

/// The end of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotificationEvent {
    /// The time.
    #[serde(with = "wire::time")]
    pub at: SystemTime,
    /// The notification.
    pub notification: Uuid,
    /// The name of the channel.
    pub channel: String,
    /// The cause of the notification.
    pub reason: NotificationReason,
    /// The key of the group.
    pub group_key: String,
    /// The alerts in it.
    pub alerts: Vec<AlertId>,
    /// The result.
    pub result: DeliveryResult,
    /// The number of attempts.
    pub attempts: u32,
    /// The error, redacted.
    pub error: Option<String>,
}

/// The result of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryResult {
    /// The receiver took it.
    Delivered,
    /// The receiver refused it for good.
    Rejected,
    /// The channel is stopped.
    Stopped,
    /// It was tried for too long.
    Expired,
    /// A cooldown or the hourly cap held it back. A summary follows.
    HeldBack,
    /// The outbox was full.
    Dropped,
}

/// A silence began or ended. One that recurs begins and ends with each occurrence, whose end it then shows as its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SilenceEvent {
    /// The time.
    #[serde(with = "wire::time")]
    pub at: SystemTime,
    /// The silence.
    pub silence: Silence,
    /// Whether it began. Otherwise it ended.
    pub began: bool,
    /// The person who ended it before its time.
    pub ended_by: Option<String>,
}
