//! `PagerDuty`: the Events API of PagerDuty, version 2.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::alerts_only::alerts;
use super::one_by_one::{OneByOne, TIMEOUT, in_time};
use super::poster::{Poster, judge, shown};
use super::text::cut;
use super::wire_forms::{dedup_key, number_or_text, source, time, title};
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::error::Error;
use crate::http_url::HttpUrl;
use crate::redact::register_own;

const UNITED_STATES: &str = "https://events.pagerduty.com";
const ROUTING_KEY: usize = 32;
const MAX_DEDUP_KEY: usize = 255;
const MAX_SUMMARY: usize = 1024;
/// PagerDuty names no limit for the other texts.
const MAX_TEXT: usize = 4096;
const MAX_BODY: usize = 512 * 1024;

/// PagerDuty, through its Events API version 2. Each alert of a notification is an event.
///
/// | alert | event |
/// |---|---|
/// | firing | `trigger`, with the severity `critical`, `error`, `warning` or `info` |
/// | acknowledged | `acknowledge` |
/// | resolved | `resolve` |
///
/// All events of an alert have the same `dedup_key`, the service and the alert's id, so repeated events change one incident.
/// The events of an alert stay in order, so a repeated `trigger` comes before the alert's `resolve`. Only if a crash hits while the
/// alert store is down can an incident open again. A
/// retry sends the events that PagerDuty has not taken yet. An event that PagerDuty rejects does not stop the others. A test of
/// the channel triggers an incident of severity `info`, which a person resolves there. Silences send nothing.
///
/// Limits of PagerDuty: a routing key of 32 characters, a summary of 1,024 and a `dedup_key` of 255 characters, 512 KB for an
/// event, about 120 events a minute for each key. Longer texts are cut. The details are left out of an event that is too large.
/// Responses: 202 is success; 400 rejects the event, or stops the channel if it refuses the routing key; 429 and 5xx are tried
/// again. Source: `Send an event to PagerDuty` and `Events API v2 overview`, developer.pagerduty.com, and its `OpenAPI` document.
///
/// ```
/// use tower_vitals::alerts::channels::PagerDuty;
///
/// # let routing_key = "0123456789abcdef0123456789abcdef";
/// // The integration key of an `Events API v2` integration of a service.
/// let pager = PagerDuty::new(routing_key)?.base_url("https://events.eu.pagerduty.com")?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct PagerDuty {
    poster: Poster,
    endpoint: Uri,
    routing_key: String,
    client: Option<String>,
    progress: OneByOne,
}

impl PagerDuty {
    /// A channel to the service with this routing key. The key is secret.
    ///
    /// # Errors
    ///
    /// Fails if the key is not 32 letters and digits.
    pub fn new(routing_key: impl Into<String>) -> Result<Self, Error> {
        let routing_key = routing_key.into();
        register_own(&routing_key);
        let is_valid = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if routing_key.len() != ROUTING_KEY || !is_valid(&routing_key) {
            return Err(Error::invalid(format!(
                "the routing key of PagerDuty is invalid: it must have {ROUTING_KEY} letters and digits"
            )));
        }
        let (poster, endpoint) = open(UNITED_STATES)?;
        Ok(Self {
            poster,
            endpoint,
            routing_key,
            client: None,
            progress: OneByOne::default(),
        })
    }

    /// Sets the server. Defaults to `https://events.pagerduty.com`. Accounts in the European Union use
    /// `https://events.eu.pagerduty.com`.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid.
    pub fn base_url(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        (self.poster, self.endpoint) = open(url.as_ref())?;
        Ok(self)
    }

    /// Sets the name of the monitoring client in an incident. Defaults to the name of the service.
    pub fn client(mut self, name: impl Into<String>) -> Self {
        self.client = Some(name.into());
        self
    }

