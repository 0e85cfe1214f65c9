//! What the families and their labels are called.

use std::borrow::Cow;

use crate::catalog::{self, Family, check_label_name, check_metric_name};
use crate::error::Error;

type Name = Cow<'static, str>;

/// A family under the name that a naming gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) name: Name,
    pub(crate) family: &'static Family,
}

impl Named {
    const fn of(family: &'static Family) -> Self {
        Self {
            name: Cow::Borrowed(family.name),
            family,
        }
    }

    fn renamed(&mut self, name: impl Into<Name>) {
        self.name = name.into();
    }
}

/// Metric and label names of [`HttpMetricsLayer`](super::HttpMetricsLayer): a convention, or one's own.
///
/// Defaults to [`Naming::prometheus`]. Start from a convention and rename what should differ; the layer's
/// [`naming`](super::HttpMetricsLayer::naming) checks the names.
///
/// ```
/// use tower_vitals::{HttpMetricsLayer, http_metrics::Naming};
///
/// let shop = Naming::prometheus()
///     .requests("shop_requests_total")
///     .duration("shop_request_duration_seconds")
///     .endpoint_label("route");
/// let layer = HttpMetricsLayer::new().naming(shop)?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
///
/// A histogram of one's own name gets the exporter's default buckets, those of a duration, or those of a size when the
/// name ends in `_bytes`; set others by `Prometheus::builder().buckets(..)`.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Naming {
    /// `None` where the duration's own count stands for it.
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
}

impl Naming {
    /// `http_requests_total`, `http_request_duration_seconds`, `http_requests_in_progress`,
    /// `http_requests_aborted_total`, and for bodies `http_request_body_size_bytes`, `http_response_body_size_bytes`;
    /// labels `method`, `endpoint`, `status`, `reason`. The default.
    pub const fn prometheus() -> Self {
        Self {
            requests: Some(Named::of(&catalog::HTTP_REQUESTS)),
            duration: Named::of(&catalog::HTTP_REQUEST_DURATION),
            in_progress: Some(Named::of(&catalog::HTTP_REQUESTS_IN_PROGRESS)),
            aborted: Some(Named::of(&catalog::HTTP_REQUESTS_ABORTED)),
            request_body_size: Named::of(&catalog::HTTP_REQUEST_BODY_SIZE),
            response_body_size: Named::of(&catalog::HTTP_RESPONSE_BODY_SIZE),
            method: Cow::Borrowed("method"),
            endpoint: Cow::Borrowed("endpoint"),
            status: Cow::Borrowed("status"),
            reason: Cow::Borrowed("reason"),
            status_on_duration: false,
        }
    }

    /// OpenTelemetry's semantic conventions for HTTP server metrics (stable since 1.23), as Prometheus spells them:
    /// `http_server_request_duration_seconds` with `http_request_method`, `http_route` and
    /// `http_response_status_code`, `http_server_active_requests`, and for bodies
    /// `http_server_request_body_size_bytes`, `http_server_response_body_size_bytes`.
    ///
    /// The convention has no counter of requests: the duration carries the status, and its `_count` is that counter.
    /// Requests that ended early are counted in `http_server_requests_aborted_total` with `error_type`.
    pub const fn open_telemetry() -> Self {
        Self {
            requests: None,
            duration: Named::of(&catalog::OTEL_REQUEST_DURATION),
            in_progress: Some(Named::of(&catalog::OTEL_ACTIVE_REQUESTS)),
            aborted: Some(Named::of(&catalog::OTEL_REQUESTS_ABORTED)),
            request_body_size: Named::of(&catalog::OTEL_REQUEST_BODY_SIZE),
            response_body_size: Named::of(&catalog::OTEL_RESPONSE_BODY_SIZE),
            method: Cow::Borrowed("http_request_method"),
            endpoint: Cow::Borrowed("http_route"),
            status: Cow::Borrowed("http_response_status_code"),
            reason: Cow::Borrowed("error_type"),
            status_on_duration: true,
        }
    }

    /// What [`ClientMetricsLayer`](super::ClientMetricsLayer) records: no gauge, no reasons, no method.
    pub(crate) fn external_api() -> Self {
        Self {
            requests: Some(Named::of(&catalog::EXTERNAL_API_REQUESTS)),
            duration: Named::of(&catalog::EXTERNAL_API_DURATION),
            in_progress: None,
            aborted: None,
            ..Self::prometheus()
        }
    }

    /// Names the counter of requests; a convention without one gains it.
    pub fn requests(mut self, name: impl Into<Name>) -> Self {
        self.requests
            .get_or_insert(Named::of(&catalog::HTTP_REQUESTS))
            .renamed(name);
        self
    }

    /// Names the duration histogram.
    pub fn duration(mut self, name: impl Into<Name>) -> Self {
        self.duration.renamed(name);
        self
    }

