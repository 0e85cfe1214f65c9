//! `UserId`: the user that a request belongs to.

use std::sync::Arc;

/// An extension of a request or a response that names the user for the request's log line
/// ([`RequestLogLayer`](crate::RequestLogLayer)). A layer outside of it that authenticates puts the extension into the request.
/// Handlers, and layers inside, put it into the response.
///
/// In axum it is a response part:
///
/// ```
/// use tower_vitals::http_metrics::UserId;
///
/// async fn profile() -> (UserId, &'static str) {
///     (UserId::new("user-17"), "profile")
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Creates the extension.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponseParts for UserId {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut parts: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
