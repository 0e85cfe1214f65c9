//! `Opsgenie`: the Alert API of Opsgenie.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, Response, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::alerts_only::alerts;
use super::one_by_one::{OneByOne, TIMEOUT, in_time};
use super::opsgenie_alert::new_alert;
use super::poster::{Poster, judge, shown};
use super::text::cut;
use super::wire_forms::{dedup_key, source};
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::error::Error;
use crate::redact::register_own;

const UNITED_STATES: &str = "https://api.opsgenie.com";
/// The limits of the fields, in characters.
const MAX_ALIAS: usize = 512;
const MAX_SOURCE: usize = 100;
const MAX_USER: usize = 100;
const MAX_NOTE: usize = 25_000;

/// Opsgenie, through its Alert API. Each alert of a notification is a request.
///
/// | alert | request |
/// |---|---|
/// | firing | creates an alert, with the priority P1 (critical), P2 (error), P3 (warning) or P5 (info) |
/// | acknowledged | acknowledges it |
/// | resolved | closes it |
///
/// All requests name the alert by the same `alias`, the service and the alert's id, so a repeated request changes one alert.
/// The requests about an alert stay in order, so a repeated one comes before the alert is closed. Only if a crash hits while the
/// alert store is down can it open again. A
/// retry sends the requests that Opsgenie has not taken yet. A request that Opsgenie rejects does not stop the others. A test of
/// the channel creates an alert of priority P5, which a person closes there. Silences send nothing.
///
/// Limits of Opsgenie: a message of 130, an alias of 512 and a description of 15,000 characters, 20 tags of 50, and details of
/// 8,000 characters together. Longer texts are cut. Responses: 202 is success; 400 and 422 reject the request; 401 and 403 stop
/// the channel; 429 and 5xx are tried again, after `X-RateLimit-Period-In-Sec` if the response has it. Source: `Alert API` and
/// `API Rate Limiting`, docs.opsgenie.com.
///
/// ```
/// use tower_vitals::alerts::channels::Opsgenie;
///
/// # let api_key = "01234567-89ab-cdef-0123-456789abcdef";
/// // The key of an API integration.
/// let opsgenie = Opsgenie::new(api_key)?.base_url("https://api.eu.opsgenie.com")?.tag("shop");
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Opsgenie {
    poster: Poster,
    authorization: HeaderValue,
    tags: Vec<String>,
    progress: OneByOne,
}

impl Opsgenie {
    /// A channel to the integration with this API key. The key is secret.
    ///
    /// # Errors
    ///
    /// Fails if the key is empty or has other than visible ASCII characters.
    pub fn new(api_key: impl AsRef<str>) -> Result<Self, Error> {
        let api_key = api_key.as_ref();
        register_own(api_key);
        let is_visible = |key: &str| key.bytes().all(|byte| byte.is_ascii_graphic());
        let authorization = HeaderValue::try_from(format!("GenieKey {api_key}")).ok();
        let authorization = authorization.filter(|_| !api_key.is_empty() && is_visible(api_key));
        let mut authorization = authorization.ok_or_else(|| {
            Error::invalid(
                "the API key of Opsgenie is invalid: it must have visible ASCII characters only",
            )
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            poster: open(UNITED_STATES)?,
            authorization,
            tags: Vec::new(),
            progress: OneByOne::default(),
        })
    }

    /// Sets the server. Defaults to `https://api.opsgenie.com`. Accounts in the European Union use
    /// `https://api.eu.opsgenie.com`.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid.
    pub fn base_url(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        self.poster = open(url.as_ref())?;
        Ok(self)
    }

    /// Adds a tag to all alerts, besides the level, the service and the name of the alert.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    async fn tell(
        &self,
        notification: &Notification,
        alert: &NotifiedAlert,
    ) -> Result<(), DeliveryError> {
        let alias = dedup_key(notification, alert, MAX_ALIAS);
        let source = source(notification, MAX_SOURCE);
        if alert.is_firing && notification.reason != NotificationReason::Acknowledged {
            let body = new_alert(notification, alert, &alias, &source, &self.tags);
            return judge_all(&self.post("/v2/alerts", &body).await?);
        }
        let alias = utf8_percent_encode(&alias, NON_ALPHANUMERIC);
        let (action, body) = if alert.is_firing {
            let act = alert.acknowledged.as_ref();
            let by = act.map_or("tower-vitals", |act| &act.by);
            let note = act.and_then(|act| act.note.as_deref());
            let (user, note) = (cut(by, MAX_USER), cut(note.unwrap_or_default(), MAX_NOTE));
            let body = json!({ "user": user, "source": source, "note": note });
            ("acknowledge", body)
        } else {
            ("close", json!({ "source": source }))
        };
        let path = format!("/v2/alerts/{alias}/{action}?identifierType=alias");
        let response = self.post(&path, &body).await?;
        // Somebody deleted the alert. The channel works.
        if response.status() == StatusCode::NOT_FOUND {
            return Err(DeliveryError::rejected(shown(&response)));
        }
        judge_all(&response)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Response<Bytes>, DeliveryError> {
        let uri: Result<Uri, Error> = self.poster.below(path);
        let uri = uri.map_err(|error| DeliveryError::rejected(error.to_string()))?;
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())]);
        let body = Bytes::from(body.to_string());
        self.poster.send(Method::POST, uri, headers, body).await
    }
}

impl Channel for Opsgenie {
    fn kind(&self) -> &'static str {
        "opsgenie"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            for alert in alerts(notification).iter() {
                if !self.progress.is_judged(notification, alert) {
                    let result = in_time(self.tell(notification, alert)).await;
                    self.progress.note(notification, alert, result)?;
                }
            }
            self.progress.finish(notification)
        })
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    fn deduplicates(&self) -> bool {
        true
    }

    fn takes_acknowledgements(&self) -> bool {
        true
    }
}

impl fmt::Debug for Opsgenie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opsgenie")
            .field("server", &self.poster.server())
            .field("tags", &crate::redact::Redacted(&self.tags))
            .finish_non_exhaustive()
    }
}

fn open(base: &str) -> Result<Poster, Error> {
    Poster::for_base("the base URL of Opsgenie", base)
}

/// Judges a response. Opsgenie names the time to wait in a header of its own.
fn judge_all(response: &Response<Bytes>) -> Result<(), DeliveryError> {
    match judge(response) {
        Err(DeliveryError::Retry {
            message,
            after: None,
        }) => {
            let period = response.headers().get("x-ratelimit-period-in-sec");
            let period = period.and_then(|period| period.to_str().ok()?.trim().parse().ok());
            let after = period.map(Duration::from_secs);
            Err(DeliveryError::Retry { message, after })
        }
        result => result,
    }
}
