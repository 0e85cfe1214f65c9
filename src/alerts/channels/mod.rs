//! Where notifications go: one file for each kind of channel. [`Channel`] is the trait for your own.

mod channel;
mod delivery_error;
#[cfg(feature = "alerts-email")]
mod email;
#[cfg(feature = "alerts-http")]
mod http;
mod log;
mod notification;
mod notification_reason;
mod notified_alert;
mod test_alert;

pub use self::channel::{Channel, Mode};
pub use self::delivery_error::DeliveryError;
#[cfg(feature = "alerts-email")]
pub use self::email::{Email, EmailBuilder, Encryption};
#[cfg(feature = "alerts-http")]
pub use self::http::{
    Alertmanager, Discord, Heartbeat, Opsgenie, PagerDuty, Slack, Telegram, Webhook,
    from_webhook_url,
};
pub use self::log::Log;
pub use self::notification::Notification;
pub use self::notification_reason::NotificationReason;
pub use self::notified_alert::NotifiedAlert;
pub(in crate::alerts) use self::test_alert::test_alert;
