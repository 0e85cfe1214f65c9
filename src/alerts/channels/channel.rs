//! `Channel`: the way to one receiver of notifications.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::delivery_error::DeliveryError;
use super::notification::Notification;

/// The way to one receiver of notifications, such as a chat room or a mailbox.
///
/// The engine retries, and stops a channel that refuses its credentials. A channel sends once, and says how a failure is to be
/// treated. The texts of a notification are redacted, but not escaped: each channel escapes and cuts them for its receiver.
///
/// ```
/// use std::sync::Mutex;
/// use futures_core::future::BoxFuture;
/// use tower_vitals::alerts::channels::{Channel, DeliveryError, Notification};
///
/// #[derive(Default)]
/// struct Collected(Mutex<Vec<String>>);
///
/// impl Channel for Collected {
///     fn kind(&self) -> &'static str {
///         "collected"
///     }
///
///     fn send<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
///         self.0.lock().unwrap().push(notification.title());
///         Box::pin(async { Ok(()) })
///     }
/// }
/// ```
pub trait Channel: Send + Sync + 'static {
    /// The kind, such as `slack`: lower-case letters and underscores. It names the channel unless the app does.
    fn kind(&self) -> &'static str;

    /// Sends one notification. The engine drops the future after the channel's timeout, and tries again.
    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>>;

    /// How the engine feeds the channel. Defaults to [`Mode::Notifications`].
    fn mode(&self) -> Mode {
        Mode::Notifications
    }

    /// A hash of the configuration, such as the URL. It must be the same in every process.
    ///
    /// A channel that the engine stopped stays stopped over a restart. It starts again if this number is another one.
    fn fingerprint(&self) -> u64 {
        0
    }

    /// The longest time that an attempt may take, unless the [`Receiver`](crate::alerts::Receiver) sets another one. Defaults to 10 s.
    ///
    /// A channel with timeouts of its own, or with several requests for a notification, names a longer one.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Whether the receiver itself recognises a notification that it gets twice, by the id of the notification or of its alerts.
    ///
    /// The engine keeps the notifications about each alert in order for such a channel, also over a crash: it sends the next one
    /// after the end of the one before is recorded, unless the store is down.
    fn deduplicates(&self) -> bool {
        false
    }

    /// Whether the receiver wants to know that a person acknowledged an alert
    /// ([`NotificationReason::Acknowledged`](super::NotificationReason::Acknowledged)).
    fn takes_acknowledgements(&self) -> bool {
        false
    }
}

/// A channel that was chosen at run time, such as by `from_webhook_url`, is one like any other.
impl<C: Channel + ?Sized> Channel for Arc<C> {
    fn kind(&self) -> &'static str {
        (**self).kind()
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        (**self).send(notification)
    }

    fn mode(&self) -> Mode {
        (**self).mode()
    }

    fn fingerprint(&self) -> u64 {
        (**self).fingerprint()
    }

    fn timeout(&self) -> Duration {
        (**self).timeout()
    }

    fn deduplicates(&self) -> bool {
        (**self).deduplicates()
    }

    fn takes_acknowledgements(&self) -> bool {
        (**self).takes_acknowledgements()
    }
}

/// How the engine feeds a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Notifications for people: grouped, repeated seldom, and bounded by cooldowns and an hourly cap.
    Notifications,
    /// All firing alerts and those that resolved in the last five minutes, again and again, because the receiver groups and
    /// deduplicates itself. Cooldowns and caps do not apply.
    Alerts {
        /// The time between two posts. A change is posted at once.
        every: Duration,
    },
    /// No alerts: the engine sends an empty notification while it is healthy, so that somebody notices when it stops.
    Heartbeat {
        /// The time between two beats.
        every: Duration,
    },
}
