//! The alert channels that settings name.

use super::{ExposeSecret, Settings};
use crate::alerts::Receiver;
use crate::alerts::channels::{Telegram, from_webhook_url};

/// The channels, and the mistakes among the settings.
pub(super) fn channels(settings: &Settings) -> (Vec<Receiver>, Vec<String>) {
    let webhook = settings.alert_webhook_url.as_ref().map(|url| {
        let channel = from_webhook_url(url.expose_secret());
        channel
            .map(Receiver::from)
            .map_err(|error| format!("ALERT_WEBHOOK_URL: {error}"))
    });
    let (mut receivers, mut mistakes) = (Vec::new(), Vec::new());
    for found in webhook.into_iter().chain(telegram(settings)) {
        match found {
            Ok(receiver) => receivers.push(receiver),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    (receivers, mistakes)
}

fn telegram(settings: &Settings) -> Option<Result<Receiver, String>> {
    match (&settings.telegram_token, &settings.manager_chat_id) {
        (Some(token), Some(chat)) => {
            let channel = Telegram::new(token.expose_secret(), chat);
            let named = |error| format!("TELEGRAM_TOKEN and MANAGER_CHAT_ID: {error}");
            Some(channel.map(Receiver::from).map_err(named))
        }
        (None, Some(_)) => {
            let mistake =
                "MANAGER_CHAT_ID is set and TELEGRAM_TOKEN is not: alerts to Telegram need both";
            Some(Err(mistake.to_owned()))
        }
        (Some(_), None) => {
            // It may be the token of the service's own bot.
            tracing::warn!(
                "TELEGRAM_TOKEN is set and MANAGER_CHAT_ID is not: no alerts go to Telegram"
            );
            None
        }
        (None, None) => None,
    }
}
