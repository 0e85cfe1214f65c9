//! `Page`: a text of the page, with the headers that protect it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};

use super::gzip;

/// Allows only the page's own files, and requests to its own origin. Nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    // A browser asks each time whether its copy is current, because an update of the service may change all files.
    (CACHE_CONTROL, "no-cache"),
];

/// A page, or one of its files.
pub(super) struct Page {
    body: Bytes,
    content_type: &'static str,
    policy: &'static str,
    /// Whether the body is compressed.
    is_gzip: bool,
    /// The body of a compressed one for clients that do not accept gzip: once for all of them, because it takes time and memory.
    plain: OnceLock<Bytes>,
    tag: String,
}

impl Page {
    pub(super) fn new(body: Bytes, content_type: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            body,
            content_type,
            policy: POLICY,
            is_gzip: false,
            plain: OnceLock::new(),
            tag: format!("\"{:016x}\"", hasher.finish()),
        }
    }

    /// A file that the crate has as gzip.
    #[cfg_attr(
        not(any(feature = "docs-ui", feature = "redoc")),
        expect(dead_code, reason = "the files of the dashboard are small")
    )]
    pub(super) fn gzip(body: &'static [u8], content_type: &'static str) -> Self {
        Self {
            is_gzip: true,
            ..Self::new(Bytes::from_static(body), content_type)
        }
    }

    /// Replaces the policy, because some pages need more than their own files.
    #[cfg_attr(
        not(any(feature = "docs-ui", feature = "redoc")),
        expect(dead_code, reason = "the dashboard needs no more")
    )]
    pub(super) fn policy(mut self, policy: &'static str) -> Self {
        self.policy = policy;
        self
    }

    /// Responds with the page, or with 304 if the client has it.
    pub(super) fn respond(&self, request: &HeaderMap) -> Response {
        let is_known = self.is_known(request);
        let sends_gzip = self.is_gzip && gzip::is_accepted(request);
        let body = if is_known {
            Body::empty()
        } else if self.is_gzip && !sends_gzip {
            let plain = || gzip::decompress(&self.body).unwrap_or_default().into();
            Body::from(self.plain.get_or_init(plain).clone())
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
        let policy = HeaderValue::from_static(self.policy);
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if self.is_gzip {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if sends_gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        // Weak where the same file has two encodings.
        let weak = if self.is_gzip { "W/" } else { "" };
        if let Ok(tag) = HeaderValue::from_str(&[weak, &self.tag].concat()) {
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
