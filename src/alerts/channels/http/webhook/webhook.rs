//! `Webhook`: a receiver that takes JSON.

use std::time::SystemTime;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::headers;
use super::payload::Payload;
use super::signer::Signer;
use super::template::Template;
use crate::alerts::channels::channel::Channel;
use crate::alerts::channels::delivery_error::DeliveryError;
use crate::alerts::channels::http::poster::{Poster, judge};
use crate::alerts::channels::notification::Notification;
use crate::error::Error;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

#[doc = include_str!("webhook.md")]
pub struct Webhook {
    poster: Poster,
    receiver: String,
    template: Option<Template>,
    signer: Option<Signer>,
    headers: HeaderMap,
}

debug_fields!(Webhook { poster, receiver });

impl Webhook {
    /// Posts to this URL, which is secret. A user and a password in it are sent as Basic credentials.
    ///
    /// # Errors
    ///
    /// The URL is invalid. The error does not quote it.
    pub fn new(url: &str) -> Result<Self, Error> {
        Ok(Self {
            poster: Poster::new("the URL of the webhook", url)?,
            receiver: "webhook".to_owned(),
            template: None,
            signer: None,
            headers: HeaderMap::new(),
        })
    }

    /// The `receiver` of the payload. Defaults to `webhook`.
    #[must_use]
    pub fn receiver(mut self, name: impl Into<String>) -> Self {
        self.receiver = name.into();
        self
    }

    /// Sends this value in place of Alertmanager's payload. Its strings may have placeholders.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_vitals::alerts::channels::Webhook;
    ///
    /// let template = json!({"message": "{{ title }}\n{{ text }}", "urgent": {"level": "{{ level }}"}});
    /// let webhook = Webhook::new("https://example.com/hook")?.template(template)?;
    ///
    /// let error = Webhook::new("https://example.com/hook")?.template(json!({"a": "{{ titel }}"})).unwrap_err();
    /// assert!(error.to_string().contains(r#"unknown placeholder "titel" at "/a""#));
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A placeholder is unknown, has no end, or stands in a key. The error names all of them, and the allowed ones.
    pub fn template(mut self, template: serde_json::Value) -> Result<Self, Error> {
        self.template = Some(Template::new(template)?);
        Ok(self)
    }

    /// Signs each request with this secret: `whsec_` and base64 as in Standard Webhooks, else the bytes of the text.
    ///
    /// # Errors
    ///
    /// The key has fewer than 24 bytes, or its base64 is invalid. The error does not quote it.
    pub fn sign_with(mut self, secret: &str) -> Result<Self, Error> {
        self.signer = Some(Signer::new(secret)?);
        Ok(self)
    }

    /// Adds a request header, replacing an earlier one of the same name. Its value is never shown.
    ///
    /// # Errors
    ///
    /// The name or the value is invalid (RFC 9110, section 5), or the client sets the header itself.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        headers::add(&mut self.headers, name, value)?;
        Ok(self)
    }

    fn body(&self, notification: &Notification) -> Result<Bytes, DeliveryError> {
        let body = match &self.template {
            Some(template) => serde_json::to_vec(&template.fill(notification)),
            None => serde_json::to_vec(&Payload::of(notification, &self.receiver)),
        };
        body.map(Bytes::from)
            .map_err(|error| DeliveryError::rejected(error.to_string()))
    }
}

impl Channel for Webhook {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(async move {
            let body = self.body(notification)?;
            let id = notification.id.to_string();
            let mut headers = self.headers.clone();
            if let Ok(id) = HeaderValue::try_from(&id) {
                headers.insert(IDEMPOTENCY_KEY, id);
            }
            if let Some(signer) = &self.signer {
                // A retry is signed anew, because receivers refuse old timestamps.
                signer.sign(&id, SystemTime::now(), &body, &mut headers);
            }
            let uri = self.poster.uri().clone();
            let response = self.poster.send(Method::POST, uri, headers, body).await?;
            judge(&response)
        })
    }
}
