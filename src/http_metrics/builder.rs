//! `HttpMetricsBuilder`: the settings of a layer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use metrics::Recorder;

use super::config::{Config, Protocol, Until};
use super::labels::ExtraLabel;
use super::layer::HttpMetricsLayer;
use super::naming::Naming;
use super::outcome::Side;
use super::service::{CountRequestBody, PassThrough};
use crate::error::Error;
use crate::recorder::RecorderRef;

/// Configures an [`HttpMetricsLayer`]. Made by [`HttpMetricsLayer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct HttpMetricsBuilder<R = PassThrough> {
    config: Config,
    mode: R,
}

impl HttpMetricsLayer {
    /// Starts to configure a layer.
    pub fn builder() -> HttpMetricsBuilder {
        HttpMetricsBuilder {
            config: Config::new(Side::Server, Naming::prometheus()),
            mode: PassThrough,
        }
    }
}

impl<R> HttpMetricsBuilder<R> {
    /// Names metrics and labels. Defaults to [`Naming::prometheus`].
    pub fn naming(mut self, naming: Naming) -> Self {
        self.config.naming = naming;
        self
    }

    /// Sets where the duration ends. Defaults to [`Until::End`].
    pub fn duration_until(mut self, until: Until) -> Self {
        self.config.until = until;
        self
    }

    /// Measures response bodies: `http_response_body_size_bytes` records the bytes sent of each response, at its end.
    /// Defaults to off.
    pub fn response_body_size(mut self) -> Self {
        self.config.response_body_size = true;
        self
    }

    /// Measures request bodies: `http_request_body_size_bytes` records the bytes read of each request, when its body is
    /// dropped. Defaults to off, because it passes a [`RequestBody<B>`](super::body::RequestBody) to the inner service
    /// in place of `B`. axum's routers accept any body.
    pub fn request_body_size(self) -> HttpMetricsBuilder<CountRequestBody> {
        HttpMetricsBuilder {
            config: self.config,
            mode: CountRequestBody,
        }
    }

    /// Limits the number of endpoints. Requests to further ones are counted as `other`. Defaults to 1000.
    ///
    /// `unmatched` and `other` do not count towards the limit.
    pub fn max_endpoints(mut self, max: usize) -> Self {
        self.config.max_endpoints = max;
        self
    }

    /// Names a request's endpoint, for services without axum's `MatchedPath`. Defaults to none. If the function returns
    /// `None`, `MatchedPath` is used.
    ///
    /// Return the route's template, not its path: each distinct value is a set of series, up to
    /// [`max_endpoints`](Self::max_endpoints). A `&'static str` costs no allocation and no lock.
    ///
    /// ```
    /// use tower_vitals::HttpMetricsLayer;
    ///
    /// let layer = HttpMetricsLayer::builder()
    ///     .endpoint(|parts| match parts.uri.path() {
    ///         "/" => Some("/"),
    ///         path if path.starts_with("/users/") => Some("/users/{id}"),
    ///         _ => None,
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn endpoint<T: Into<Cow<'static, str>>>(
        mut self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.config.set_endpoint(endpoint);
        self
    }

    /// Adds a label with these values to every family of the layer. Any other value of `pick`, and `None`, is counted
    /// as `other`.
    ///
    /// ```
    /// use tower_vitals::HttpMetricsLayer;
    ///
    /// let layer = HttpMetricsLayer::builder()
    ///     .label("tier", ["free", "paid"], |parts| {
    ///         parts.headers.get("x-tier")?.to_str().ok()
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn label<V: Into<Cow<'static, str>>>(
        mut self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
        pick: impl Fn(&Parts) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        let label = ExtraLabel::new(name.into(), values, pick);
        self.config.extra.push(label);
        self
    }

    /// Records gRPC calls by method and status, for tonic's servers and for its routes in axum. Defaults to off, which
    /// costs requests over HTTP nothing.
    ///
    /// A request is a call if its content type is `application/grpc`. Calls have the further label `grpc_status` with the
    /// name of their status code, such as `OK` or `NOT_FOUND`, from the headers or the trailers. A call without one has
    /// that of its end, as gRPC defines it: `CANCELLED` if the client (or a deadline in tonic) dropped it. Other requests
    /// have no such label.
    ///
    /// `endpoint` is `/pkg.Service/Method` if the method exists, which its first answer tells. Until then, the call is in
    /// progress as `unmatched`. A path that is answered with `UNIMPLEMENTED` is `unmatched`, and so are paths that have
    /// only failed once they are a tenth of [`max_endpoints`](Self::max_endpoints), because clients can invent paths that
    /// an authentication rejects.
    ///
    /// With [`Naming::open_telemetry`], calls follow its RPC conventions: `rpc_server_call_duration_seconds` with
    /// `rpc_system_name`, `rpc_method`, `rpc_response_status_code` and, on errors, `error_type`.
    ///
    /// ```
    /// use tower_vitals::HttpMetricsLayer;
    ///
    /// let layer = HttpMetricsLayer::builder().grpc().build()?;
    /// let server = tonic::transport::Server::builder().layer(layer);
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn grpc(mut self) -> Self {
        self.config.protocol = Protocol::Both;
        self
    }

    /// Excludes the requests for which `skip` returns true from all metrics. Defaults to none.
    ///
    /// A handler can exclude its request later by putting [`SkipMetrics`](super::SkipMetrics) into the response.
    pub fn skip(mut self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config.skip = Some(Arc::new(skip));
        self
    }

    /// Registers handles again after this time. Defaults to never.
    ///
    /// Set this for recorders that drop idle series, because writes to a handle of a dropped series are lost. The time
    /// must not exceed the recorder's idle timeout. A request that was in progress when its gauge was dropped
    /// decrements the dropped gauge, so the new gauge does not fall below zero.
    pub fn reregister_after(mut self, after: Duration) -> Self {
        self.config.reregister_after = Some(after);
        self
    }

    /// Records to this recorder. Defaults to the facade's global one.
    ///
    /// Use this in tests, and for several recorders in one process. A local recorder of the facade
    /// ([`metrics::with_local_recorder`]) works only if it is current wherever a request is called, polled and dropped.
    pub fn recorder(mut self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.config.recorder = RecorderRef::new(recorder);
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// Returns all mistakes in one [`InvalidConfig`](crate::ErrorKind::InvalidConfig) error: names that Prometheus
    /// would reject, that are used twice or that clash, labels without values, and more than 128 combinations of label
    /// values.
    pub fn build(self) -> Result<HttpMetricsLayer<R>, Error> {
        Error::combine(self.config.problems().into_iter().map(Error::invalid))?;
        Ok(HttpMetricsLayer::from_config(self.config, self.mode))
    }
}
