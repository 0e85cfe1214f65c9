//! `HttpMetricsLayer`: the builder is the configuration.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use metrics::Recorder;
use tower_layer::Layer;

use super::config::Config;
use super::labels::ExtraLabel;
use super::naming::Naming;
use super::outcome::Side;
use super::service::HttpMetrics;
use super::shared::Shared;
use crate::catalog;
use crate::error::Error;

/// Combinations of extra label values that one layer may declare: each multiplies the series of every endpoint.
const MAX_COMBINATIONS: usize = 128;

/// Where a request's duration ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Until {
    /// At the end of the response's body (or its error, or its drop). The default: it is what the client waits for, but
    /// for what the server has taken and not sent yet.
    #[default]
    End,
    /// At the response's head, as OpenTelemetry's instrumentations often measure. The request still counts as in
    /// flight, and can still be aborted, to the end of the body.
    Head,
}

/// Marker of a layer that hands request bodies on as they are; the default.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct PassThrough;

/// Marker of a layer that wraps request bodies to measure them; see [`HttpMetricsLayer::request_body_size`].
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CountRequestBody;

/// A [`tower::Layer`](tower_layer::Layer) that measures every HTTP request through the `metrics` facade.
///
/// It goes around any `Service<http::Request<B>, Response = http::Response<C>>`, with axum or without, and changes
/// nothing but the response body's type. Making it has no effect: handles are registered at their first use, so it may
/// be built before or after a recorder is installed, and requests that come while there is none go by unmeasured.
/// Handles belong to the recorder that was current at their first use.
///
/// Recorded, under the names of [`Naming::prometheus`] unless told otherwise:
///
/// | metric | when |
/// |---|---|
/// | `http_requests_total{method, endpoint, status}` | once per request, whatever ended it |
/// | `http_request_duration_seconds{method, endpoint}` | at the same moment, in seconds |
/// | `http_requests_in_progress{method, endpoint}` | from the request's arrival to the end of its response's body |
/// | `http_requests_aborted_total{method, endpoint, reason}` | beside the first, when the request ended early |
///
/// `reason` is `cancelled` (dropped before the head, by a timeout or because the client left; status 499), `panic` and
/// `service_error` (status 500 unless the head was out), `body_error` or `body_dropped` (status as sent). `method` is one
/// of the nine standard ones or `_OTHER`; `endpoint` is axum's `MatchedPath`, or `unmatched`.
///
/// A request is seen from its `call` on: what waits for the services below to be ready, as tower's limits let it, is in no
/// duration and no count.
///
/// In axum merge routers first and add the layer last, by `Router::layer`: that is where `MatchedPath` is known.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_vitals::HttpMetricsLayer;
///
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "user" }))
///     .layer(HttpMetricsLayer::new());
/// ```
#[must_use]
pub struct HttpMetricsLayer<R = PassThrough> {
    shared: Arc<Shared>,
    mode: R,
}

impl HttpMetricsLayer {
    /// A layer with every default.
    pub fn new() -> Self {
        Self {
            shared: Shared::new(Config::new(Side::Server, Naming::prometheus())),
            mode: PassThrough,
        }
    }

    /// Measures request bodies too: `http_request_body_size_bytes`, one observation per request, of the bytes read,
    /// when its body is dropped. Defaults to off, for it hands the inner service a [`RequestBody<B>`](super::RequestBody)
    /// in place of `B`; axum's routers take any body.
    pub fn request_body_size(self) -> HttpMetricsLayer<CountRequestBody> {
        HttpMetricsLayer {
            shared: self.shared,
            mode: CountRequestBody,
        }
    }
}

