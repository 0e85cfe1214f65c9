//! Where notifications go: one file for each kind of channel. [`Channel`] is the trait for your own.

#[cfg(feature = "alerts-http")]
mod alert_text;
mod channel;
mod delivery_error;
#[cfg(feature = "alerts-http")]
mod discord;
#[cfg(feature = "alerts-http")]
mod from_webhook_url;
#[cfg(feature = "alerts-http")]
mod links;
#[cfg(feature = "alerts-http")]
mod message;
mod notification;
mod notification_reason;
mod notified_alert;
#[cfg(feature = "alerts-http")]
mod poster;
#[cfg(feature = "alerts-http")]
mod slack;
#[cfg(feature = "alerts-http")]
mod telegram;
#[allow(dead_code, reason = "the features decide which units are used")]
mod text;
#[cfg(feature = "alerts-http")]
mod times;
#[cfg(feature = "alerts-http")]
mod webhook;

pub use self::channel::{Channel, Mode};
pub use self::delivery_error::DeliveryError;
#[cfg(feature = "alerts-http")]
pub use self::discord::Discord;
#[cfg(feature = "alerts-http")]
pub use self::from_webhook_url::from_webhook_url;
pub use self::notification::Notification;
pub use self::notification_reason::NotificationReason;
pub use self::notified_alert::NotifiedAlert;
#[cfg(feature = "alerts-http")]
pub use self::slack::Slack;
#[cfg(feature = "alerts-http")]
pub use self::telegram::Telegram;
#[cfg(feature = "alerts-http")]
pub use self::webhook::Webhook;
