//! `Receiver`: a channel, and the notifications that go there.

use std::sync::Arc;
use std::time::Duration;

use crate::alerts::channels::Channel;
use crate::alerts::delivery::Outlet;
use crate::alerts::level::Level;
use crate::alerts::notify::Policy;
use crate::alerts::state::Matcher;

/// A channel, and the notifications that go there.
///
/// The defaults are Alertmanager's where it has them.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::alerts::channels::Log;
/// use tower_vitals::alerts::{Level, Receiver};
///
/// let receiver = Receiver::new("operators", Log::new())
///     .min_level(Level::Error)
///     .group_by(["alertname", "component"])
///     .max_per_hour(20);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Receiver {
    policy: Policy,
    pub(super) outlet: Outlet,
    cooldown: Option<Duration>,
    max_per_hour: Option<usize>,
}

impl Receiver {
    /// A channel under a name of its own, which rules, fallbacks and escalations use.
    pub fn new(name: impl Into<String>, channel: impl Channel) -> Self {
        let name = name.into();
        let policy =
            Policy::new(name.clone()).takes_acknowledgements(channel.takes_acknowledgements());
        Self {
            policy,
            outlet: Outlet::new(name, Arc::new(channel)),
            cooldown: None,
            max_per_hour: None,
        }
    }

    /// Sets how long an alert is not told again after it was. Zero means none. Defaults to
    /// [`AlertsBuilder::cooldown`](super::AlertsBuilder::cooldown).
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = Some(cooldown);
        self
    }

    /// Sets the most notifications in an hour: 1 to 10,000. Defaults to
    /// [`AlertsBuilder::max_per_hour`](super::AlertsBuilder::max_per_hour).
    pub fn max_per_hour(mut self, max: usize) -> Self {
        self.max_per_hour = Some(max);
        self
    }

    /// Whether nothing was set about notifications.
    pub(super) fn has_default_policy(&self) -> bool {
        let default = Policy::new(&*self.outlet.name)
            .takes_acknowledgements(self.outlet.channel.takes_acknowledgements());
        self.policy == default && self.cooldown.is_none() && self.max_per_hour.is_none()
    }

    /// The policy, with these values where it has none of its own.
    pub(super) fn policy(&self, cooldown: Duration, max_per_hour: usize) -> Policy {
        let policy = self.policy.clone();
        policy
            .cooldown(self.cooldown.unwrap_or(cooldown))
            .max_per_hour(self.max_per_hour.unwrap_or(max_per_hour))
    }
}

/// Setters that pass their value on to the policy or the outlet.
macro_rules! setters {
    ($field:ident: $($(#[$doc:meta])* $name:ident($($arg:ident: $Type:ty),*);)*) => {
        impl Receiver {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $($arg: $Type),*) -> Self {
                    self.$field = self.$field.$name($($arg),*);
                    self
                }
            )*
        }
    };
}

setters! { policy:
    /// Sends only alerts of this level and above. Defaults to all.
    min_level(level: Level);
    /// Sends only alerts of these levels. Defaults to all.
    levels(levels: impl IntoIterator<Item = Level>);
    /// Sends only alerts that match, besides those of rules that name this channel. Several matchers must all match.
    matcher(matcher: Matcher);
    /// Sets the labels whose values make a group. Defaults to `alertname`.
    group_by(labels: impl IntoIterator<Item = impl Into<String>>);
    /// Sets how long a new group waits for more alerts. Defaults to 30 s, and to none for critical alerts.
    group_wait(wait: Duration);
    /// Sets the time between two notifications of a group that changed. Defaults to 5 minutes.
    group_interval(interval: Duration);
    /// Sets the time after which the channel repeats a group that still fires. Defaults to 4 hours.
    repeat_interval(interval: Duration);
    /// Sets whether the channel tells the end of alerts. Defaults to true.
    send_resolved(sends: bool);
    /// Tells another channel too if nobody acknowledges in time.
    escalate_after(after: Duration, to: impl Into<String>);
    /// Sets whether the begin and the end of silences are told, of those that recur at each time. Defaults to false.
    announce_silences(announces: bool);
}

setters! { outlet:
    /// Sets the channel that takes what this one does not.
    fallback(name: impl Into<String>);
    /// Sets the timeout of an attempt. Defaults to that of the channel ([`Channel::timeout`]), which is 10 s for most.
    timeout(timeout: Duration);
    /// Sets the time after which the fallback gets copies, because each attempt failed since. Defaults to 1 minute.
    fallback_after(after: Duration);
    /// Sets the age at which a notification that still fails is given up. Defaults to 24 hours.
    give_up_after(after: Duration);
}

/// A channel under the name of its kind.
impl<C: Channel> From<C> for Receiver {
    fn from(channel: C) -> Self {
        Self::new(channel.kind(), channel)
    }
}