    /// Names the gauge of requests in flight.
    pub fn in_progress(mut self, name: impl Into<Name>) -> Self {
        self.in_progress
            .get_or_insert(Named::of(&catalog::HTTP_REQUESTS_IN_PROGRESS))
            .renamed(name);
        self
    }

    /// Names the counter of requests that ended early.
    pub fn aborted(mut self, name: impl Into<Name>) -> Self {
        self.aborted
            .get_or_insert(Named::of(&catalog::HTTP_REQUESTS_ABORTED))
            .renamed(name);
        self
    }

    /// Names the histogram of request body sizes.
    pub fn request_body_size(mut self, name: impl Into<Name>) -> Self {
        self.request_body_size.renamed(name);
        self
    }

    /// Names the histogram of response body sizes.
    pub fn response_body_size(mut self, name: impl Into<Name>) -> Self {
        self.response_body_size.renamed(name);
        self
    }

    /// Names the label of the request's method.
    pub fn method_label(mut self, name: impl Into<Name>) -> Self {
        self.method = name.into();
        self
    }

    /// Names the label of the endpoint.
    pub fn endpoint_label(mut self, name: impl Into<Name>) -> Self {
        self.endpoint = name.into();
        self
    }

    /// Names the label of the response's status.
    pub fn status_label(mut self, name: impl Into<Name>) -> Self {
        self.status = name.into();
        self
    }

    /// Names the label of the reason for which a request ended early.
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

    pub(crate) fn labels(&self) -> [&Name; 4] {
        [&self.method, &self.endpoint, &self.status, &self.reason]
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let names: Vec<_> = self.families().map(|named| &named.name).collect();
        for name in &names {
            check_metric_name(name)?;
        }
        let labels = self.labels();
        for label in labels {
            check_label_name(label)?;
        }
        check_distinct("metric", &names)?;
        check_distinct("label", &labels)?;
        check_clashes(&self.families().collect::<Vec<_>>())
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self::prometheus()
    }
}

fn check_distinct(what: &str, names: &[&Name]) -> Result<(), Error> {
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            return Err(Error::invalid(format!(
                "{what} name {name:?} is given twice: each must be a name of its own"
            )));
        }
    }
    Ok(())
}

/// Two of them must not take one name in the exposition (a histogram has its `_count`), nor one of the catalogue's be of
/// two kinds.
fn check_clashes(families: &[&Named]) -> Result<(), Error> {
    let taken = |named: &Named| catalog::reserved_names(&named.name, named.family.kind);
    for (place, named) in families.iter().enumerate() {
        let (name, kind) = (&named.name, named.family.kind);
        let names = taken(named);
        let clashes = |other: &&&Named| taken(other).iter().any(|name| names.contains(name));
        let of_two = |family: &&Family| family.name == *name && family.kind != kind;
        let own = families[..place].iter().find(clashes);
        let own = own.map(|other| (other.family.kind, &*other.name));
        let catalogued = catalog::FAMILIES.iter().find(of_two);
        let catalogued = catalogued.map(|family| (family.kind, family.name));
        if let Some((other_kind, other)) = own.or(catalogued) {
            return Err(Error::invalid(format!(
                "the {} {name:?} clashes with the {} {other:?}: they would share a name in what Prometheus reads",
                kind.as_str(),
                other_kind.as_str()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_conventions_pass_their_own_check() {
        assert!(Naming::prometheus().check().is_ok());
        assert!(Naming::open_telemetry().check().is_ok());
    }

    #[test]
    fn a_wrong_name_is_named_with_what_is_allowed() {
        let refused = |naming: Naming| naming.check().unwrap_err().to_string();
        let metric = refused(Naming::prometheus().duration("9lives"));
        assert!(
            metric.contains("\"9lives\"") && metric.contains("letters, digits and underscores"),
            "{metric}"
        );
        for label in ["", "le", "__name__", "http-method", "größe"] {
            let message = refused(Naming::prometheus().method_label(label));
            assert!(message.contains(&format!("{label:?}")), "{message}");
        }
    }

    #[test]
    fn names_that_meet_in_the_exposition_are_refused() {
        let duration = "http_server_request_duration_seconds";
        for (naming, words) in [
            (
                Naming::open_telemetry().requests(format!("{duration}_count")),
                "clashes with the counter \"http_server_request_duration_seconds_count\"",
            ),
            (
                Naming::prometheus().duration("db_connections_active"),
                "clashes with the gauge \"db_connections_active\"",
            ),
        ] {
            let message = match naming.check() {
                Err(error) => error.to_string(),
                Ok(()) => "nothing".to_owned(),
            };
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn the_same_name_twice_is_refused() {
        let naming = Naming::prometheus().duration("http_requests_total");
        let message = naming.check().unwrap_err().to_string();
        assert!(
            message.contains("\"http_requests_total\" is given twice"),
            "{message}"
        );
        assert!(
            Naming::prometheus()
                .method_label("endpoint")
                .check()
                .is_err()
        );
    }
}
