//! Errors as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::http::SkipMetrics;

/// A problem of no type of its own: its title is the status' reason, its detail a sentence for a person.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    answer(status, "application/problem+json", &body)
}

pub(super) fn no_such_route() -> Response {
    problem(StatusCode::NOT_FOUND, "There is no such route here.")
}

/// What every answer of these routes has: no cache keeps it, and the request metrics leave it out.
pub(super) fn finished(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response.extensions_mut().insert(SkipMetrics);
    response
}

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    answer(status, "application/json", body)
}

fn answer(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
