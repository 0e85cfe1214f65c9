//! Errors as `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::json;

use crate::http_metrics::SkipMetrics;

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

pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    answer(status, "application/json", body)
}

pub(super) fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: &impl Serialize,
) -> Response {
    let Ok(text) = serde_json::to_vec(body) else {
        // None of the shapes here can fail: their keys are strings, and their writer is a vector. Should one, it is no 200.
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
