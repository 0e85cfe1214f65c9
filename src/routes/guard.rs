//! Who may read the routes that are not for everyone.

use std::fmt;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use subtle::ConstantTimeEq;

use super::problem::problem;

/// Decides who may read guarded routes. Without one they refuse everyone.
#[derive(Clone)]
pub struct Guard {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Closed,
    Open,
    Bearer(Arc<str>),
    With(Arc<dyn Fn(&Parts) -> bool + Send + Sync>),
}

impl Guard {
    pub(crate) fn closed() -> Self {
        Self { kind: Kind::Closed }
    }

    /// Whoever sends `Authorization: Bearer <secret>` (RFC 6750, section 2.1). Others get 401 and a challenge.
    ///
    /// White space around the secret, as of a file's last line, is no part of it. It is compared in a time that does not depend on where
    /// it differs; its length is not hidden. An empty
    /// secret, as of an environment variable that was not set, lets nobody in.
    #[must_use]
    pub fn bearer(secret: impl Into<String>) -> Self {
        Self {
            kind: Kind::Bearer(secret.into().trim().into()),
        }
    }

    /// Whoever the function says: true lets the request in, false is 403.
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::with(|parts| parts.headers.contains_key("x-from-our-proxy"));
    /// ```
    #[must_use]
    pub fn with(allows: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self {
            kind: Kind::With(Arc::new(allows)),
        }
    }

    /// Everyone: for a loopback or a private network, where something else keeps the guard.
    #[must_use]
    pub fn open() -> Self {
        Self { kind: Kind::Open }
    }

    /// Whether this request may pass.
    pub(super) fn allows(&self, parts: &Parts) -> bool {
        match &self.kind {
            Kind::Open => true,
            Kind::Closed => false,
            Kind::With(allows) => allows(parts),
            Kind::Bearer(secret) => bearer_token(parts).is_some_and(|token| {
                !secret.is_empty() && bool::from(token.ct_eq(secret.as_bytes()))
            }),
        }
    }

    /// The refusal of this request, or `None` if it may pass.
    pub(super) fn refuse(&self, parts: &Parts) -> Option<Response> {
        if self.allows(parts) {
            return None;
        }
        Some(match &self.kind {
            Kind::Open | Kind::Closed => problem(
                StatusCode::FORBIDDEN,
                "This route is guarded and the service has named no guard. Its owner opens it with \
                 Routes::guard(Guard::bearer(secret)), Guard::with(function) or Guard::open().",
            ),
            Kind::With(_) => problem(
                StatusCode::FORBIDDEN,
                "The service's guard refused this request.",
            ),
            Kind::Bearer(secret) if secret.is_empty() => problem(
                StatusCode::FORBIDDEN,
                "The service's guard has an empty secret, which lets nobody in. Its owner sets one.",
            ),
            Kind::Bearer(_) if bearer_token(parts).is_some() => challenge(
                "Bearer error=\"invalid_token\"",
                "The bearer token is not the service's.",
            ),
            Kind::Bearer(_) => challenge(
                "Bearer",
                "This route asks for a bearer token: send Authorization: Bearer <token>.",
            ),
        })
    }
}

fn bearer_token(parts: &Parts) -> Option<&[u8]> {
    let value = parts.headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

/// RFC 6750, section 3.
fn challenge(challenge: &'static str, detail: &str) -> Response {
    let mut response = problem(StatusCode::UNAUTHORIZED, detail);
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Closed => "Guard::closed",
            Kind::Open => "Guard::open",
            Kind::Bearer(_) => "Guard::bearer([redacted])",
            Kind::With(_) => "Guard::with(..)",
        })
    }
}
