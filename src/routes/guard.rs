//! [`Guard`]: access to guarded routes.

use std::fmt;
use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use subtle::ConstantTimeEq;

use super::problem::problem;
use crate::redact::register_own;
use crate::settings::{ExposeSecret, Settings};

/// Decides which requests may read guarded routes.
#[derive(Clone)]
#[must_use]
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

    /// Allows requests with `Authorization: Bearer <secret>` (RFC 6750, section 2.1). Others get 401 and a challenge.
    ///
    /// White space around the secret is trimmed. The comparison takes constant time, and does not hide the secret's length.
    /// An empty secret, such as that of an environment variable that is not set, allows no request.
    pub fn bearer(secret: impl Into<String>) -> Self {
        let secret = secret.into();
        register_own(&secret);
        Self {
            kind: Kind::Bearer(secret.trim().into()),
        }
    }

    /// Allows requests for which the function returns true. Others get 403.
    ///
    /// ```
    /// use tower_vitals::routes::Guard;
    ///
    /// let guard = Guard::with(|parts| parts.headers.contains_key("x-from-our-proxy"));
    /// ```
    pub fn with(allows: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self {
            kind: Kind::With(Arc::new(allows)),
        }
    }

    /// Allows every request: for a loopback or a private network that is guarded by other means.
    pub fn open() -> Self {
        Self { kind: Kind::Open }
    }

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

    /// Returns the refusal of this request, or `None` if it may pass.
    pub(super) fn refusal(&self, parts: &Parts) -> Option<Response> {
        if self.allows(parts) {
            return None;
        }
        Some(match &self.kind {
            Kind::Open | Kind::Closed => problem(
                StatusCode::FORBIDDEN,
                "This route is guarded, and the service has set no guard. Its owner sets one with \
                 Routes::guard(Guard::bearer(secret)), Guard::with(function) or Guard::open().",
            ),
            Kind::With(_) => problem(
                StatusCode::FORBIDDEN,
                "The service's guard refused this request.",
            ),
            Kind::Bearer(secret) if secret.is_empty() => problem(
                StatusCode::FORBIDDEN,
                "The service's guard has an empty secret, which allows no request. Its owner sets another.",
            ),
            Kind::Bearer(_) if bearer_token(parts).is_some() => challenge(
                "Bearer error=\"invalid_token\"",
                "The bearer token is wrong.",
            ),
            Kind::Bearer(_) => challenge(
                "Bearer",
                "This route needs a bearer token: send Authorization: Bearer <token>.",
            ),
        })
    }
}

impl Settings {
    /// Returns a guard with `MONITORING_TOKEN` as its bearer token. If it is not set, guarded routes refuse every request.
    pub fn guard(&self) -> Guard {
        match &self.monitoring_token {
            Some(token) => Guard::bearer(token.expose_secret()),
            None => Guard::closed(),
        }
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
