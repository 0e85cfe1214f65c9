//! `ServerSpan`: which requests have a span, and the span's begin and end.

use std::borrow::Cow;

use http::uri::Scheme;
use tracing::Span;
use tracing::field::{Empty, display};

use super::begun::Begun;
use super::end::End;
use super::exclusion::Exclusion;
use super::proxies::Proxies;
use super::request_head::RequestHead;
use super::span_fields::{SpanName, protocol_version, redacted_query, rpc, server, user_agent};
use crate::http_metrics::labels::{METHODS, OTHER, UNMATCHED, method_index};
use crate::redact::redact_path;
use crate::request_target::{EXCLUDED_REQUEST, REQUEST};
use crate::trace_context::{self, Decision, Parent};

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
    /// The span of a request. Nothing is computed for a span that is disabled or not sampled.
    pub(crate) fn begin(
        &self,
        request: &RequestHead<'_>,
        endpoint: Option<&str>,
        request_id: Option<&str>,
    ) -> Begun {
        if !tracing::enabled!(target: REQUEST, tracing::Level::ERROR) {
            return Begun::default();
        }
        let mut parent = Parent::enter(request.headers);
        let begun = match parent.decide(request.path()) {
            Decision::Sampled => self.recorded(request, endpoint, request_id),
            decision => not_recorded(decision, request_id).into(),
        };
        parent.begun(&begun.span);
        begun
    }

    /// A span with the attributes that OpenTelemetry's conventions 1.44 know at its begin.
    fn recorded(
        &self,
        request: &RequestHead<'_>,
        endpoint: Option<&str>,
        request_id: Option<&str>,
    ) -> Begun {
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
        let span = name.with_text(|name| {
            tracing::error_span!(
                target: REQUEST,
                "request",
                otel.name = name,
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
            )
        });
        Begun {
            is_recorded: !span.is_disabled(),
            unnamed: (route.is_none() && rpc.is_none()).then_some(method),
            span,
        }
    }

    /// A span that no sampler of this crate takes, so that the spans inside are not taken either. It has a target of its own, because it
    /// is none of the requests that are observed.
    pub(crate) fn excluded(request: &RequestHead<'_>, request_id: Option<&str>) -> Span {
        let _parent = Parent::enter(request.headers);
        tracing::error_span!(
            target: EXCLUDED_REQUEST,
            "request",
            otel.kind = "server",
            request_id,
            { trace_context::EXCLUDED } = true,
        )
    }

    /// Records the end. `duration_ms` is the metric's duration.
    pub(crate) fn end(span: &Span, end: &End<'_>, unnamed: Option<&'static str>) {
        if let Some(method) = unnamed
            && let Some(route) = end.endpoint.filter(|name| !is_unnamed(name))
        {
            let name = SpanName::new(method, Some(route), None).with_text(str::to_owned);
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

/// A span that has a context for logs and for the spans inside, and no attributes, because nobody collects it.
fn not_recorded(decision: Decision, request_id: Option<&str>) -> Span {
    let is_excluded = decision == Decision::Excluded;
    tracing::error_span!(
        target: REQUEST,
        "request",
        otel.kind = is_excluded.then_some("server"),
        request_id,
        { trace_context::EXCLUDED } = is_excluded.then_some(true),
    )
}

fn is_unnamed(endpoint: &str) -> bool {
    matches!(endpoint, UNMATCHED | OTHER | "")
}
