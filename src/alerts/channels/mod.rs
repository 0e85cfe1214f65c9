//! Where notifications go: one file for each kind of channel. [`Channel`] is the trait for your own.

#[cfg(feature = "alerts-http")]
mod alert_text;
#[cfg(feature = "alerts-http")]
mod alertmanager;
#[cfg(feature = "alerts-http")]
mod alertmanager_instance;
#[cfg(feature = "alerts-http")]
mod alerts_only;
mod channel;
#[cfg(feature = "alerts-http")]
mod cut;
mod delivery_error;
#[cfg(feature = "alerts-http")]
mod discord;
#[cfg(feature = "alerts-email")]
mod email;
#[cfg(feature = "alerts-http")]
mod from_webhook_url;
#[cfg(feature = "alerts-http")]
mod heartbeat;
#[cfg(feature = "alerts-http")]
mod join_all;
#[cfg(feature = "alerts-http")]
mod links;
mod log;
#[cfg(feature = "alerts-http")]
mod message;
mod notification;
mod notification_reason;
mod notified_alert;
#[cfg(feature = "alerts-http")]
mod one_by_one;
#[cfg(feature = "alerts-http")]
mod opsgenie;
#[cfg(feature = "alerts-http")]
mod opsgenie_alert;
#[cfg(feature = "alerts-http")]
mod pagerduty;
#[cfg(feature = "alerts-http")]
mod posted_alert;
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
#[cfg(feature = "alerts-http")]
mod wire_forms;

#[cfg(feature = "alerts-http")]
pub use self::alertmanager::Alertmanager;
pub use self::channel::{Channel, Mode};
pub use self::delivery_error::DeliveryError;
#[cfg(feature = "alerts-http")]
pub use self::discord::Discord;
#[cfg(feature = "alerts-email")]
pub use self::email::{Email, EmailBuilder, Encryption};
#[cfg(feature = "alerts-http")]
pub use self::from_webhook_url::from_webhook_url;
#[cfg(feature = "alerts-http")]
pub use self::heartbeat::Heartbeat;
pub use self::log::Log;
pub use self::notification::Notification;
pub use self::notification_reason::NotificationReason;
pub use self::notified_alert::NotifiedAlert;
#[cfg(feature = "alerts-http")]
pub use self::opsgenie::Opsgenie;
#[cfg(feature = "alerts-http")]
pub use self::pagerduty::PagerDuty;
#[cfg(feature = "alerts-http")]
pub use self::slack::Slack;
#[cfg(feature = "alerts-http")]
pub use self::telegram::Telegram;
#[cfg(feature = "alerts-http")]
pub use self::webhook::Webhook;