    async fn post(&self, event: Value) -> Result<(), DeliveryError> {
        let body = Bytes::from(event.to_string());
        let uri = self.endpoint.clone();
        let response = self.poster.send(Method::POST, uri, HeaderMap::new(), body);
        let response = response.await?;
        match judge(&response) {
            Err(DeliveryError::Rejected { .. }) if refuses_key(&response) => {
                Err(DeliveryError::stopped(shown(&response)))
            }
            result => result,
        }
    }

    fn event(&self, notification: &Notification, alert: &NotifiedAlert) -> Value {
        let action = match (alert.is_firing, notification.reason) {
            (false, _) => "resolve",
            (true, NotificationReason::Acknowledged) => "acknowledge",
            (true, _) => "trigger",
        };
        let mut event = json!({
            "routing_key": self.routing_key,
            "event_action": action,
            "dedup_key": dedup_key(notification, alert, MAX_DEDUP_KEY),
        });
        if action == "trigger" {
            let service = notification.service.as_deref();
            let client = self.client.as_deref().or(service);
            event["client"] = cut(client.unwrap_or("tower-vitals"), MAX_SUMMARY).into();
            let is_url = |url: &&String| HttpUrl::parse(url).is_ok();
            if let Some(url) = notification.external_url.as_ref().filter(is_url) {
                event["client_url"] = url.as_str().into();
            }
            if let Some(url) = alert.annotations.get("runbook_url").filter(is_url) {
                event["links"] = json!([{ "href": url, "text": "Runbook" }]);
            }
            event["payload"] = payload(notification, alert);
            if event.to_string().len() > MAX_BODY {
                event["payload"]["custom_details"] = json!({
                    "left_out": "The labels and annotations are larger than PagerDuty allows."
                });
                event["links"] = json!([]);
            }
        }
        event
    }
}

impl Channel for PagerDuty {
    fn kind(&self) -> &'static str {
        "pagerduty"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            for alert in alerts(notification).iter() {
                if !self.progress.is_judged(notification, alert) {
                    let result = in_time(self.post(self.event(notification, alert))).await;
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

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagerDuty")
            .field("server", &self.poster.server())
            .finish_non_exhaustive()
    }
}

fn open(base: &str) -> Result<(Poster, Uri), Error> {
    let what = "the base URL of PagerDuty";
    let poster = Poster::for_base(what, base)?;
    let endpoint = poster.below("/v2/enqueue")?;
    Ok((poster, endpoint))
}

fn payload(notification: &Notification, alert: &NotifiedAlert) -> Value {
    let service = notification.service.as_deref();
    let mut payload = json!({
        "summary": cut(&title(alert), MAX_SUMMARY),
        "source": source(notification, MAX_SUMMARY),
        "severity": alert.level.as_str(),
        "component": cut(alert.component(), MAX_SUMMARY),
        "class": cut(&alert.name, MAX_SUMMARY),
    });
    if let Some(time) = time(alert.starts_at) {
        payload["timestamp"] = time.into();
    }
    if let Some(service) = service {
        payload["group"] = cut(service, MAX_SUMMARY).into();
    }
    let short = |pairs: &mut dyn Iterator<Item = (&String, &String)>| {
        let pairs = pairs.map(|(name, text)| (name.clone(), cut(text, MAX_TEXT).into()));
        pairs.collect::<Map<String, Value>>()
    };
    let mut details = json!({
        "labels": short(&mut alert.labels.iter()),
        "annotations": short(&mut alert.annotations.iter()),
    });
    if let Some(value) = alert.value {
        details["value"] = number_or_text(value);
    }
    if let Some(act) = &alert.acknowledged {
        details["acknowledged_by"] = cut(&act.by, MAX_TEXT).into();
    }
    payload["custom_details"] = details;
    payload
}

/// Whether the response blames the routing key, so no event can succeed. It lists the faults in `errors`.
fn refuses_key(response: &Response<Bytes>) -> bool {
    let body = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
    let errors = body["errors"].as_array();
    response.status() == StatusCode::BAD_REQUEST
        && errors.into_iter().flatten().any(|error| {
            let error = error.as_str().unwrap_or_default().to_ascii_lowercase();
            error.contains("routing_key") || error.contains("routing key")
        })
}
