//! The problem that a handler responds with in place of its result.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::problem::problem;

/// Boxed, because a response makes a large `Err`.
#[derive(Debug)]
pub(super) struct Rejection(Box<Response>);

impl Rejection {
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self(Box::new(problem(status, detail)))
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        *self.0
    }
}
