//! `Outlet`: a channel with its name and its limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::alerts::channels::{Channel, Mode};

const MINUTE: Duration = Duration::from_secs(60);

/// A channel with its name and its limits.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outlet {
    /// The name, by which rules and notifications refer to the channel.
    pub name: String,
    /// The channel.
    pub channel: Arc<dyn Channel>,
    /// The name of the channel that takes the notifications that this one does not.
    pub fallback: Option<String>,
    /// The longest time that an attempt may take. Defaults to that of the channel.
    pub timeout: Duration,
    /// The time after which the fallback gets copies, because each attempt failed since. Defaults to 1 minute.
    pub fallback_after: Duration,
    /// The age at which a notification that still fails is given up. Defaults to 24 hours.
    pub give_up_after: Duration,
}

impl Outlet {
    /// A channel with the default limits and without a fallback.
    #[must_use]
    pub fn new(name: impl Into<String>, channel: Arc<dyn Channel>) -> Self {
        Self {
            name: name.into(),
            timeout: channel.timeout(),
            channel,
            fallback: None,
            fallback_after: MINUTE,
            give_up_after: 24 * 60 * MINUTE,
        }
    }

    /// Sets the fallback.
    #[must_use]
    pub fn fallback(mut self, name: impl Into<String>) -> Self {
        self.fallback = Some(name.into());
        self
    }

    /// Sets the timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time after which the fallback gets copies.
    #[must_use]
    pub fn fallback_after(mut self, after: Duration) -> Self {
        self.fallback_after = after;
        self
    }

    /// Sets the age at which a notification is given up.
    #[must_use]
    pub fn give_up_after(mut self, after: Duration) -> Self {
        self.give_up_after = after;
        self
    }

    /// Whether the outbox feeds it.
    pub(in crate::alerts) fn takes_notifications(&self) -> bool {
        self.channel.mode() == Mode::Notifications
    }

    /// Whether it gets all alerts again and again.
    pub(in crate::alerts) fn takes_alerts(&self) -> bool {
        matches!(self.channel.mode(), Mode::Alerts { .. })
    }
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet")
            .field("name", &self.name)
            .field("kind", &self.channel.kind())
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}
