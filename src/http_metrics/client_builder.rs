//! `ClientMetricsBuilder`: the settings of a client's layer.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use super::client::{ClientMetricsLayer, default_config};
use super::config::{Config, Protocol};
use super::duration_status::DurationStatus;
use super::extra_label::ExtraLabel;
use super::known_labels;
use super::naming::Naming;
use super::outcome::Side;
use crate::error::Error;

/// Configures a [`ClientMetricsLayer`]. Made by [`ClientMetricsLayer::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientMetricsBuilder {
    config: Config,
}

impl ClientMetricsLayer {
    /// Starts to configure a layer for calls to `service`.
    ///
    /// ```
    /// use tower_vitals::ClientMetricsLayer;
    ///
    /// let layer = ClientMetricsLayer::builder("stripe")
    ///     .endpoint(|parts| match parts.uri.path() {
    ///         path if path.starts_with("/v1/charges") => Some("/v1/charges"),
    ///         _ => None,
    ///     })
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn builder(service: impl Into<Cow<'static, str>>) -> ClientMetricsBuilder {
        ClientMetricsBuilder {
            config: default_config(service.into()),
        }
    }
}

impl ClientMetricsBuilder {
    /// Names metrics and labels. Defaults to [`Naming::external_api`].
    ///
    /// ```
    /// use tower_vitals::{ClientMetricsLayer, http_metrics::Naming};
    ///
    /// let layer = ClientMetricsLayer::builder("stripe")
    ///     .naming(Naming::open_telemetry_client())
    ///     .build()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn naming(mut self, naming: Naming) -> Self {
        self.config.naming = naming;
        self
    }

    /// Names a request's endpoint. Defaults to `unmatched`.
    pub fn endpoint<T: Into<Cow<'static, str>>>(
        mut self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.config.set_endpoint(endpoint);
        self
    }

    /// Adds the endpoint to the duration, which has only the service by default.
    pub fn endpoint_on_duration(mut self) -> Self {
        self.config.endpoint_on_duration = true;
        self
    }

    layer_setters!(
        "tower_vitals::ClientMetricsLayer",
        "ClientMetricsLayer::builder(\"stripe\")"
    );

    /// Lets the counter of requests begin at zero for these statuses, at the first request of each endpoint, because
    /// Prometheus' `increase` does not see a counter that begins at one. Defaults to 500. Errors and timeouts begin at
    /// zero, too, unless the list is empty.
    pub fn zero_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.config.zero_statuses = statuses.into_iter().collect();
        self
    }

    /// Adds `network_protocol_version` of the response (`1.0`, `1.1`, `2`, `3`) to the counter of requests and to the
    /// duration, as OpenTelemetry's convention recommends. Defaults to off.
    pub fn network_protocol_version(mut self) -> Self {
        let label = known_labels::response_version();
        self.config.response_labels.add(label);
        self
    }

    /// Records gRPC calls by method and status, for tonic's channels. Defaults to off.
    ///
    /// Calls have the further label `grpc_status`, as described at
    /// [`HttpMetricsBuilder::grpc`](super::HttpMetricsBuilder::grpc). A call without an answer is `DEADLINE_EXCEEDED` after
    /// a timeout, `CANCELLED` if it was dropped, and else `UNAVAILABLE`. `endpoint` is `/pkg.Service/Method`, or
    /// `unmatched` if the server answers `UNIMPLEMENTED`. [`Naming::open_telemetry_client`] names calls by its RPC
    /// conventions.
    ///
    /// ```
    /// use tonic::transport::Endpoint;
    /// use tower::Layer;
    /// use tower_vitals::ClientMetricsLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// let channel = Endpoint::from_static("http://127.0.0.1:50051").connect_lazy();
    /// let channel = ClientMetricsLayer::builder("carts").grpc().build()?.layer(channel);
    /// // let carts = CartsClient::new(channel);
    /// # Ok(()) }
    /// ```
    pub fn grpc(mut self) -> Self {
        self.config.protocol = Protocol::Both;
        self
    }

    /// Registers handles again after this time. Defaults to never; see
    /// [`HttpMetricsBuilder::reregister_after`](super::HttpMetricsBuilder::reregister_after).
    pub fn reregister_after(mut self, after: Duration) -> Self {
        self.config.reregister_after = Some(after);
        self
    }

    recorder_setter!(config.recorder);

    /// Builds the layer.
    ///
    /// # Errors
    ///
    /// Returns all mistakes in one [`InvalidConfig`](crate::ErrorKind::InvalidConfig) error: those of
    /// [`HttpMetricsBuilder::build`](super::HttpMetricsBuilder::build), and the naming of a server.
    pub fn build(mut self) -> Result<ClientMetricsLayer, Error> {
        self.config.add_convention();
        let problems = self.config.problems(Side::Client);
        Error::combine(problems.into_iter().map(Error::invalid))?;
        Ok(ClientMetricsLayer::from_config(self.config))
    }
}
