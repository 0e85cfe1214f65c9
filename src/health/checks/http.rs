//! `Http`: whether an endpoint answers as expected.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use tokio::time::Instant;

use super::super::report::milliseconds;
use super::super::{Check, Outcome};
use crate::error::Error;
use crate::http_client::HttpClient;
use crate::http_url::HttpUrl;

/// Bytes of the answer that are read: enough for any health endpoint, and a stream without end is cut off.
const MAX_BODY: usize = 64 * 1024;

/// Healthy when an HTTP endpoint, of an external API say, answers with an expected status, to the end of its body;
/// degraded when that took long.
///
/// Redirects are not followed: an endpoint that redirects answers 3xx, which is not among the expected by default. Data:
/// `status_code`, `latency_ms`.
///
/// ```
/// use std::time::Duration;
/// use tower_vitals::{Health, health::checks::Http};
///
/// let payments = Http::get("https://payments.internal/health")?
///     .header("authorization", "Bearer s3cret")?
///     .expect([200, 204])
///     .slow_after(Duration::from_millis(500));
/// let health = Health::builder().check("payments", payments).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Http {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    expected: Option<BTreeSet<u16>>,
    slow: Option<Duration>,
    client: HttpClient,
}

impl Http {
    /// Asks `GET url`.
    ///
    /// # Errors
    ///
    /// The URL is not an absolute one of `http` or `https`, or holds credentials, which belong into a
    /// [`header`](Self::header).
    pub fn get(url: &str) -> Result<Self, Error> {
        Self::new(Method::GET, url)
    }

    /// Asks with another method, `HEAD` or `OPTIONS` say, without a body.
    ///
    /// # Errors
    ///
    /// As of [`get`](Self::get).
    pub fn new(method: Method, url: &str) -> Result<Self, Error> {
        // Not repeated whole: its query may hold a token.
        let refused = |problem: &str| {
            Error::invalid(format!(
                "the URL of an HTTP check is refused ({problem}): http:// or https://, a host and a path are allowed"
            ))
        };
        let url = HttpUrl::parse(url).map_err(|problem| refused(&problem))?;
        if url.credentials().is_some() {
            return Err(refused("it holds credentials, which belong into a header"));
        }
        Ok(Self {
            method,
            client: HttpClient::for_uri(url.uri()),
            uri: url.uri().clone(),
            headers: HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("tower-vitals"))]),
            expected: None,
            slow: None,
        })
    }

    /// Sends this header along; set again, it is replaced. Its value is never shown.
    ///
    /// # Errors
    ///
    /// The name or the value cannot be one of a header (RFC 9110, section 5).
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let name: HeaderName = name.parse().map_err(|_| {
            Error::invalid(format!(
                "header name {name:?} is refused: letters, digits and - are allowed"
            ))
        })?;
        let mut value: HeaderValue = value.parse().map_err(|_| {
            Error::invalid(format!(
                "the value of header {name} is refused: visible ASCII is allowed"
            ))
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The statuses that are healthy. Defaults to all of 2xx.
    #[must_use]
    pub fn expect(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.expected = Some(statuses.into_iter().collect());
        self
    }

    /// An answer that took longer than this is degraded. Defaults to none: only the check's timeout counts.
    #[must_use]
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

impl Check for Http {
    async fn check(&self) -> Outcome {
        let started = Instant::now();
        let status = match self.client.send(self.request(), MAX_BODY).await {
            Ok(response) => response.status(),
            Err(error) => return Outcome::failed(&error),
        };
        let latency = started.elapsed();
        let outcome = match self.slow {
            _ if !self.is_expected(status) => Outcome::unhealthy().message(format!(
                "answered {}, which is not expected",
                status.as_u16()
            )),
            Some(slow) if latency > slow => {
                Outcome::degraded().message(format!("took longer than {slow:?}"))
            }
            _ => Outcome::healthy(),
        };
        outcome
            .data("status_code", status.as_u16())
            .data("latency_ms", milliseconds(latency))
    }
}

/// Without the path's query, which may hold a token.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("method", &self.method)
            .field("host", &self.uri.authority())
            .field("path", &self.uri.path())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}
