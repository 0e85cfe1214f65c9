//! `Naming`: the names of the families and of their labels.

use std::borrow::Cow;

use super::grpc::GrpcNaming;
use crate::catalog::{self, Family, check_label_name, check_name};

pub(crate) type Name = Cow<'static, str>;

/// The label of [`ClientMetricsLayer`](super::ClientMetricsLayer) that names the called service.
pub(crate) const SERVICE_LABEL: &str = "service";

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

/// The metric and label names of [`HttpMetricsLayer`](super::HttpMetricsLayer): a convention, or names of your own.
///
/// Defaults to [`Naming::prometheus`]. Start from a convention and rename what should differ. The names are checked
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
    pub(crate) method: Name,
    pub(crate) endpoint: Name,
    pub(crate) status: Name,
    pub(crate) reason: Name,
    pub(crate) status_on_duration: bool,
    pub(crate) grpc: GrpcNaming,
}

impl Naming {
    /// `http_requests_total`, `http_request_duration_seconds`, `http_requests_in_progress`,
    /// `http_requests_aborted_total`, and for bodies `http_request_body_size_bytes`, `http_response_body_size_bytes`,
    /// with the labels `method`, `endpoint`, `status`, `reason`. The default.
    pub const fn prometheus() -> Self {
        Self {
            requests: Some(Named::new(&catalog::HTTP_REQUESTS)),
            duration: Named::new(&catalog::HTTP_REQUEST_DURATION),
            in_progress: Some(Named::new(&catalog::HTTP_REQUESTS_IN_PROGRESS)),
            aborted: Some(Named::new(&catalog::HTTP_REQUESTS_ABORTED)),
            request_body_size: Named::new(&catalog::HTTP_REQUEST_BODY_SIZE),
            response_body_size: Named::new(&catalog::HTTP_RESPONSE_BODY_SIZE),
            method: Cow::Borrowed("method"),
            endpoint: Cow::Borrowed("endpoint"),
            status: Cow::Borrowed("status"),
            reason: Cow::Borrowed("reason"),
            status_on_duration: false,
            grpc: GrpcNaming::Requests(Cow::Borrowed("grpc_status")),
        }
    }

    /// OpenTelemetry's semantic conventions for HTTP server metrics (stable since 1.23), as Prometheus spells them:
    /// `http_server_request_duration_seconds` with `http_request_method`, `http_route` and
    /// `http_response_status_code`, `http_server_active_requests`, and for bodies
    /// `http_server_request_body_size_bytes`, `http_server_response_body_size_bytes`.
    ///
    /// The convention has no counter of requests. The duration carries the status, so its `_count` serves as one.
    /// Requests that ended early are counted in `http_server_requests_aborted_total` with `error_type`.
    pub const fn open_telemetry() -> Self {
        Self {
            requests: None,
            duration: Named::new(&catalog::OTEL_REQUEST_DURATION),
            in_progress: Some(Named::new(&catalog::OTEL_ACTIVE_REQUESTS)),
            aborted: Some(Named::new(&catalog::OTEL_REQUESTS_ABORTED)),
            request_body_size: Named::new(&catalog::OTEL_REQUEST_BODY_SIZE),
            response_body_size: Named::new(&catalog::OTEL_RESPONSE_BODY_SIZE),
            method: Cow::Borrowed("http_request_method"),
            endpoint: Cow::Borrowed("http_route"),
            status: Cow::Borrowed("http_response_status_code"),
            reason: Cow::Borrowed("error_type"),
            status_on_duration: true,
            grpc: GrpcNaming::Rpc(Cow::Borrowed("rpc_response_status_code")),
        }
    }

    /// The names of [`ClientMetricsLayer`](super::ClientMetricsLayer), which has no gauge and no counter of aborts.
    pub(crate) fn external_api() -> Self {
        Self {
            requests: Some(Named::new(&catalog::EXTERNAL_API_REQUESTS)),
            duration: Named::new(&catalog::EXTERNAL_API_DURATION),
            in_progress: None,
            aborted: None,
            ..Self::prometheus()
        }
    }

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

