//! A file as a response.

use axum::body::Body;
use axum::response::Response;
use http::HeaderName;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};

/// The headers are those of Go's `net/http/pprof`.
pub(super) fn download(disposition: &'static str, body: Vec<u8>) -> Response {
    let headers: [(HeaderName, &'static str); 3] = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, disposition),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
