//! `Telegram`: a bot of Telegram.

use std::fmt::Display;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, Response};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use super::body::body;
use super::chat_id::ChatId;
use super::entities::without_mentions;
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::http::message::Message;
use crate::alerts::channels::http::poster::{Poster, judge_json, shown};
use crate::alerts::channels::notification::Notification;
use crate::error::Error;
use crate::redact::register_own;

const API: &str = "https://api.telegram.org";

/// Posts to a chat of Telegram as a bot ([`sendMessage`](https://core.telegram.org/bots/api#sendmessage)).
///
/// ```text
/// 🔴 CRITICAL
/// Component: checkout
/// Time: 2026-11-29 02:43:44 UTC
///
/// 🔴 HighErrorRate (endpoint=/pay): 12.5% of requests fail
/// ```
///
/// There is no parse mode, so texts appear as they are. Words with an `@` are marked as code, because Telegram would mention the
/// user of that name. A text has at most 4,096 UTF-16 code units, and shows at most 15 alerts and the number of the others.
///
/// 401 and 404 (a wrong token), 403 (the bot was blocked or removed) and 400 `chat not found` stop the channel. Another 400 refuses
/// the message. 429 names the seconds to wait in `parameters.retry_after`: Telegram takes one message a second for a chat, and 20 a
/// minute for a group. When a group becomes a supergroup, its new id is used until the process ends, and logged.
///
/// ```
/// use tower_vitals::alerts::channels::Telegram;
///
/// let telegram = Telegram::new("123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr", -1001234567890_i64)?;
/// assert!(!format!("{telegram:?}").contains("AAbbCC"));
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Telegram {
    token: String,
    poster: Poster,
    /// Changes when a group becomes a supergroup.
    chat: Mutex<ChatId>,
    thread: Option<i64>,
    is_silent: bool,
}

debug_fields!(Telegram {
    poster,
    chat,
    thread,
    is_silent
});

impl Telegram {
    /// Posts with this bot's token, which is secret, to this chat: a number, or `@` and the name of a public channel.
    ///
    /// # Errors
    ///
    /// The token or the chat's id is invalid. The error does not quote the token.
    pub fn new(token: &str, chat_id: impl Display) -> Result<Self, Error> {
        let token = token.trim();
        register_own(token);
        let is_part = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        let (bot, secret) = token.split_once(':').unwrap_or_default();
        let is_token =
            !secret.is_empty() && secret.chars().all(is_part) && bot.parse::<u64>().is_ok();
        if !is_token {
            let allowed = "digits, a colon, then letters, digits, - and _ are allowed";
            return Err(Error::invalid(format!(
                "the Telegram token is invalid: {allowed}"
            )));
        }
        register_own(secret);
        Ok(Self {
            token: token.to_owned(),
            poster: poster(API, token)?,
            chat: Mutex::new(chat_id.to_string().trim().parse()?),
            thread: None,
            is_silent: false,
        })
    }

    /// The address of a [Bot API server](https://core.telegram.org/bots/api#using-a-local-bot-api-server) of your own. Defaults to
    /// `https://api.telegram.org`.
    ///
    /// # Errors
    ///
    /// The URL is invalid.
    pub fn base_url(mut self, url: &str) -> Result<Self, Error> {
        self.poster = poster(url, &self.token)?;
        Ok(self)
    }

    /// Posts to this topic of a forum (`message_thread_id`).
    #[must_use]
    pub fn thread_id(mut self, id: i64) -> Self {
        self.thread = Some(id);
        self
    }

    /// Phones make no sound (`disable_notification`). Defaults to sound.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.is_silent = true;
        self
    }

    async fn post(&self, text: &str) -> Result<Response<Bytes>, DeliveryError> {
        let mut request = json!({
            "chat_id": Json::from(&*self.chat.lock()),
            "text": text,
            "link_preview_options": {"is_disabled": true},
        });
        let entities = without_mentions(text);
        if !entities.is_empty() {
            request["entities"] = entities.into();
        }
        if let Some(thread) = self.thread {
            request["message_thread_id"] = thread.into();
        }
        if self.is_silent {
            request["disable_notification"] = true.into();
        }
        self.poster.post_json(&request, HeaderMap::new()).await
    }

    /// Keeps the new id of a chat. Returns whether there is one.
    fn follow(&self, response: &Response<Bytes>) -> bool {
        let json: Option<Json> = serde_json::from_slice(response.body()).ok();
        let id = json.and_then(|json| json["parameters"]["migrate_to_chat_id"].as_i64());
        let Some(id) = id.filter(|_| !response.status().is_success()) else {
            return false;
        };
        let new = ChatId::Number(id);
        let old = std::mem::replace(&mut *self.chat.lock(), new.clone());
        if old != new {
            tracing::warn!("a Telegram group became a supergroup: set its new chat id {id}");
        }
        true
    }
}

impl Channel for Telegram {
    fn kind(&self) -> &'static str {
        "telegram"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let text = body(&Message::of(notification));
            let mut response = self.post(&text).await?;
            if self.follow(&response) {
                response = self.post(&text).await?;
            }
            judge_telegram(&response)
        })
    }
}

fn judge_telegram(response: &Response<Bytes>) -> Result<(), DeliveryError> {
    let result = judge_json(response, |json| json["parameters"]["retry_after"].as_f64());
    let is_gone = || {
        let body = String::from_utf8_lossy(response.body()).to_lowercase();
        body.contains("chat not found")
    };
    match result {
        Err(DeliveryError::Rejected { .. }) if is_gone() => {
            Err(DeliveryError::stopped(shown(response)))
        }
        result => result,
    }
}

fn poster(base: &str, token: &str) -> Result<Poster, Error> {
    let base = base.trim_end_matches('/');
    let url = format!("{base}/bot{token}/sendMessage");
    Poster::new("the URL of the Telegram API", &url)
}