impl<R> HttpMetricsLayer<R> {
    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.shared.config().clone();
        change(&mut config);
        self.shared = Shared::new(config);
        self
    }

    /// Names metrics and labels. Defaults to [`Naming::prometheus`].
    ///
    /// # Errors
    ///
    /// A name that Prometheus would refuse, or one given twice, the extra labels' names among them.
    pub fn naming(self, naming: Naming) -> Result<Self, Error> {
        naming.check()?;
        for label in &self.shared.config().extra {
            check_extra(&label.name, &naming, &[])?;
        }
        Ok(self.with(|config| config.naming = naming))
    }

    /// Where the duration ends. Defaults to [`Until::End`].
    pub fn duration_until(self, until: Until) -> Self {
        self.with(|config| config.until = until)
    }

    /// Measures response bodies too: `http_response_body_size_bytes`, one observation per response, of the bytes sent,
    /// at its end. Defaults to off.
    pub fn response_body_size(self) -> Self {
        self.with(|config| config.response_body_size = true)
    }

    /// How many endpoints are told apart; those that come later are counted under `other`. Defaults to 1000.
    ///
    /// `unmatched` and `other` themselves do not count.
    pub fn max_endpoints(self, max: usize) -> Self {
        self.with(|config| config.max_endpoints = max)
    }

    /// Names a request's endpoint, for services without axum's `MatchedPath`. Defaults to none; where the function
    /// returns `None`, `MatchedPath` is read as without it.
    ///
    /// Return the route's template, not its path: each distinct value is a set of series, up to
    /// [`max_endpoints`](Self::max_endpoints). A `&'static str` costs no allocation and no lock.
    ///
    /// ```
    /// use tower_vitals::HttpMetricsLayer;
    ///
    /// let layer = HttpMetricsLayer::new().endpoint(|parts| match parts.uri.path() {
    ///     "/" => Some("/"),
    ///     path if path.starts_with("/users/") => Some("/users/{id}"),
    ///     _ => None,
    /// });
    /// ```
    pub fn endpoint<T: Into<Cow<'static, str>>>(
        self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.set_endpoint(endpoint))
    }

    /// Adds a label to every family of this layer, with the values it can read. What `pick` returns beyond them, and
    /// `None`, is counted under `other`.
    ///
    /// ```
    /// use tower_vitals::HttpMetricsLayer;
    ///
    /// let layer = HttpMetricsLayer::new().label("tier", ["free", "paid"], |parts| {
    ///     parts.headers.get("x-tier")?.to_str().ok()
    /// })?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name that Prometheus would refuse or that is taken; no values; or, over all extra labels, more than 128
    /// combinations of values.
    pub fn label<V: Into<Cow<'static, str>>>(
        self,
        name: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
        pick: impl Fn(&Parts) -> Option<&str> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let name = name.into();
        let values: Vec<_> = values.into_iter().map(Into::into).collect();
        let config = self.shared.config();
        check_extra(&name, &config.naming, &config.extra)?;
        if values.is_empty() {
            return Err(Error::invalid(format!(
                "label {name:?} has no values: declare those it can read, at least one"
            )));
        }
        let label = ExtraLabel::new(name, values, pick);
        let combinations = config.combinations().saturating_mul(label.len());
        if combinations > MAX_COMBINATIONS {
            return Err(Error::invalid(format!(
                "label {:?} makes {combinations} combinations of extra label values (each label's \"other\" included): \
                 at most {MAX_COMBINATIONS} are allowed, for each multiplies the series of every endpoint",
                label.name
            )));
        }
        Ok(self.with(|config| config.extra.push(label)))
    }

    /// Leaves requests out altogether, the gauge included: those for which `skip` returns true. Defaults to none.
    ///
    /// A handler can decide later, by putting [`SkipMetrics`](super::SkipMetrics) into its response.
    pub fn skip(self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.skip = Some(Arc::new(skip)))
    }

    /// Registers handles again once they are this old. Defaults to never.
    ///
    /// For recorders that drop series nobody wrote to for a while: what is then written to a cached handle is lost. Give
    /// at most the recorder's idle timeout, and nothing is. A request that was in flight when its gauge was dropped lowers
    /// the dropped gauge, so the new one does not go below zero.
    pub fn reregister_after(self, after: Duration) -> Self {
        self.with(|config| config.reregister_after = Some(after))
    }

    /// Records to this recorder. Defaults to the facade's: the global one.
    ///
    /// For tests, and for several recorders in one process. A local recorder of the facade
    /// ([`metrics::with_local_recorder`]) does in its place only if it is current wherever a request is called, polled and
    /// dropped.
    pub fn recorder(self, recorder: impl Recorder + Send + Sync + 'static) -> Self {
        self.with(|config| config.set_recorder(recorder))
    }
}

fn check_extra(name: &str, naming: &Naming, extra: &[ExtraLabel]) -> Result<(), Error> {
    catalog::check_label_name(name)?;
    let mut taken = naming
        .labels()
        .into_iter()
        .chain(extra.iter().map(|label| &label.name));
    if taken.any(|taken| taken == name) {
        return Err(Error::invalid(format!(
            "label name {name:?} is given twice: each must be a name of its own"
        )));
    }
    Ok(())
}

impl Default for HttpMetricsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Clone> Clone for HttpMetricsLayer<R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            mode: self.mode.clone(),
        }
    }
}

impl<R> fmt::Debug for HttpMetricsLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpMetricsLayer")
            .field(self.shared.config())
            .finish()
    }
}

impl<S, R: Clone> Layer<S> for HttpMetricsLayer<R> {
    type Service = HttpMetrics<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpMetrics::new(inner, Arc::clone(&self.shared), self.mode.clone())
    }
}