    /// Names the label for the request's method.
    pub fn method_label(mut self, name: impl Into<Name>) -> Self {
        self.method = name.into();
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

    /// Names the label for the status of gRPC calls (`grpc_status`, or `rpc_response_status_code` in OpenTelemetry's
    /// convention 1.44, which 1.45 calls `rpc_status_code`). Only layers with
    /// [`grpc`](super::HttpMetricsBuilder::grpc) have it.
    pub fn grpc_status_label(mut self, name: impl Into<Name>) -> Self {
        self.grpc.set_status(name.into());
        self
    }

    /// Names the label for the reason why a request ended early.
    pub fn reason_label(mut self, name: impl Into<Name>) -> Self {
        self.reason = name.into();
        self
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

    /// All mistakes in these names and in the names of `extra` labels beside them.
    pub(crate) fn problems<'a>(&'a self, extra: impl Iterator<Item = &'a Name>) -> Vec<String> {
        let families: Vec<_> = self.families().collect();
        let metrics: Vec<_> = families.iter().map(|named| &named.name).collect();
        let own = [&self.method, &self.endpoint, &self.status, &self.reason];
        let extra: Vec<_> = extra.collect();
        let labels: Vec<_> = own.into_iter().chain(extra.iter().copied()).collect();
        let taken = extra.iter().filter(|name| own.contains(name)).map(|name| {
            format!("label name {name:?} is a label of the layer itself: choose another")
        });
        let metric_names = metrics.iter().map(|name| check_name("metric name", name));
        let label_names = labels.iter().map(|name| check_label_name(name));
        metric_names
            .chain(label_names)
            .filter_map(|checked| Some(checked.err()?.to_string()))
            .chain(repeated("metric", &metrics))
            .chain(repeated("label", &own))
            .chain(repeated("label", &extra))
            .chain(taken)
            .chain(clashes(&families))
            .collect()
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self::prometheus()
    }
}

fn repeated(what: &str, names: &[&Name]) -> impl Iterator<Item = String> {
    names
        .iter()
        .enumerate()
        .filter(|(index, name)| names[..*index].contains(name))
        .map(move |(_, name)| {
            format!("{what} name {name:?} is used twice: each name must be unique")
        })
}

/// Two families must not share a name in the exposition, where a histogram also has its `_count`, and a name of the
/// catalogue must keep its kind.
fn clashes(families: &[&Named]) -> impl Iterator<Item = String> {
    families.iter().enumerate().filter_map(|(index, named)| {
        let (name, kind) = (&named.name, named.family.kind);
        let before = &families[..index];
        if before.iter().any(|other| other.name == *name) {
            return None;
        }
        let names = catalog::reserved_names(name, kind);
        let own = before.iter().find(|other| {
            let others = catalog::reserved_names(&other.name, other.family.kind);
            others.iter().any(|name| names.contains(name))
        });
        let own = own.map(|other| (other.family.kind, &*other.name));
        let mut catalogued = catalog::FAMILIES.iter();
        let catalogued = catalogued.find(|family| family.name == *name && family.kind != kind);
        let catalogued = catalogued.map(|family| (family.kind, family.name));
        let (other_kind, other) = own.or(catalogued)?;
        Some(format!(
            "{} {name:?} clashes with {} {other:?}: they would share a name in the exposition",
            kind.as_str(),
            other_kind.as_str()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(naming: &Naming) -> Vec<String> {
        naming.problems([].into_iter())
    }

    #[test]
    fn both_conventions_pass_their_own_check() {
        assert_eq!(problems(&Naming::prometheus()), [""; 0]);
        assert_eq!(problems(&Naming::open_telemetry()), [""; 0]);
    }

    #[test]
    fn all_wrong_names_are_reported_with_the_allowed_ones() {
        let labels = ["", "le", "__name__", "http-method", "größe"].map(Name::from);
        let naming = Naming::prometheus().duration("9lives");
        let problems = naming.problems(labels.iter());
        assert!(
            problems[0].contains("\"9lives\"")
                && problems[0].contains("letters, digits and underscores"),
            "{problems:?}"
        );
        assert_eq!(problems.len(), 6, "{problems:?}");
        for (label, problem) in labels.iter().zip(&problems[1..]) {
            assert!(problem.contains(&format!("{label:?}")), "{problem}");
        }
    }

    #[test]
    fn an_extra_label_has_a_name_of_its_own() {
        let labels = ["status", "tier", "tier"].map(Name::from);
        assert_eq!(
            Naming::prometheus().problems(labels.iter()),
            [
                "label name \"tier\" is used twice: each name must be unique",
                "label name \"status\" is a label of the layer itself: choose another"
            ]
        );
    }

    #[test]
    fn each_clash_is_refused_once() {
        let count = "http_server_request_duration_seconds_count";
        for (naming, words) in [
            (
                Naming::open_telemetry().requests(count),
                "clashes with counter \"http_server_request_duration_seconds_count\"",
            ),
            (
                Naming::prometheus().duration("db_connections_active"),
                "clashes with gauge \"db_connections_active\"",
            ),
            (
                Naming::prometheus().duration("http_requests_total"),
                "\"http_requests_total\" is used twice",
            ),
            (
                Naming::prometheus().method_label("endpoint"),
                "\"endpoint\" is used twice",
            ),
        ] {
            let problems = problems(&naming);
            assert!(
                problems.len() == 1 && problems[0].contains(words),
                "{problems:?}"
            );
        }
    }
}
