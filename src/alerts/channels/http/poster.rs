//! `Poster`: sends requests to one receiver, and judges the responses.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode, Uri};
use jiff::Timestamp;

use crate::alerts::channels::delivery_error::DeliveryError;
use crate::error::{Error, with_sources};
use crate::http_client::HttpClient;
use crate::http_url::HttpUrl;
use crate::redact::{redact_line, register_own, register_url};

/// The bytes of a response that are read, and those that an error shows.
const MAX_BODY: usize = 64 << 10;
const MAX_SHOWN: usize = 200;

/// Sends requests to one receiver over HTTP.
pub(super) struct Poster {
    client: HttpClient,
    url: HttpUrl,
    authorization: Option<HeaderValue>,
}

impl Poster {
    /// Path and query of the URL are secret, because many receivers know their senders by them alone. `what` names the URL in the
    /// error.
    pub(super) fn new(what: &str, url: &str) -> Result<Self, Error> {
        let poster = Self::open(what, url)?;
        let path = poster.uri().path_and_query();
        let path = path.map_or("", |path| path.as_str());
        // A path such as `/alerts` is no secret.
        path.split(['/', '?', '&', '='])
            .filter(|part| part.len() >= MIN_SECRET)
            .for_each(register_own);
        Ok(poster)
    }

    /// The URL is that of a server, below which requests go ([`below`](Self::below)). Its path is no secret.
    pub(super) fn for_base(what: &str, url: &str) -> Result<Self, Error> {
        let poster = Self::open(what, url)?;
        if poster.uri().query().is_some() {
            return Err(Error::invalid(format!("{what} is invalid: it has a query")));
        }
        Ok(poster)
    }

    fn open(what: &str, url: &str) -> Result<Self, Error> {
        let parsed = HttpUrl::parse(url)
            .map_err(|problem| Error::invalid(format!("{what} is invalid: {problem}")))?;
        register_url(url);
        let authorization = parsed.credentials().and_then(|(user, password)| {
            use base64::prelude::{BASE64_STANDARD, Engine};
            let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
            let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Ok(Self {
            client: HttpClient::new(),
            url: parsed,
            authorization,
        })
    }

    /// The URL with its secrets.
    pub(super) fn uri(&self) -> &Uri {
        self.url.uri()
    }

    /// Scheme, host and port.
    pub(super) fn server(&self) -> String {
        self.url.to_string()
    }

    /// The URL followed by a path, which begins with a slash.
    pub(super) fn below(&self, path: &str) -> Result<Uri, Error> {
        let base = self.uri().path().trim_end_matches('/');
        let mut parts = self.uri().clone().into_parts();
        let path = PathAndQuery::try_from(format!("{base}{path}"));
        let path = path.map_err(|error| Error::invalid(error.to_string()))?;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|error| Error::invalid(error.to_string()))
    }

    /// Posts JSON to the URL. The response may have any status.
    pub(super) async fn post_json(
        &self,
        body: &serde_json::Value,
        headers: HeaderMap,
    ) -> Result<Response<Bytes>, DeliveryError> {
        let body = Bytes::from(body.to_string());
        self.send(Method::POST, self.uri().clone(), headers, body)
            .await
    }

    /// Sends a request. The response may have any status.
    pub(super) async fn send(
        &self,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Bytes>, DeliveryError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        let json = HeaderValue::from_static("application/json");
        let agent = HeaderValue::from_static(concat!("tower-vitals/", env!("CARGO_PKG_VERSION")));
        let headers = request.headers_mut();
        if !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, json);
        }
        headers.insert(USER_AGENT, agent);
        if let Some(authorization) = &self.authorization
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let response = self.client.send(request, MAX_BODY).await;
        response.map_err(|error| DeliveryError::retry(with_sources(&error)))
    }
}

debug_fields!(Poster { url });

/// Shorter parts of a path are names.
const MIN_SECRET: usize = 16;

/// Judges a response by its status: most receivers agree on these.
pub(super) fn judge(response: &Response<Bytes>) -> Result<(), DeliveryError> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let message = shown(response);
    Err(match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::GONE => DeliveryError::stopped(message),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            DeliveryError::retry_after(message, retry_after(response.headers()))
        }
        status if status.is_server_error() => {
            DeliveryError::retry_after(message, retry_after(response.headers()))
        }
        _ => DeliveryError::rejected(message),
    })
}

/// Like [`judge`], for a receiver that names the seconds to wait in the JSON of its response. They win over `Retry-After`.
pub(super) fn judge_json(
    response: &Response<Bytes>,
    seconds: impl FnOnce(&serde_json::Value) -> Option<f64>,
) -> Result<(), DeliveryError> {
    judge(response).map_err(|error| match error {
        DeliveryError::Retry { message, after } => {
            let json = serde_json::from_slice(response.body()).ok();
            let named = json.and_then(|json| seconds(&json));
            let named = named.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let after = named.or(after);
            DeliveryError::Retry { message, after }
        }
        error => error,
    })
}

/// The status and the first line of the body, redacted.
pub(super) fn shown(response: &Response<Bytes>) -> String {
    let body = String::from_utf8_lossy(response.body());
    let line = redact_line(body.trim(), MAX_SHOWN);
    let status = response.status();
    if line.is_empty() {
        format!("the response is {status}")
    } else {
        format!("the response is {status}: {line}")
    }
}

/// `Retry-After`: seconds or a date (RFC 9110, section 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = Timestamp::try_from(SystemTime::now()).ok()?;
    Duration::try_from(date - now).ok()
}
