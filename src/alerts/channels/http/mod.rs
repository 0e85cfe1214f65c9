//! Channels over HTTP, and the texts and requests that they share.

mod alert_text;
mod alertmanager;
mod alertmanager_instance;
mod alerts_only;
mod discord;
mod from_webhook_url;
mod heartbeat;
mod links;
mod message;
mod one_by_one;
mod opsgenie;
mod opsgenie_alert;
mod pagerduty;
mod posted_alert;
mod poster;
mod slack;
mod telegram;
mod text;
mod times;
mod webhook;
mod wire_forms;

pub use self::alertmanager::Alertmanager;
pub use self::discord::Discord;
pub use self::from_webhook_url::from_webhook_url;
pub use self::heartbeat::Heartbeat;
pub use self::opsgenie::Opsgenie;
pub use self::pagerduty::PagerDuty;
pub use self::slack::Slack;
pub use self::telegram::Telegram;
pub use self::webhook::Webhook;
