//! The id of a request, in its extensions.

use http::{Extensions, HeaderValue};

/// The id that [`RequestIdLayer`](crate::RequestIdLayer), or a layer of tower-http, gave the request. tower-http keeps any id of
/// a client.
#[cfg(feature = "request-id")]
fn given(extensions: &Extensions) -> Option<&HeaderValue> {
    let id = extensions.get::<tower_http::request_id::RequestId>()?;
    Some(id.header_value())
}

/// Without the feature `request-id`, requests have no ids.
#[cfg(not(feature = "request-id"))]
fn given(_extensions: &Extensions) -> Option<&HeaderValue> {
    None
}

/// The id of the request, if it has the form of one.
pub(crate) fn of(extensions: &Extensions) -> Option<&HeaderValue> {
    given(extensions).filter(|id| id.to_str().is_ok_and(is_valid))
}

/// The id as text.
pub(crate) fn text_of(extensions: &Extensions) -> Option<&str> {
    of(extensions)?.to_str().ok()
}

/// Whether the id matches `^[A-Za-z0-9_-]{1,64}$`.
pub(crate) fn is_valid(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// The id of a request, which [`RequestIdLayer`](crate::RequestIdLayer) gave it or accepted from the client. An extractor for
/// axum handlers:
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::{RequestId, RequestIdLayer};
///
/// async fn show(id: RequestId) -> String {
///     format!("request {id}")
/// }
///
/// let app: Router = Router::new().route("/", get(show)).layer(RequestIdLayer::new());
/// ```
#[cfg(feature = "request-id")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

#[cfg(feature = "request-id")]
impl RequestId {
    /// Returns the id in the extensions of a request.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        of(extensions).cloned().map(Self)
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

#[cfg(feature = "request-id")]
impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
