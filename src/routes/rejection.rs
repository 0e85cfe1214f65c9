//! The problem that a handler responds with in place of its result.

use axum::response::Response;
use http::StatusCode;

use super::problem::problem;
use crate::redact::redact;

#[derive(Debug, Clone)]
pub(super) struct Rejection {
    status: StatusCode,
    detail: String,
}

impl Rejection {
    /// The detail may quote the request, so secrets in it are masked.
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self {
            status,
            detail: redact(detail).into_owned(),
        }
    }

    pub(super) fn into_response(self) -> Response {
        problem(self.status, &self.detail)
    }
}

/// The response of a handler that may reject the request.
pub(super) async fn or_reject(
    handled: impl Future<Output = Result<Response, Rejection>>,
) -> Response {
    handled.await.unwrap_or_else(Rejection::into_response)
}

/// A message with a capital letter and a full stop.
#[cfg(any(feature = "alerts", feature = "logging"))]
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}
