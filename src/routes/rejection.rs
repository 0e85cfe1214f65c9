//! The problem that a handler responds with in place of its result.

use axum::response::Response;
use http::StatusCode;

use super::problem::problem;

/// Boxed, because a response makes a large `Err`.
#[derive(Debug)]
pub(super) struct Rejection(Box<Response>);

impl Rejection {
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self(Box::new(problem(status, detail)))
    }

    pub(super) fn into_response(self) -> Response {
        *self.0
    }
}

/// The response of a handler that may reject the request.
pub(super) async fn or_reject(
    handled: impl Future<Output = Result<Response, Rejection>>,
) -> Response {
    handled.await.unwrap_or_else(Rejection::into_response)
}
