//! `NotificationReason`: the cause of a notification.

use serde::{Deserialize, Serialize};

/// The cause of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotificationReason {
    /// The first notification of the group.
    First,
    /// Further alerts of the group fire.
    NewAlerts,
    /// Some alerts of the group resolved, others still fire.
    SomeResolved,
    /// All alerts of the group resolved.
    AllResolved,
    /// The group still fires.
    Repeat,
    /// A person acknowledged alerts. Only for channels that pass this on.
    Acknowledged,
    /// Nobody acknowledged the alerts in time.
    Escalation,
    /// Notifications were held back by a cooldown or the hourly cap: this is their summary.
    Summary,
    /// Another channel failed, and this one takes its place.
    Fallback,
    /// A silence began.
    SilenceBegan,
    /// A silence ended.
    SilenceEnded,
    /// A post for a receiver that groups and deduplicates itself.
    Sync,
    /// The engine is healthy.
    Heartbeat,
    /// A person tests the channel.
    Test,
}
