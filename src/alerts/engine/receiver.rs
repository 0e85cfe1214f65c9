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
    pub(super) policy: Policy,
    pub(super) outlet: Outlet,
}

impl Receiver {
    /// A channel under a name of its own, which rules, fallbacks and escalations use.
    pub fn new(name: impl Into<String>, channel: impl Channel) -> Self {
        Self::of(name.into(), Arc::new(channel))
    }

    pub(super) fn of(name: String, channel: Arc<dyn Channel>) -> Self {
        let policy =
            Policy::new(name.clone()).takes_acknowledgements(channel.takes_acknowledgements());
        Self {
            policy,
            outlet: Outlet::new(name, channel),
        }
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
    /// Sets the time after which a group that still fires is told again. Defaults to 4 hours.
    repeat_interval(interval: Duration);
    /// Sets how long an alert is not told again after it was. Defaults to 5 minutes, as does `ALERT_COOLDOWN_MINUTES` of `Settings`.
    cooldown(cooldown: Duration);
    /// Sets the most notifications in an hour. Defaults to 10, as does `ALERT_MAX_NOTIFICATIONS_PER_HOUR` of `Settings`.
    max_per_hour(max: usize);
    /// Sets whether the end of alerts is told. Defaults to true.
    send_resolved(sends: bool);
    /// Tells another channel too if nobody acknowledges in time.
    escalate_after(after: Duration, to: impl Into<String>);
    /// Sets whether the begin and the end of silences are told, of those that recur at each time. Defaults to false.
    announce_silences(announces: bool);
}

setters! { outlet:
    /// Sets the channel that takes what this one does not.
    fallback(name: impl Into<String>);
    /// Sets the timeout of an attempt. Defaults to 10 s.
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

impl Receiver {
    /// A channel that was chosen at run time, under a name of its own.
    pub fn from_shared(name: impl Into<String>, channel: Arc<dyn Channel>) -> Self {
        Self::of(name.into(), channel)
    }
}
