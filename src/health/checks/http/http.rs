//! `Http`: an endpoint responds with an expected status.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use tokio::time::Instant;
use tower_service::Service;

use super::super::super::{Check, Outcome};
use super::own_client::OwnClient;
use super::redirects::redirect;
use crate::error::{BoxError, Error};
use crate::http_client::{HttpClient, Proxy};
use crate::http_url::{HttpUrl, without_secrets};
use crate::redact::{Redacted, is_secret, register_own, register_url};
use crate::time::milliseconds;
use crate::tls::Tls;

/// The bytes of a response body that are read: enough for any health endpoint, and an endless stream is cut off.
const MAX_BODY: usize = 64 * 1024;

/// As many as browsers follow.
const MAX_REDIRECTS: usize = 20;

/// Healthy when an HTTP endpoint, such as an external API, responds with an expected status and a complete body;
/// degraded when that takes too long.
///
/// Redirects are not followed unless [`follow_redirects`](Self::follow_redirects) is set: their status, 3xx, is unexpected by
/// default. The proxy variables of the environment have no effect: [`proxy`](Self::proxy) sets a proxy. Data: `status_code`,
/// `latency_ms`, and `redirects` if they are followed.
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
    /// The mistakes of setters.
    mistakes: Vec<String>,
    expected: Option<BTreeSet<u16>>,
    expected_texts: Vec<String>,
    slow: Option<Duration>,
    /// The number that is followed.
    redirects: Option<usize>,
    has_roots: bool,
    has_proxy: bool,
    client: HttpClient,
    own_client: Option<OwnClient>,
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
            client: HttpClient::new(),
            uri: url.uri().clone(),
            headers: HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("tower-vitals"))]),
            mistakes: Vec::new(),
            expected: None,
            expected_texts: Vec::new(),
            slow: None,
            redirects: None,
            has_roots: false,
            has_proxy: false,
            own_client: None,
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

    /// Expects this text in the response body, byte for byte. A second call adds a second text.
    ///
    /// The first 64 KiB of the body are searched. If the text is empty, registering the check returns an error.
    ///
    /// ```
    /// use tower_vitals::health::checks::Http;
    ///
    /// let search = Http::get("https://search.internal/_cluster/health")?.expect_body(r#""status":"green""#);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn expect_body(mut self, text: impl Into<String>) -> Self {
        self.expected_texts.push(text.into());
        self
    }

    /// Follows up to `max` redirects, and judges the last response. Defaults to none. A status that is
    /// [expected](Self::expect_statuses) is not followed.
    ///
    /// [Headers](Self::header) follow to the same scheme, host and port only: elsewhere, all but `accept`,
    /// `accept-encoding`, `accept-language` and `user-agent` are removed. As in browsers, `POST` becomes `GET` after 301 and
    /// 302, and every method but `HEAD` after 303.
    ///
    /// If `max` is not from 1 to 20, registering the check returns an error.
    pub fn follow_redirects(mut self, max: usize) -> Self {
        self.redirects = Some(max);
        self
    }

    /// Verifies the server's certificate with these root certificates, in PEM, in place of the system's.
    ///
    /// If they are invalid, or the check cannot use them (an `http://` URL, or a [client](Self::client) of the service),
    /// registering the check returns an error.
    ///
    /// ```no_run
    /// use tower_vitals::health::checks::Http;
    ///
    /// let authority = std::fs::read("/etc/shop/authority.pem")?;
    /// let payments = Http::get("https://payments.internal/health")?.root_certificates(authority);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.has_roots = true;
        match Tls::with_roots(pem.as_ref()) {
            Ok(tls) => self.client.set_tls(tls),
            Err(error) => self.mistakes.push(error.to_string()),
        }
        self
    }

    /// Sends the requests by this proxy, `http://[user:password@]host[:port]`: `http` requests are forwarded, and `https`
    /// connections are tunnelled. Defaults to none.
    ///
    /// If the URL is invalid, registering the check returns an error. Its credentials are never shown.
    pub fn proxy(mut self, url: impl AsRef<str>) -> Self {
        self.has_proxy = true;
        register_url(url.as_ref());
        match Proxy::parse(url.as_ref()) {
            Ok(proxy) => self.client.set_proxy(proxy),
            Err(error) => self.mistakes.push(error.to_string()),
        }
        self
    }

    /// Sends the requests with this client, a tower service, such as hyper-util's: for client certificates, Unix sockets or
    /// other protocols. Defaults to the crate's own client for HTTP/1.1.
    ///
    /// The client's error is shown in the check's message, after the same masking as all messages.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    /// use tower_vitals::health::checks::Http;
    ///
    /// let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    /// let payments = Http::get("http://payments.internal/health")?.client(client);
    /// # Ok(()) }
    /// ```
    pub fn client<S, ReqBody, ResBody>(mut self, client: S) -> Self
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        ReqBody: From<Bytes> + Send + 'static,
        ResBody: Body + Send,
        ResBody::Data: Send,
        ResBody::Error: Into<BoxError>,
    {
        self.own_client = Some(OwnClient::new(client));
        self
    }

    fn is_expected(&self, status: StatusCode) -> bool {
        match &self.expected {
            Some(expected) => expected.contains(&status.as_u16()),
            None => status.is_success(),
        }
    }

    fn request(&self) -> Parts {
        let (mut request, ()) = Request::new(()).into_parts();
        request.method = self.method.clone();
        request.uri = self.uri.clone();
        request.headers = self.headers.clone();
        request
    }

    async fn send(&self, request: Parts) -> Result<Response<Bytes>, Error> {
        let request = Request::from_parts(request, Bytes::new());
        match &self.own_client {
            Some(client) => client.send(request, MAX_BODY).await,
            None => self.client.send(request, MAX_BODY).await,
        }
    }

    /// Returns the last response, the number of redirects that were followed, and the problem with the next.
    async fn respond(&self) -> Result<(Response<Bytes>, usize, Option<String>), Error> {
        let mut request = self.request();
        let mut followed = 0;
        loop {
            let response = self.send(request.clone()).await?;
            let Some(max) = self.redirects else {
                return Ok((response, 0, None));
            };
            if self.is_expected(response.status()) {
                return Ok((response, followed, None));
            }
            let problem = match redirect(&mut request, &response) {
                Ok(false) => None,
                Ok(true) if followed < max => {
                    followed += 1;
                    continue;
                }
                Ok(true) => Some(format!("more than {max} redirects")),
                Err(error) => Some(error.to_string()),
            };
            return Ok((response, followed, problem));
        }
    }

    /// Returns the problem with the response.
    fn problem(&self, response: &Response<Bytes>) -> Option<String> {
        let (status, body) = (response.status(), response.body());
        if !self.is_expected(status) {
            return Some(format!("unexpected status {}", status.as_u16()));
        }
        let has = |text: &&String| contains(body, text.as_bytes());
        let missing = self.expected_texts.iter().find(|text| !has(text))?;
        let searched = if body.len() < MAX_BODY {
            "the body does".to_owned()
        } else {
            format!("the first {MAX_BODY} bytes of the body do")
        };
        Some(format!("{searched} not contain {missing:?}"))
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes
        .windows(text.len().max(1))
        .any(|window| window == text)
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
        let (response, redirects, problem) = match self.respond().await {
            Ok(response) => response,
            Err(error) => return Outcome::failed(&error),
        };
        let latency = started.elapsed();
        let outcome = match (problem.or_else(|| self.problem(&response)), self.slow) {
            (Some(problem), _) => Outcome::unhealthy().message(problem),
            (None, Some(slow)) if latency > slow => {
                Outcome::degraded().message(format!("the response took longer than {slow:?}"))
            }
            _ => Outcome::healthy(),
        };
        let outcome = outcome
            .data("status_code", response.status().as_u16())
            .data("latency_ms", milliseconds(latency));
        match self.redirects {
            Some(_) => outcome.data("redirects", redirects),
            None => outcome,
        }
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
        if self.expected_texts.iter().any(String::is_empty) {
            mistakes.push("the expected body is empty: a text is required".to_owned());
        }
        if let Some(max) = self.redirects
            && !(1..=MAX_REDIRECTS).contains(&max)
        {
            mistakes.push(format!("{max} redirects: 1 to {MAX_REDIRECTS} are allowed"));
        }
        let of_own_client = "no effect on a client of your own";
        if self.has_roots && self.own_client.is_some() {
            mistakes.push(format!(
                "root certificates have {of_own_client}: set them there"
            ));
        } else if self.has_roots
            && self.redirects.is_none()
            && self.uri.scheme_str() == Some("http")
        {
            let mistake = "root certificates have no effect without TLS: https:// is allowed";
            mistakes.push(mistake.to_owned());
        }
        if self.has_proxy && self.own_client.is_some() {
            mistakes.push(format!("a proxy has {of_own_client}: set it there"));
        }
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
