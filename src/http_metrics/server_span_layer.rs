//! `ServerSpanLayer`: the layer that makes a span for each request.

use std::borrow::Cow;

use tower_layer::Layer;

use super::http_service::HttpService;
use super::observe::{Observers, ServerSpan};
use crate::error::Error;
use crate::forwarded::ForwardedHeader;

/// A [`tower::Layer`](tower_layer::Layer) that makes a `tracing` span for each request, which ends with its response body. Alone,
/// or as a part of [`HttpLayer`](super::HttpLayer). The service and its response body run inside the span.
///
/// The span has the target `tower_vitals::request`, the level ERROR, so that filters by level keep it, and the attributes of OpenTelemetry's conventions 1.44 for
/// servers: `http.request.method`, `http.request.method_original`, `http.route`, `http.response.status_code`, `url.path`,
/// `url.query`, `url.scheme`, `server.address`, `server.port`, `client.address`, `user_agent.original`,
/// `network.protocol.version`, `error.type`, and for gRPC `rpc.system`, `rpc.service`, `rpc.method` and
/// `rpc.grpc.status_code`. Secrets and signatures in path and query are masked. `otel.name` is `{method} {http.route}`.
///
/// `error.type` is absent on success, also on a 4xx. Else it is that of the metric: the status from 500 on, how the request
/// ended otherwise, or the gRPC status. With it, `otel.status_code` is `ERROR`. A body that breaks after a 201 leaves a span with
/// status 201 and the `error.type` `body_error`.
///
/// `request_id` is the request's id, and `duration_ms` the metric's duration. With the feature `otel`, the span's parent is that in
/// the headers `traceparent` and `tracestate`, and a span that `Tracing` does not sample has no attributes but `request_id`.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServerSpanLayer {
    span: ServerSpan,
}

impl ServerSpanLayer {
    /// Creates a layer with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `url.scheme` of requests that do not tell theirs. Defaults to `http`. Set `https` if this process itself terminates
    /// TLS.
    pub fn url_scheme(mut self, scheme: impl Into<Cow<'static, str>>) -> Self {
        self.span.scheme = scheme.into();
        self
    }

    /// Excludes a path, or all paths below one: `/internal/*`. Excluded by default are probes and scrapes, as those of
    /// [`RequestLogLayer`](super::RequestLogLayer::exclude). Spans that the service makes for such a request are not recorded
    /// either.
    pub fn exclude(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.span.exclusion.add(path.into());
        self
    }

    /// Makes spans for probes and scrapes, too. Paths that were excluded before are no longer. The sampler of traces excludes some of its
    /// own: see `TracingBuilder::exclude_no_paths`.
    pub fn exclude_none(mut self) -> Self {
        self.span.exclusion.clear();
        self
    }

    /// Trusts the forwarded header of these proxies, as [`RequestLogLayer`](super::RequestLogLayer::trusted_proxies) does.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with all texts that are no ranges.
    pub fn trusted_proxies(
        mut self,
        ranges: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, Error> {
        self.span.proxies.trust(ranges)?;
        Ok(self)
    }

    /// Sets the one header in which the [trusted proxies](Self::trusted_proxies) write the address of their peer. Defaults to
    /// `X-Forwarded-For`. The other header is not read, because a proxy that does not write it passes on that of the client.
    pub fn forwarded_header(mut self, header: ForwardedHeader) -> Self {
        self.span.proxies.header = header;
        self
    }

    pub(crate) fn into_span(self) -> ServerSpan {
        self.span
    }
}

impl<S> Layer<S> for ServerSpanLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let observers = Observers {
            span: Some(self.span.clone()),
            ..Observers::default()
        };
        HttpService::observing(inner, observers)
    }
}
