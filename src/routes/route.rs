//! One route: its path, who may ask, and by which method.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::header::{ALLOW, HOST, HeaderValue, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{StatusCode, Uri};

use super::problem;
use super::{Details, Guard};

/// The one parameter a path can have, as its last segment.
pub(super) const PARAMETER: &str = "/{name}";

/// What a route is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// And HEAD.
    Get,
    /// Changes something.
    Post,
}

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;
pub(super) type Handler = Arc<dyn Fn(Visit) -> Answer + Send + Sync>;

/// Who may read a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    Guarded,
    /// As [`Details`] says.
    Details,
}

/// A request to one of the routes, and what it may see.
pub(super) struct Visit {
    pub(super) parts: Parts,
    pub(super) guard: Guard,
    pub(super) details: Details,
}

impl Visit {
    pub(super) fn sees_details(&self) -> bool {
        match self.details {
            Details::Never => false,
            Details::Authorized => self.guard.allows(&self.parts),
            Details::Always => true,
        }
    }

    fn refuse(&self, access: Access) -> Option<Response> {
        match (access, self.details) {
            (Access::Open, _) | (Access::Details, Details::Always) => None,
            (Access::Details, Details::Never) => Some(problem::problem(
                StatusCode::FORBIDDEN,
                "This service shows no details. Its owner shows them with Routes::details(Details::Authorized).",
            )),
            (Access::Guarded, _) | (Access::Details, Details::Authorized) => {
                self.guard.refuse(&self.parts)
            }
        }
    }
}

#[derive(Clone)]
pub(super) struct Route {
    /// The path it is known by to [`Routes::moved`] and [`Routes::protect`].
    pub(super) default_path: &'static str,
    pub(super) path: String,
    pub(super) verb: Verb,
    pub(super) access: Access,
    pub(super) handler: Handler,
}

impl Route {
    pub(super) fn into_service<S: Clone + Send + Sync + 'static>(
        self,
        guard: Guard,
        details: Details,
    ) -> MethodRouter<S> {
        let verb = self.verb;
        let route = Arc::new(self);
        let handler = move |request: Request<Body>| async move {
            route.answer(guard, details, request).await
        };
        match verb {
            Verb::Get => get(handler),
            Verb::Post => post(handler),
        }
        .fallback(move || async move { wrong_method(verb) })
    }

    async fn answer(&self, guard: Guard, details: Details, request: Request<Body>) -> Response {
        let (parts, _) = request.into_parts();
        let visit = Visit {
            parts,
            guard,
            details,
        };
        problem::finished(match visit.refuse(self.access) {
            Some(refusal) => refusal,
            None if self.verb == Verb::Post && is_cross_origin(&visit.parts) => problem::problem(
                StatusCode::FORBIDDEN,
                "A page of another origin sent this request: what changes anything is not done for it.",
            ),
            None => (self.handler)(visit).await,
        })
    }

    /// Whether a request's path is this route's.
    pub(super) fn is_at(&self, path: &str) -> bool {
        match self.path.strip_suffix(PARAMETER) {
            None => self.path == path,
            Some(folder) => path
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| !name.is_empty() && !name.contains('/')),
        }
    }
}

fn wrong_method(verb: Verb) -> Response {
    let (detail, allowed) = match verb {
        Verb::Get => ("This route is read with GET or HEAD.", "GET, HEAD"),
        Verb::Post => (
            "This route changes something: it is asked with POST.",
            "POST",
        ),
    };
    let mut response = problem::problem(StatusCode::METHOD_NOT_ALLOWED, detail);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    problem::finished(response)
}

/// Whether a browser sent this for a page of somewhere else: a guard that is open, or that goes by an address or a cookie,
/// would let it pass. As Go's `http.CrossOriginProtection` tells: by `Sec-Fetch-Site`, else by whether `Origin` is the
/// host that was asked. Whatever is no browser sends neither.
fn is_cross_origin(parts: &Parts) -> bool {
    if let Some(site) = parts.headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let Some(origin) = parts.headers.get(ORIGIN) else {
        return false;
    };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
    let origin = origin
        .as_ref()
        .and_then(Uri::authority)
        .map(Authority::as_str);
    // HTTP/2 has the host in the URI.
    let asked = parts.uri.authority().map(Authority::as_str);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    match (origin, asked.or(host)) {
        (Some(origin), Some(host)) => !origin.eq_ignore_ascii_case(host),
        _ => true,
    }
}
