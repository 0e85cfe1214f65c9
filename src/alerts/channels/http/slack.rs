//! `Slack`: an incoming webhook of Slack.

use futures_core::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Value as Json, json};

use super::links::is_link;
use super::message::Message;
use super::poster::{Poster, judge};
use super::text::cut_by;
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::error::Error;

/// A header block: "maximum length for the text is 150 characters".
const MAX_HEADER: usize = 150;
/// A text object: "minimum length is 1 and maximum length is 3000 characters".
const MAX_TEXT: usize = 3_000;
/// The texts of all alerts.
const MAX_ALERTS: usize = 12_000;
/// The text that phones show in place of the blocks.
const MAX_FALLBACK: usize = 1_000;

/// Posts to a channel of Slack through an [incoming webhook](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
///
/// A message shows at most 15 alerts and the number of the others, because Slack refused messages with 20 and more. Its texts are
/// plain [text objects](https://docs.slack.dev/reference/block-kit/composition-objects/text-object) with `&`, `<` and `>`
/// [escaped](https://docs.slack.dev/messaging/formatting-message-text), so they appear as they are: nothing is formatted, and
/// nobody can be mentioned. They are cut to Slack's limits: 150 characters for a header, 3,000 for a block, 50 blocks.
///
/// Slack answers `200 ok`. With 400 (`invalid_payload`) it refuses the message. 403 (`action_prohibited`, `invalid_token`), 404
/// (`channel_not_found`, `no_service`) and 410 (`channel_is_archived`) stop the channel. 429 names the seconds to wait in
/// `Retry-After`: Slack takes about one message a second.
///
/// ```
/// use tower_vitals::alerts::channels::Slack;
///
/// let slack = Slack::new("https://hooks.slack.com/services/T00000000/B00000000/aaaaaaaaaaaaaaaaaaaaaaaa")?;
/// assert!(!format!("{slack:?}").contains("aaaaaaaa"));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Slack {
    poster: Poster,
}

debug_fields!(Slack { poster });

impl Slack {
    /// Posts to this URL, which is secret.
    ///
    /// # Errors
    ///
    /// The URL is invalid. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, Error> {
        let poster = Poster::new("the URL of the Slack webhook", url)?;
        Ok(Self { poster })
    }
}

impl Channel for Slack {
    fn kind(&self) -> &'static str {
        "slack"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let payload = payload(&Message::of(notification));
            let response = self.poster.post_json(&payload, HeaderMap::new()).await?;
            judge(&response)
        })
    }
}

fn payload(message: &Message) -> Json {
    let headline = message.headline();
    let first = message.alerts.first().map(|alert| &alert.text);
    let fallback = match message.note.as_ref().or(first) {
        Some(text) => format!("{headline}\n{text}"),
        None => headline.clone(),
    };
    let mut blocks = vec![
        json!({"type": "header", "text": plain(&headline, MAX_HEADER)}),
        section(&message.facts(), MAX_TEXT),
    ];
    blocks.extend(message.note.iter().map(|note| section(note, MAX_TEXT)));
    let share = message.share(MAX_ALERTS).min(MAX_TEXT);
    for alert in &message.alerts {
        blocks.push(section(&alert.text, share));
        blocks.extend(alert.runbook.iter().map(|url| context(&runbook(url))));
    }
    let others = message.others();
    let last = [&others, &message.footer].into_iter().flatten();
    blocks.extend(last.map(|text| context(&plain(text, MAX_TEXT))));
    json!({
        "text": escaped(&fallback, MAX_FALLBACK),
        "mrkdwn": false,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    })
}

fn section(text: &str, limit: usize) -> Json {
    json!({"type": "section", "text": plain(text, limit)})
}

fn context(element: &Json) -> Json {
    json!({"type": "context", "elements": [element]})
}

/// A text object without any formatting. `emoji` would replace `:smile:`.
fn plain(text: &str, limit: usize) -> Json {
    json!({"type": "plain_text", "text": escaped(text, limit), "emoji": false})
}

/// `verbatim` keeps Slack from looking for names of people and channels.
fn runbook(url: &str) -> Json {
    let link = format!("<{}|Runbook>", url.replace('&', "&amp;"));
    if is_link(url) && link.len() <= MAX_TEXT {
        json!({"type": "mrkdwn", "text": link, "verbatim": true})
    } else {
        plain(&format!("Runbook: {url}"), MAX_TEXT)
    }
}

/// Cuts the text, then escapes it. The escaped text keeps the limit, because Slack does not say which form it counts.
fn escaped(text: &str, limit: usize) -> String {
    let length = |char| escape(char).map_or(char.len_utf16(), str::len);
    let text = cut_by(text, limit, length);
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match escape(char) {
            Some(entity) => escaped.push_str(entity),
            None => escaped.push(char),
        }
    }
    escaped
}

fn escape(char: char) -> Option<&'static str> {
    match char {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    }
}
