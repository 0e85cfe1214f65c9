//! One route: its path, its method, its access and its handler.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use futures_core::future::BoxFuture;
use http::header::{ALLOW, HOST, HeaderValue, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{Extensions, StatusCode, Uri};

use super::access::{Access, Details};
use super::method::Method;
use super::mounted::Mounted;
use super::mounted_route::MountedRoute;
use super::operation::Operation;
use super::problem::{identified, problem};
use super::refusal::Refusal;
use super::refusals::Refusals;
use super::request::RouteRequest;
use super::respond::no_store;
use crate::http_metrics::SkipMetrics;
use crate::panics;
use crate::recorder::RecorderRef;
use crate::request_id;

/// The only parameter that a path can have, as one of its segments.
pub(super) const PARAMETER: &str = "/{name}";

pub(super) type Handler = Arc<dyn Fn(RouteRequest) -> BoxFuture<'static, Response> + Send + Sync>;

pub(super) fn handler<F>(handle: impl Fn(RouteRequest) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Response> + Send + 'static,
{
    Arc::new(move |request| Box::pin(handle(request)))
}

#[derive(Clone)]
pub(super) struct Route {
    /// The path that the setters of [`Routes`](super::Routes) know it by.
    pub(super) default_path: &'static str,
    pub(super) path: String,
    pub(super) method: Method,
    pub(super) operation: &'static Operation,
    pub(super) access: Access,
    pub(super) handler: Handler,
    /// Whether another route of this default path replaces it.
    pub(super) gives_way: bool,
}

impl Route {
    pub(super) fn new<F>(
        method: Method,
        path: &'static str,
        operation: &'static Operation,
        access: Access,
        handle: impl Fn(RouteRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        Self {
            default_path: path,
            path: path.to_owned(),
            method,
            operation,
            access,
            handler: handler(handle),
            gives_way: false,
        }
    }

    /// What other routes may know of this one.
    pub(super) fn mounted(&self) -> MountedRoute {
        MountedRoute {
            default_path: self.default_path,
            path: self.path.clone(),
            method: self.method,
            access: self.access,
            operation: self.operation,
        }
    }

    pub(super) fn into_method_router<S: Clone + Send + Sync + 'static>(
        self,
        recorder: &RecorderRef,
        mounted: Arc<Mounted>,
    ) -> MethodRouter<S> {
        let method = self.method;
        let refusals = self.access.is_guarded(mounted.details);
        let refusals = refusals.then(|| Refusals::new(self.default_path, recorder));
        let route = Arc::new((self, refusals));
        let handler = move |request: Request<Body>| async move {
            let (parts, body) = request.into_parts();
            let id = request_id::of(&parts.extensions).cloned();
            let request = RouteRequest {
                parts,
                body,
                guard: mounted.guard.clone(),
                details: mounted.details,
                health: mounted.health.clone(),
                mounted,
            };
            let (route, refusals) = &*route;
            let response = route.respond(request, refusals.as_ref()).await;
            identified(response, id.as_ref())
        };
        match method {
            Method::Get => get(handler),
            Method::Post => post(handler),
            Method::GetAndPut => get(handler.clone()).put(handler),
        }
        .fallback(move |extensions: Extensions| async move {
            identified(finish(wrong_method(method)), request_id::of(&extensions))
        })
    }

    async fn respond(&self, request: RouteRequest, refusals: Option<&Refusals>) -> Response {
        if let Err(refusal) = self.check(&request) {
            if let Some(refusals) = refusals {
                refusals.note(&request.parts, refusal.detail());
            }
            return finish(refusal.into_response());
        }
        let handled = panics::caught(async { (self.handler)(request).await });
        finish(handled.await.unwrap_or_else(|_| {
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The route panicked; the service's log may say why.",
            )
        }))
    }

    fn check(&self, request: &RouteRequest) -> Result<(), Refusal> {
        if self.access.is_guarded(request.details) {
            request.guard.check(&request.parts)?;
        } else if self.access == Access::Details && request.details == Details::Never {
            return Err(Refusal::forbidden(
                "This service shows no details. Its owner shows them with Routes::details(Details::Authorized).",
            ));
        }
        // Only GET and HEAD reach a route without changing something.
        if !request.parts.method.is_safe() && is_cross_origin(&request.parts) {
            return Err(Refusal::forbidden(
                "This request comes from a page of another origin, which may change nothing here.",
            ));
        }
        Ok(())
    }

    /// Whether pages of other origins may read it, if the service names their origins. Profiles are no JSON, and cost much.
    pub(super) fn is_shared(&self) -> bool {
        self.method != Method::Post && !self.default_path.starts_with("/debug/pprof/")
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let Some((folder, rest)) = self.path.split_once(PARAMETER) else {
            return self.path == path;
        };
        path.strip_prefix(folder)
            .and_then(|path| path.strip_prefix('/'))
            .and_then(|path| path.strip_suffix(rest))
            .is_some_and(|name| !name.is_empty() && !name.contains('/'))
    }
}

/// Marks a response of the crate's own routes: caches do not store it, and the request metrics skip it.
pub(super) fn finish(response: Response) -> Response {
    let mut response = no_store(response);
    response.extensions_mut().insert(SkipMetrics);
    response
}

fn wrong_method(method: Method) -> Response {
    let (detail, allowed) = match method {
        Method::Get => ("This route allows GET and HEAD.", "GET, HEAD"),
        Method::Post => ("This route changes something: it allows POST.", "POST"),
        Method::GetAndPut => ("This route allows GET, HEAD and PUT.", "GET, HEAD, PUT"),
    };
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, detail);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Whether a browser sent this for a page of another origin, which passes a guard that is open or that checks an address or
/// a cookie. The scheme is that of Go's `http.CrossOriginProtection` and of tower-http's `csrf`: `Sec-Fetch-Site`, else
/// whether `Origin` is the requested host. Clients that are no browsers send neither.
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
    let authority = parts.uri.authority().map(Authority::as_str);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    match (origin, authority.or(host)) {
        (Some(origin), Some(host)) => !origin.eq_ignore_ascii_case(host),
        _ => true,
    }
}
