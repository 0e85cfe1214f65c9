//! `Http`: an endpoint responds with an expected status.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use tokio::time::Instant;

use super::super::{Check, Outcome};
use crate::error::Error;
use crate::http_client::HttpClient;
use crate::http_url::{HttpUrl, without_secrets};
use crate::redact::{Redacted, is_secret, register_own, register_url};
use crate::time::milliseconds;

/// The bytes of a response body that are read: enough for any health endpoint, and an endless stream is cut off.
const MAX_BODY: usize = 64 * 1024;

/// Healthy when an HTTP endpoint, such as an external API, responds with an expected status and a complete body;
/// degraded when that takes too long.
///
/// Redirects are not followed: their status, 3xx, is unexpected by default. Data: `status_code`, `latency_ms`.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::{Health, health::checks::Http};
///
/// let payments = Http::get("https://payments.internal/health")?
///     .header("authorization", "Bearer s3cret")
///     .expect_statuses([200, 204])
///     .slow_after(Duration::from_millis(500));
/// let health = Health::builder().check("payments", payments).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[must_use]
pub struct Http {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// The mistakes of [`header`](Self::header).
    mistakes: Vec<String>,
    expected: Option<BTreeSet<u16>>,
    slow: Option<Duration>,
    client: HttpClient,
}

impl Http {
    /// Sends `GET` to this URL.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not an absolute `http` or `https` URL, or holds credentials, which belong in a
    /// [`header`](Self::header).
    pub fn get(url: &str) -> Result<Self, Error> {
        Self::new(Method::GET, url)
    }

    /// Sends a request with another method, such as `HEAD` or `OPTIONS`, and no body.
    ///
    /// # Errors
    ///
    /// See [`get`](Self::get).
    pub fn new(method: Method, url: &str) -> Result<Self, Error> {
        // The path and the query are not shown, because they may hold a token.
        let shown = without_secrets(url);
        let invalid = |problem: &str| {
            Error::invalid(format!(
                "the URL {shown:?} of an HTTP check is invalid ({problem}): http:// or https://, a host and a path are allowed"
            ))
        };
        register_url(url);
        let url = HttpUrl::parse(url).map_err(|problem| invalid(&problem))?;
        if url.credentials().is_some() {
            return Err(invalid("it holds credentials, which belong in a header"));
        }
        Ok(Self {
            method,
            client: HttpClient::for_uri(url.uri()),
            uri: url.uri().clone(),
            headers: HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("tower-vitals"))]),
            mistakes: Vec::new(),
            expected: None,
            slow: None,
        })
    }

    /// Adds a request header, replacing an earlier one of the same name. Its value is never shown.
    ///
    /// If the name or value is invalid (RFC 9110, section 5), registering the check returns an error.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                if is_secret(name.as_str()) {
                    register_credentials(&value);
                }
                self.headers.insert(name, value);
            }
            (Err(_), _) => self.mistakes.push(format!(
                "header name {name:?} is invalid: letters, digits and - are allowed"
            )),
            (Ok(name), Err(_)) => self.mistakes.push(format!(
                "the value of header {name} is invalid: visible ASCII is allowed"
            )),
        }
        self
    }

    /// The statuses that are healthy. Defaults to all of 2xx.
    ///
    /// If there are none, or one is not from 100 to 999, registering the check returns an error.
    pub fn expect_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.expected = Some(statuses.into_iter().collect());
        self
    }

    /// Reports a response that takes longer than this as degraded. Defaults to none: only the check's timeout applies.
    pub fn slow_after(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }

    fn is_expected(&self, status: StatusCode) -> bool {
        match &self.expected {
            Some(expected) => expected.contains(&status.as_u16()),
            None => status.is_success(),
        }
    }

    fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Registers a header's value, and its credentials without their scheme (RFC 9110, section 11.4).
fn register_credentials(value: &HeaderValue) {
    let text = value.to_str().unwrap_or_default();
    register_own(text);
    if let Some((_, credentials)) = text.split_once(' ') {
        register_own(credentials);
    }
}

impl Check for Http {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        let status = match self.client.send(self.request(), MAX_BODY).await {
            Ok(response) => response.status(),
            Err(error) => return Outcome::failed(&error),
        };
        let latency = started.elapsed();
        let outcome = match self.slow {
            _ if !self.is_expected(status) => {
                Outcome::unhealthy().message(format!("unexpected status {}", status.as_u16()))
            }
            Some(slow) if latency > slow => {
                Outcome::degraded().message(format!("the response took longer than {slow:?}"))
            }
            _ => Outcome::healthy(),
        };
        outcome
            .data("status_code", status.as_u16())
            .data("latency_ms", milliseconds(latency))
    }

    fn validate(&self) -> Result<(), Error> {
        let mut mistakes = self.mistakes.clone();
        if self.expected.as_ref().is_some_and(BTreeSet::is_empty) {
            mistakes.push("expect_statuses is empty: at least one status is required".to_owned());
        }
        let invalid = self.expected.iter().flatten();
        let invalid = invalid.filter(|status| !(100..=999).contains(*status));
        mistakes.extend(
            invalid.map(|status| {
                format!("expected status {status} is invalid: 100 to 999 are allowed")
            }),
        );
        Error::combine(mistakes.into_iter().map(Error::invalid))
    }
}

/// Omits the query of the path, which may hold a token.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("method", &self.method)
            .field("host", &self.uri.authority())
            .field("path", &Redacted(self.uri.path()))
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
