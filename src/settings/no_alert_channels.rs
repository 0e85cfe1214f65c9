//! Without the feature `alerts-http` there are no channels that settings could name.

use super::Settings;
use crate::alerts::Receiver;

/// No channels, and the mistakes among the settings.
pub(super) fn channels(settings: &Settings) -> (Vec<Receiver>, Vec<String>) {
    let named = [
        ("ALERT_WEBHOOK_URL", settings.alert_webhook_url.is_some()),
        ("MANAGER_CHAT_ID", settings.manager_chat_id.is_some()),
    ];
    let named = named.into_iter().filter(|(_, is_set)| *is_set);
    let mistake = |(name, _)| format!("{name} is set: it needs the feature alerts-http");
    (Vec::new(), named.map(mistake).collect())
}
