//! `HttpMetricsBuilder`: the settings of a layer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use metrics::Recorder;

use super::config::{Config, Protocol, Until};
use super::duration_status::DurationStatus;
use super::extra_label::ExtraLabel;
use super::known_labels;
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
            config: Config::new(Naming::prometheus()),
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

    layer_setters!(
        "tower_vitals::HttpMetricsLayer",
        "HttpMetricsLayer::builder()"
    );

    /// Lets the counter of requests begin at zero for these statuses, at the first request of each endpoint, because
    /// Prometheus' `increase` does not see a counter that begins at one. Defaults to 500. Namings without such a counter
    /// ignore it.
    pub fn zero_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.config.zero_statuses = statuses.into_iter().collect();
        self
    }

    /// Sets the scheme of requests that do not tell theirs, for the label `url_scheme` of [`Naming::open_telemetry`].
    /// Defaults to `http`. Set `https` if this process itself terminates TLS.
    pub fn url_scheme(mut self, scheme: impl Into<Cow<'static, str>>) -> Self {
        self.config.url_scheme = Some(scheme.into());
        self
    }

    /// Adds `network_protocol_version` (`1.0`, `1.1`, `2`, `3`) to every family but the gauge, as OpenTelemetry's
    /// convention recommends. Defaults to off.
    pub fn network_protocol_version(mut self) -> Self {
        let label = known_labels::request_version();
        self.config.request_labels.add(label);
        self
    }

    /// Adds `server_address` and `server_port`, which are optional in OpenTelemetry's convention, to every family.
    /// Defaults to off.
    ///
    /// Each server is a host, or a host and a port; `server_port` is only on those with one. A request belongs to the
    /// server that its target or its `Host` header names. Clients choose that header, so requests to hosts that are not
    /// in the list have neither label.
    ///
    /// ```
    /// use tower_vitals::{HttpMetricsLayer, http_metrics::Naming};
    ///
    /// let layer = HttpMetricsLayer::builder()
    ///     .naming(Naming::open_telemetry())
    ///     .server_addresses(["shop.example", "admin.shop.example:8443"])
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn server_addresses<V: Into<Cow<'static, str>>>(
        mut self,
        servers: impl IntoIterator<Item = V>,
    ) -> Self {
        let servers = servers.into_iter().map(Into::into).collect();
        let label = known_labels::declared_servers(servers);
        self.config.request_labels.add(label);
        self
    }

    /// Records gRPC calls by method and status, for tonic's servers and for its routes in axum. Defaults to off, which
    /// costs requests over HTTP nothing.
    ///
    /// A request is a call if its content type is `application/grpc`. Calls have the further label `grpc_status` with the
    /// name of their status code, such as `OK` or `NOT_FOUND`, from the headers or the trailers. A call without one has
    /// that of its end, as gRPC defines it: `CANCELLED` if the client (or a deadline in tonic) dropped it. Other requests,
    /// gRPC-Web among them, have no such label.
    ///
    /// tonic 0.14 enforces deadlines (`Server::timeout` and the client's `grpc-timeout`, whichever is shorter) outside of all
    /// layers, and only until the response head. The layer sees a call that is dropped, and the client gets `CANCELLED`, too
    /// ("Timeout expired"). In an axum server, tonic's routes have no deadline. A method whose calls are to end with
    /// `DEADLINE_EXCEEDED` enforces its deadline itself and returns `Status::deadline_exceeded`.
    ///
    /// `endpoint` is `/pkg.Service/Method` if the method exists, which its first answer tells. Until then, the call is in
    /// progress as `unmatched`. A path that is answered with `UNIMPLEMENTED` is `unmatched`, and so are paths that have
    /// only failed once they are a tenth of [`max_endpoints`](Self::max_endpoints), because clients can invent paths that
    /// an authentication rejects.
    ///
    /// With [`zero_statuses`](Self::zero_statuses), the codes `UNKNOWN`, `INTERNAL` and `UNAVAILABLE` begin at zero, too.
    /// With [`Naming::open_telemetry`], calls follow its RPC conventions.
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
    /// would reject, that are used twice or that clash, labels without values, more than 128 combinations of declared
    /// label values or 10,000 with learned ones, a zero status that is no status code, a URL scheme other than `http` and
    /// `https`, and the naming of a client.
    pub fn build(mut self) -> Result<HttpMetricsLayer<R>, Error> {
        self.config.add_convention();
        let problems = self.config.problems(Side::Server);
        Error::combine(problems.into_iter().map(Error::invalid))?;
        Ok(HttpMetricsLayer::from_config(self.config, self.mode))
    }
}
