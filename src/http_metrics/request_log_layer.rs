//! `RequestLogLayer`: the layer that logs each request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;

use super::http_service::HttpService;
use super::observe::{Observers, RequestLog, Sampling};
use crate::error::Error;
use crate::forwarded::ForwardedHeader;

/// A [`tower::Layer`](tower_layer::Layer) that logs one line per request, at the end of its response body. Alone, or as a part of
/// [`HttpLayer`](super::HttpLayer).
///
/// The line is an event of `tracing` with the target `tower_vitals::request`, the message `request`, and these fields:
///
/// | field | value |
/// |---|---|
/// | `request_id` | the request's id; a line inside a span has it from the span |
/// | `method`, `route` | the method, and the endpoint of the request's metric: without metrics the route that matched, or `unmatched` |
/// | `path`, `query` | those of the request's target, in which secrets and signatures are masked |
/// | `status` | the status code; `499` if the client left before a response, `500` if the service failed without one |
/// | `duration_ms` | the metric's duration, in milliseconds |
/// | `bytes_in`, `bytes_out` | the announced length of the request body, and the bytes sent of the response body |
/// | `user_id` | the [`UserId`](super::UserId) in the extensions of the request or the response |
/// | `client_address` | the address of the client; see [`trusted_proxies`](Self::trusted_proxies) |
/// | `outcome` | `complete`, `cancelled`, `body_dropped`, `body_error`, `service_error` or `panic` |
/// | `error_type` | of failed requests, as OpenTelemetry names the error: the status, or the outcome, or the gRPC status |
/// | `grpc_status` | of gRPC calls: the name of their status |
/// | `slow` | `true` on slow requests |
///
/// The level is ERROR if the service failed (a 5xx, a gRPC status that is a server's error, a panic, a broken body), WARN for slow
/// requests, and otherwise INFO. A 4xx is INFO, because the client's mistakes would hide those of the service.
///
/// Probes and scrapes are not logged. The layer costs nothing while a filter disables its target, and a line that its level
/// disables is not formatted.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::RequestLogLayer;
///
/// let log = RequestLogLayer::new().trusted_proxies(["10.0.0.0/8"])?;
/// let app: Router = Router::new().route("/users/{id}", get(|| async { "user" })).layer(log);
/// # Ok::<_, tower_vitals::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RequestLogLayer {
    log: RequestLog,
}

impl RequestLogLayer {
    /// Creates a layer with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the duration from which on a request is slow: logged at WARN, with `slow`. Defaults to 1 s. Event streams
    /// (`text/event-stream`) are never slow.
    pub fn slow_after(mut self, threshold: Duration) -> Self {
        self.log.slow_after = threshold;
        self
    }

    /// Logs this share (0 to 1) of the requests that are neither failed nor slow, in even distances. Defaults to 1. Failed and slow
    /// requests are always logged.
    pub fn sample(mut self, share: f64) -> Self {
        self.log.sampling = Arc::new(Sampling::new(share));
        self
    }

    /// Excludes a path, or all paths below one: `/internal/*`. Excluded by default: `/health`, `/healthz`, `/livez`, `/readyz`,
    /// `/startupz`, `/metrics`, all paths below `/health` and `/metrics`, and gRPC's health service.
    pub fn exclude(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.log.exclusion.add(path.into());
        self
    }

    /// Logs probes and scrapes, too. Paths that were excluded before are no longer.
    pub fn exclude_none(mut self) -> Self {
        self.log.exclusion.clear();
        self
    }

    /// Trusts the [forwarded header](Self::forwarded_header) of these proxies: addresses, or ranges in CIDR notation. Defaults to
    /// none. The client is the last address in the header that is no trusted proxy's.
    ///
    /// The address of the connection is that in axum's `ConnectInfo`, or a `SocketAddr` in the request's extensions.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidConfig`](crate::ErrorKind::InvalidConfig) with all texts that are no ranges.
    pub fn trusted_proxies(
        mut self,
        ranges: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, Error> {
        self.log.proxies.trust(ranges)?;
        Ok(self)
    }

    /// Sets the one header in which the [trusted proxies](Self::trusted_proxies) write the address of their peer. Defaults to
    /// `X-Forwarded-For`. The other header is not read, because a proxy that does not write it passes on that of the client.
    ///
    /// ```
    /// use tower_vitals::{ForwardedHeader, RequestLogLayer};
    ///
    /// let log = RequestLogLayer::new()
    ///     .trusted_proxies(["10.0.0.0/8"])?
    ///     .forwarded_header(ForwardedHeader::Forwarded);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn forwarded_header(mut self, header: ForwardedHeader) -> Self {
        self.log.proxies.header = header;
        self
    }

    pub(crate) fn into_log(self) -> RequestLog {
        self.log
    }
}

impl<S> Layer<S> for RequestLogLayer {
    type Service = HttpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let observers = Observers {
            log: Some(self.log.clone()),
            ..Observers::default()
        };
        HttpService::observing(inner, observers)
    }
}
