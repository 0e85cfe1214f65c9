//! Problems as `application/problem+json` (RFC 9457).

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::respond::respond;

/// A problem without a type of its own: its title is the reason phrase of the status.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    respond(status, "application/problem+json", &body)
}

pub(super) fn no_such_route() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such route here.")
}
