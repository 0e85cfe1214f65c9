//! `Cause`: a cause why a channel is not told of an alert now.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::alerts::wire;

/// A cause why a channel is not told of a firing alert now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The policy excludes its level.
    Level,
    /// The policy excludes its labels.
    Labels,
    /// Its rule names other channels.
    OtherChannels,
    /// Prometheus announces the alerts of its rule.
    AnnouncedByPrometheus,
    /// Its group is new and waits for more alerts.
    GroupWait {
        /// The end of the wait.
        #[serde(with = "wire::time")]
        until: SystemTime,
    },
    /// Its group was judged less than `group_interval` ago.
    GroupInterval {
        /// The time at which the group is judged again.
        #[serde(with = "wire::time")]
        until: SystemTime,
    },
    /// The channel was told within the cooldown that it fires. A summary follows.
    Cooldown {
        /// The end of the cooldown.
        #[serde(with = "wire::time")]
        until: SystemTime,
    },
    /// The channel got as many notifications as it may in an hour. A summary follows.
    Cap {
        /// The time at which another one is allowed.
        #[serde(with = "wire::time")]
        until: SystemTime,
    },
    /// A person acknowledged it, so it is neither repeated nor escalated.
    Acknowledged,
    /// The channel is stopped until it is tested or configured anew.
    Stopped {
        /// The begin.
        #[serde(with = "wire::time")]
        since: SystemTime,
        /// The error that stopped it, redacted.
        error: String,
        /// The fallback that gets its notifications, if one works.
        instead: Option<String>,
    },
}
