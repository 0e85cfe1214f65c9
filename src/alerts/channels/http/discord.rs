//! `Discord`: a webhook of Discord.

use futures_core::future::BoxFuture;
use http::{HeaderMap, Method, Uri};
use serde_json::{Value as Json, json};

use super::links::is_link;
use super::message::Message;
use super::poster::{Poster, judge_json};
use super::text::{cut, cut_by, utf16_len};
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::alerts::level::Level;
use crate::error::Error;

/// The limits of an embed.
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 4_096;
const MAX_EMBEDS: usize = 6_000;
const MAX_FOOTER: usize = 200;
/// The parts of a description.
const MAX_FACTS: usize = 400;
const MAX_NOTE: usize = 1_000;
const MAX_ALERTS: usize = 2_500;
/// The number of other alerts, and line breaks.
const MAX_REST: usize = 150;

const _: () = assert!(MAX_FACTS + MAX_NOTE + MAX_ALERTS + MAX_REST <= MAX_DESCRIPTION);
const _: () = assert!(MAX_TITLE + MAX_DESCRIPTION + MAX_FOOTER <= MAX_EMBEDS);

/// Posts to a channel of Discord through a [webhook](https://docs.discord.com/developers/resources/webhook#execute-webhook).
///
/// A message is one embed with at most 15 alerts and the number of the others. Its texts are cut to Discord's
/// [limits](https://docs.discord.com/developers/resources/message#embed-object-embed-limits): 256 characters for a title, 4,096 for
/// a description, 6,000 for all. Markdown is escaped, so texts appear as they are, and
/// [`allowed_mentions`](https://docs.discord.com/developers/resources/message#allowed-mentions-object) is empty, so nobody can be
/// mentioned. `wait=true` lets Discord confirm each message. Without it, a lost message is no error.
///
/// Discord answers 200. With 400 it refuses the message. 401, 403 and 404 (`Unknown Webhook`) stop the channel, because Discord bans
/// addresses with many such answers. 429 names the seconds to wait in `retry_after`.
///
/// ```
/// use tower_vitals::alerts::channels::Discord;
///
/// let discord = Discord::new("https://discord.com/api/webhooks/100000000000000000/a-token-of-68-characters")?;
/// assert!(!format!("{discord:?}").contains("a-token"));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Discord {
    poster: Poster,
    uri: Uri,
}

debug_fields!(Discord { poster });

impl Discord {
    /// Posts to this URL, which is secret. It may have a `thread_id`.
    ///
    /// # Errors
    ///
    /// The URL is invalid, or ends with `/slack` or `/github`: these take other messages. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, Error> {
        let poster = Poster::new("the URL of the Discord webhook", url)?;
        let invalid = |problem: &str| {
            let name = "the URL of the Discord webhook";
            Err(Error::invalid(format!("{name} is invalid: {problem}")))
        };
        let path = poster.uri().path().trim_end_matches('/');
        if path.ends_with("/slack") || path.ends_with("/github") {
            return invalid("it must end with the token, without /slack or /github");
        }
        let given = poster.uri().query().unwrap_or_default();
        let given = given.split('&').filter(|pair| !pair.is_empty());
        let others = given.filter(|pair| *pair != "wait" && !pair.starts_with("wait="));
        let query: Vec<_> = others.chain(["wait=true"]).collect();
        let mut parts = poster.uri().clone().into_parts();
        let target = format!("{path}?{}", query.join("&"));
        let Ok(target) = target.parse() else {
            return invalid("its path or its query is too long");
        };
        parts.path_and_query = Some(target);
        let Ok(uri) = Uri::from_parts(parts) else {
            return invalid("its path or its query is too long");
        };
        Ok(Self { poster, uri })
    }
}

impl Channel for Discord {
    fn kind(&self) -> &'static str {
        "discord"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let body = payload(notification).to_string().into();
            let (uri, headers) = (self.uri.clone(), HeaderMap::new());
            let response = self.poster.send(Method::POST, uri, headers, body).await?;
            judge_json(&response, |json| json["retry_after"].as_f64())
        })
    }
}

fn payload(notification: &Notification) -> Json {
    let message = Message::of(notification);
    let mut embed = json!({
        "title": escaped(&message.headline(), MAX_TITLE),
        "description": description(&message),
        "color": color(notification),
    });
    if let Some(footer) = &message.footer {
        // A footer has no Markdown.
        embed["footer"] = json!({"text": cut(footer, MAX_FOOTER)});
    }
    json!({"embeds": [embed], "allowed_mentions": {"parse": []}})
}

fn description(message: &Message) -> String {
    let mut text = escaped(&message.facts(), MAX_FACTS);
    let room = if message.alerts.is_empty() {
        MAX_ALERTS
    } else {
        MAX_NOTE
    };
    if let Some(note) = &message.note {
        text.extend(["\n\n", &escaped(note, room)]);
    }
    let share = message.share(MAX_ALERTS);
    for (at, alert) in message.alerts.iter().enumerate() {
        let link = alert.runbook.as_ref().map(|url| runbook(url, share / 2));
        let link = link.map_or(String::new(), |link| format!("\n{link}"));
        // Line breaks are no part of a share.
        let room = share.saturating_sub(utf16_len(&link));
        text += if at == 0 { "\n\n" } else { "\n" };
        text += &escaped(&alert.text, room);
        text += &link;
    }
    if let Some(others) = message.others() {
        text.extend(["\n", &others]);
    }
    text
}

fn runbook(url: &str, limit: usize) -> String {
    let link = format!("[Runbook]({url})");
    if is_link(url) && link.len() <= limit {
        link
    } else {
        escaped(&format!("Runbook: {url}"), limit)
    }
}

fn color(notification: &Notification) -> u32 {
    match notification.level() {
        _ if !notification.alerts.is_empty() && !notification.is_firing() => 0x2e_b6_7d,
        Level::Info => 0x36_82_d0,
        Level::Warning => 0xec_b2_2e,
        Level::Error => 0xe8_7a_1d,
        Level::Critical => 0xd7_26_38,
    }
}

/// Cuts the text, then escapes it, so that the escaped text keeps the limit.
fn escaped(text: &str, limit: usize) -> String {
    let text = cut_by(text, limit, |char| {
        char.len_utf16() + usize::from(is_markup(char))
    });
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if is_markup(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// Whether a character can be part of Markdown, a mention, an emoji (`:smile:`), a timestamp (`<t:0>`) or a URL (`https:`).
fn is_markup(char: char) -> bool {
    r"\*_~`|<>#+-.:@[]()!".contains(char)
}
