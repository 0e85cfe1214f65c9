//! `Naming`: the names of the families and of their labels.

use std::borrow::Cow;

use super::duration_status::DurationStatus;
use super::grpc::GrpcNaming;
use super::outcome::Side;
use crate::catalog::{self, Family};

pub(crate) type Name = Cow<'static, str>;

/// A family and the name that a naming gives it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) name: Name,
    pub(crate) family: &'static Family,
}

impl Named {
    pub(crate) const fn new(family: &'static Family) -> Self {
        Self {
            name: Cow::Borrowed(family.name),
            family,
        }
    }

    fn rename(&mut self, name: impl Into<Name>) {
        self.name = name.into();
    }
}

/// The metric and label names of a layer: a convention, or names of your own.
///
/// A server's layer defaults to [`Naming::prometheus`], and a client's to [`Naming::external_api`]. Start from a convention and rename what should differ. The names are checked
/// when the layer is [built](super::HttpMetricsBuilder::build).
///
/// ```
/// use tower_vitals::{HttpMetricsLayer, http_metrics::Naming};
///
/// let shop = Naming::prometheus()
///     .requests("shop_requests_total")
///     .duration("shop_request_duration_seconds")
///     .endpoint_label("route");
/// let layer = HttpMetricsLayer::builder().naming(shop).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// A renamed histogram has the exporter's default buckets: those of a size if its name ends in `_bytes`, else those of
/// a duration. `Prometheus::builder().buckets(..)` sets others.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Naming {
    /// `None` in a convention that counts requests by the duration's `_count`.
    pub(crate) requests: Option<Named>,
    pub(crate) duration: Named,
    pub(crate) in_progress: Option<Named>,
    pub(crate) aborted: Option<Named>,
    pub(crate) request_body_size: Named,
    pub(crate) response_body_size: Named,
    /// `None` in a convention without the label.
    pub(crate) service: Option<Name>,
    /// `None` in a convention without the label.
    pub(crate) method: Option<Name>,
    pub(crate) endpoint: Name,
    pub(crate) status: Name,
    pub(crate) reason: Name,
    pub(crate) convention: Convention,
    pub(crate) grpc: GrpcNaming,
}

/// What a convention records, beside its names.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each convention is one row of a table"
)]
pub(crate) struct Convention {
    pub(crate) side: Side,
    pub(crate) duration_status: DurationStatus,
    pub(crate) has_endpoint_on_duration: bool,
    pub(crate) has_endpoint_on_gauge: bool,
    /// Whether a request that no route matched has an endpoint.
    pub(crate) names_unmatched: bool,
    /// Whether failed requests have the reason as a label, and requests without a response no status.
    pub(crate) has_error_type: bool,
    pub(crate) has_url_scheme: bool,
    /// Whether calls have the address of the server.
    pub(crate) has_server_address: bool,
}

impl Naming {
    /// Names the counter of requests. Adds the counter to a convention without one.
    pub fn requests(mut self, name: impl Into<Name>) -> Self {
        self.requests
            .get_or_insert(Named::new(&catalog::HTTP_REQUESTS))
            .rename(name);
        self
    }

    /// Names the duration histogram.
    pub fn duration(mut self, name: impl Into<Name>) -> Self {
        self.duration.rename(name);
        self
    }

    /// Names the gauge of requests in progress.
    pub fn in_progress(mut self, name: impl Into<Name>) -> Self {
        self.in_progress
            .get_or_insert(Named::new(&catalog::HTTP_REQUESTS_IN_PROGRESS))
            .rename(name);
        self
    }

    /// Names the counter of requests that ended early.
    pub fn aborted(mut self, name: impl Into<Name>) -> Self {
        self.aborted
            .get_or_insert(Named::new(&catalog::HTTP_REQUESTS_ABORTED))
            .rename(name);
        self
    }

    /// Names the histogram of request body sizes.
    pub fn request_body_size(mut self, name: impl Into<Name>) -> Self {
        self.request_body_size.rename(name);
        self
    }

    /// Names the histogram of response body sizes.
    pub fn response_body_size(mut self, name: impl Into<Name>) -> Self {
        self.response_body_size.rename(name);
        self
    }

    /// Names the label for the request's method. Adds the label to a convention without one.
    pub fn method_label(mut self, name: impl Into<Name>) -> Self {
        self.method = Some(name.into());
        self
    }

    /// Names the label for the endpoint.
    pub fn endpoint_label(mut self, name: impl Into<Name>) -> Self {
        self.endpoint = name.into();
        self
    }

    /// Names the label for the response's status.
    pub fn status_label(mut self, name: impl Into<Name>) -> Self {
        self.status = name.into();
        self
    }

    /// Names the label for the status of gRPC calls: `grpc_status`, or `rpc_response_status_code` in OpenTelemetry's
    /// conventions (in 1.45: `rpc_status_code`). Only layers with [`grpc`](super::HttpMetricsBuilder::grpc) have it.
    pub fn grpc_status_label(mut self, name: impl Into<Name>) -> Self {
        self.grpc.set_status(name.into());
        self
    }

    /// Names the label for the reason why a request ended early.
    pub fn reason_label(mut self, name: impl Into<Name>) -> Self {
        self.reason = name.into();
        self
    }

    #[cfg(feature = "alerts")]
    pub(crate) fn is_of_clients(&self) -> bool {
        self.convention.side == Side::Client
    }

    #[cfg(any(feature = "alerts", feature = "dashboard"))]
    pub(crate) fn has_error_type(&self) -> bool {
        self.convention.has_error_type
    }

    pub(crate) fn families(&self) -> impl Iterator<Item = &Named> {
        [&self.requests, &self.in_progress, &self.aborted]
            .into_iter()
            .flatten()
            .chain([
                &self.duration,
                &self.request_body_size,
                &self.response_body_size,
            ])
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self::prometheus()
    }
}
