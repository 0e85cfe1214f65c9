//! `Page`: a text of the page, with the headers that protect it.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};

/// Allows only the page's own files, and requests to its own origin. Nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    // A browser asks each time whether its copy is current, because an update of the service may change all files.
    (CACHE_CONTROL, "no-cache"),
];

/// The shell, or one of its files.
pub(super) struct Page {
    body: Bytes,
    content_type: &'static str,
    tag: String,
}

impl Page {
    pub(super) fn new(body: Bytes, content_type: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            body,
            content_type,
            tag: format!("\"{:016x}\"", hasher.finish()),
        }
    }

    /// Responds with the page, or with 304 if the client has it.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let is_known = self.is_known(request);
        let body = if is_known {
            Body::empty()
        } else {
            Body::from(self.body.clone())
        };
        let mut response = Response::new(body);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(ETAG, tag);
        }
        response
    }

    fn is_known(&self, request: &HeaderMap) -> bool {
        let sent = request.get_all(IF_NONE_MATCH).iter();
        let mut tags = sent
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        // A proxy that compresses makes the tag weak.
        tags.any(|tag| tag.trim().trim_start_matches("W/") == self.tag)
    }
}
