//! `ServerSpan`: which requests have a span, and the span's begin and end.

use std::borrow::Cow;

use http::uri::Scheme;
use tracing::Span;
use tracing::field::{Empty, display};

use super::end::End;
use super::exclusion::Exclusion;
use super::parent_taken::ParentTaken;
use super::proxies::Proxies;
use super::request_head::RequestHead;
use super::span_fields::{SpanName, protocol_version, redacted_query, rpc, server, user_agent};
use crate::http_metrics::labels::{METHODS, OTHER, UNMATCHED, method_index};
use crate::redact::redact_path;
use crate::request_target::{EXCLUDED_REQUEST, REQUEST};
use crate::trace_context;

/// The configuration of server spans.
#[derive(Debug, Clone)]
pub(crate) struct ServerSpan {
    pub(crate) exclusion: Exclusion,
    pub(crate) proxies: Proxies,
    pub(crate) scheme: Cow<'static, str>,
}

impl Default for ServerSpan {
    fn default() -> Self {
        Self {
            exclusion: Exclusion::default(),
            proxies: Proxies::default(),
            scheme: Cow::Borrowed("http"),
        }
    }
}

impl ServerSpan {
    /// The span of a request, with the attributes that OpenTelemetry's conventions 1.44 know at its begin. Nothing is computed for
    /// a span that is disabled. Without a route, its method is returned, too, because a layer inside can find the route.
    pub(crate) fn begin(
        &self,
        request: &RequestHead<'_>,
        endpoint: Option<&str>,
        request_id: Option<&str>,
    ) -> (Span, Option<&'static str>) {
        if !tracing::enabled!(target: REQUEST, tracing::Level::ERROR) {
            return (Span::none(), None);
        }
        let method = METHODS[method_index(request.method)];
        let route = request
            .route()
            .or(endpoint.filter(|name| !is_unnamed(name)));
        let rpc = request.is_call().then(|| rpc(request.path())).flatten();
        let name = SpanName::new(method, route, rpc);
        let query = request.uri.query().map(redacted_query);
        let scheme = request.uri.scheme().map(Scheme::as_str);
        let (address, port) = server(request).unzip();
        let client = self.proxies.client(request).map(display);
        let agent = user_agent(request);
        let span = tracing::error_span!(
            target: REQUEST,
            "request",
            otel.name = display(&name),
            otel.kind = "server",
            otel.status_code = Empty,
            request_id,
            http.request.method = method,
            http.request.method_original = (request.method.as_str() != method)
                .then(|| request.method.as_str()),
            http.route = route,
            url.path = &*redact_path(request.path()),
            url.query = query.as_deref(),
            url.scheme = scheme.unwrap_or(&self.scheme),
            server.address = address,
            server.port = port.flatten(),
            client.address = client.as_ref().map(|client| client as &dyn Value),
            user_agent.original = agent.as_deref(),
            network.protocol.version = protocol_version(request.version),
            rpc.system = rpc.map(|_| "grpc"),
            rpc.service = rpc.map(|(service, _)| service),
            rpc.method = rpc.map(|(_, method)| method),
            http.response.status_code = Empty,
            rpc.grpc.status_code = Empty,
            "error.type" = Empty,
            duration_ms = Empty,
        );
        set_parent(&span, request);
        (span, (route.is_none() && rpc.is_none()).then_some(method))
    }

    /// A span that no sampler of this crate takes, so that the spans inside are not taken either. It has a target of its own, because it
    /// is none of the requests that are observed.
    pub(crate) fn excluded(request: &RequestHead<'_>, request_id: Option<&str>) -> Span {
        let span = tracing::error_span!(
            target: EXCLUDED_REQUEST,
            "request",
            otel.kind = "server",
            request_id,
            { trace_context::EXCLUDED } = true,
        );
        set_parent(&span, request);
        span
    }

    /// Records the end. `duration_ms` is the metric's duration.
    pub(crate) fn end(span: &Span, end: &End<'_>, unnamed: Option<&'static str>) {
        if let Some(method) = unnamed
            && let Some(route) = end.endpoint.filter(|name| !is_unnamed(name))
        {
            let name = SpanName::new(method, Some(route), None).to_string();
            tracing::record_all!(span, http.route = route, otel.name = &*name);
            trace_context::set_name(span, name);
        }
        let error_type = end.error_type();
        tracing::record_all!(
            span,
            http.response.status_code = end.sent_status().map(i64::from),
            rpc.grpc.status_code = end.code().map(|code| i64::from(code.number())),
            "error.type" = error_type.as_deref(),
            otel.status_code = error_type.is_some().then_some("ERROR"),
            duration_ms = end.millis(),
        );
        if end.is_until_head() {
            trace_context::set_attribute(span, trace_context::DURATION_UNTIL, "head");
        }
        trace_context::end(span);
    }
}

/// The caller's span is the parent, unless a span outside is its child already.
fn set_parent(span: &Span, request: &RequestHead<'_>) {
    if request.extensions.get::<ParentTaken>().is_none() {
        trace_context::set_parent(span, request.headers);
    }
}

fn is_unnamed(endpoint: &str) -> bool {
    matches!(endpoint, UNMATCHED | OTHER | "")
}
