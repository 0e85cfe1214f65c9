//! Responses and their headers.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use serde::Serialize;

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    respond(status, "application/json", body)
}

pub(super) fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: &impl Serialize,
) -> Response {
    let Ok(text) = serde_json::to_vec(body) else {
        // No shape of these routes can fail: its keys are strings and its writer is a vector.
        let mut failed = Response::new(Body::empty());
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return failed;
    };
    self::text(status, content_type, text)
}

pub(super) fn text(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Body>,
) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Unless the response says itself how it may be stored.
pub(super) fn no_store(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(no_store);
    response
}
