//! `ClientSpan`: the span of a request that is sent.

use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderMap, Uri, response};
use tracing::Span;
use tracing::field::Empty;
use tracing::span::Entered;

use super::end::End;
use super::observer::Observer;
use super::request_head::RequestHead;
use super::span_fields::{SpanName, protocol_version, redacted_query, rpc, without_brackets};
use crate::http_metrics::labels::{METHODS, OTHER, UNMATCHED, method_index};
use crate::redact::redact;
use crate::request_target::REQUEST;
use crate::trace_context;

/// The span of one attempt to send a request.
pub(crate) struct ClientSpan(Span);

impl ClientSpan {
    /// The span of a request, with the attributes that OpenTelemetry's conventions 1.44 know at its begin. Nothing is computed for
    /// a span that is disabled.
    pub(crate) fn begin(request: &RequestHead<'_>, endpoint: Option<&str>) -> Option<Arc<Self>> {
        if !tracing::enabled!(target: REQUEST, tracing::Level::ERROR) {
            return None;
        }
        let method = METHODS[method_index(request.method)];
        let template = endpoint.filter(|name| !matches!(*name, UNMATCHED | OTHER | ""));
        let rpc = request.is_call().then(|| rpc(request.path())).flatten();
        let name = SpanName::new(method, template, rpc);
        let url = request.uri.authority().map(|_| url(request.uri));
        let span = name.with_text(|name| {
            tracing::error_span!(
                target: REQUEST,
                "client request",
                otel.name = name,
                otel.kind = "client",
                otel.status_code = Empty,
                http.request.method = method,
                http.request.method_original = (request.method.as_str() != method)
                    .then(|| request.method.as_str()),
                url.full = url.as_deref(),
                url.template = template.filter(|_| rpc.is_none()),
                server.address = request.uri.host().map(without_brackets),
                server.port = port(request.uri),
                network.protocol.version = Empty,
                rpc.system = rpc.map(|_| "grpc"),
                rpc.service = rpc.map(|(service, _)| service),
                rpc.method = rpc.map(|(_, method)| method),
                http.response.status_code = Empty,
                rpc.grpc.status_code = Empty,
                "error.type" = Empty,
                duration_ms = Empty,
            )
        });
        (!span.is_disabled()).then(|| Arc::new(Self(span)))
    }

    pub(crate) fn inject(&self, headers: &mut HeaderMap) {
        trace_context::inject(&self.0, headers);
    }

    /// Layers and clients inside log inside the span, and their requests are its children.
    #[inline]
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }
}

impl Observer for ClientSpan {
    /// A span ends when it was left for the last time, and a body that ends is outside.
    fn enter(&self) -> Option<Entered<'_>> {
        Some(self.enter())
    }

    fn on_head(&self, head: &response::Parts) {
        if let Some(version) = protocol_version(head.version) {
            self.0.record("network.protocol.version", version);
        }
    }

    fn on_end(&self, end: &End<'_>) {
        let error_type = end.error_type();
        tracing::record_all!(
            self.0,
            http.response.status_code = end.sent_status().map(i64::from),
            rpc.grpc.status_code = end.code().map(|code| i64::from(code.number())),
            "error.type" = error_type.as_deref(),
            otel.status_code = error_type.is_some().then_some("ERROR"),
            duration_ms = end.millis(),
        );
        if end.is_until_head() {
            trace_context::set_attribute(&self.0, trace_context::DURATION_UNTIL, "head");
        }
        trace_context::end(&self.0);
    }
}

/// The URL without credentials, secrets and signatures.
fn url(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let server = authority.rsplit('@').next().unwrap_or_default();
    let path = redact(uri.path());
    match uri.query().map(redacted_query) {
        Some(query) => format!("{scheme}://{server}{path}?{query}"),
        None => format!("{scheme}://{server}{path}"),
    }
}

/// The port, or else that of the scheme.
fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or_else(|| {
        let scheme = uri.scheme()?;
        Some(if *scheme == Scheme::HTTPS { 443 } else { 80 })
    })
}
