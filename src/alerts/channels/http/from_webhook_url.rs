//! Recognises the vendor of a webhook by its host.

use std::sync::Arc;

use super::discord::Discord;
use super::slack::Slack;
use super::webhook::Webhook;
use crate::alerts::channels::channel::Channel;
use crate::error::Error;
use crate::http_url::HttpUrl;

/// The channel for the URL of a webhook: [`Slack`] for `hooks.slack.com`, [`Discord`] for `/api/webhooks` of `discord.com` and
/// `discordapp.com`, else a [`Webhook`] with the payload of Alertmanager.
///
/// # Errors
///
/// The URL is invalid. The error does not quote it.
///
/// ```
/// use tower_vitals::alerts::channels::from_webhook_url;
///
/// let channel = from_webhook_url("https://discord.com/api/webhooks/1/token")?;
/// assert_eq!(channel.kind(), "discord");
/// let channel = from_webhook_url("https://example.com/alerts")?;
/// assert_eq!(channel.kind(), "webhook");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub fn from_webhook_url(url: &str) -> Result<Arc<dyn Channel>, Error> {
    let parsed = HttpUrl::parse(url).map_err(|problem| {
        Error::invalid(format!("the URL of the webhook is invalid: {problem}"))
    })?;
    let host = parsed.uri().host().unwrap_or_default().to_ascii_lowercase();
    let is_of = |domain: &str| {
        let rest = host.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let path = parsed.uri().path();
    let is_discord = is_of("discord.com") || is_of("discordapp.com");
    Ok(
        if ["hooks.slack.com", "hooks.slack-gov.com"].contains(&&*host) {
            Arc::new(Slack::new(url)?)
        } else if is_discord && path.starts_with("/api/") && path.contains("/webhooks/") {
            Arc::new(Discord::new(url)?)
        } else {
            Arc::new(Webhook::new(url)?)
        },
    )
}
