//! `HttpMetricsLayer`: the builder is the configuration.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Once, PoisonError, RwLock};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use metrics::{Label, Recorder};
use tower_layer::Layer;

use super::handles::Cache;
use super::labels::{EndpointName, ExtraLabel, METHODS, method_index};
use super::naming::Naming;
use super::record::{Outcome, Pending, Series, Side};
use super::service::HttpMetrics;
use crate::catalog;
use crate::error::Error;
use crate::measure::{self, Guard, Instant};

/// Combinations of extra label values that one layer may declare: each multiplies the series of every endpoint.
const MAX_COMBINATIONS: usize = 128;

/// Where a request's duration ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Until {
    /// At the end of the response's body (or its error, or its drop). The default: it is what the client waits for.
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

type EndpointFn = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;
type SkipFn = dyn Fn(&Parts) -> bool + Send + Sync;

/// What a layer was told; services made by it share it.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) side: Side,
    pub(crate) naming: Naming,
    /// The outbound layer's `service` label.
    pub(crate) service: Option<Cow<'static, str>>,
    pub(crate) until: Until,
    pub(crate) response_body_size: bool,
    pub(crate) reregister_after: Option<Duration>,
    /// Whether any of the user's functions is to be called with a request's parts.
    reads_parts: bool,
    max_endpoints: usize,
    endpoint: Option<Arc<EndpointFn>>,
    extra: Vec<ExtraLabel>,
    skip: Option<Arc<SkipFn>>,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
}

impl Config {
    pub(crate) fn new(side: Side, naming: Naming) -> Self {
        Self {
            side,
            naming,
            service: None,
            until: Until::End,
            response_body_size: false,
            reregister_after: None,
            reads_parts: false,
            max_endpoints: 1000,
            endpoint: None,
            extra: Vec::new(),
            skip: None,
            recorder: None,
        }
    }

    pub(crate) fn set_endpoint<T: Into<Cow<'static, str>>>(
        &mut self,
        endpoint: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) {
        self.endpoint = Some(Arc::new(move |parts| endpoint(parts).map(Into::into)));
    }

    pub(crate) fn set_max_endpoints(&mut self, max: usize) {
        self.max_endpoints = max;
    }

    pub(crate) fn set_recorder(&mut self, recorder: impl Recorder + Send + Sync + 'static) {
        self.recorder = Some(Arc::new(recorder));
    }

    /// Registers with the recorder: the one that was given, or the facade's.
    pub(crate) fn with_recorder<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> T {
        match &self.recorder {
            Some(recorder) => register(recorder),
            None => metrics::with_recorder(register),
        }
    }

    /// Whether handles of this recorder may be kept: not those of what stands in while none is installed.
    ///
    /// The facade does not tell it apart, but it is of size zero. A recorder of size zero that does record somewhere
    /// loses the keeping of its handles, and nothing else.
    pub(crate) fn is_lasting(&self, recorder: &dyn Recorder) -> bool {
        self.recorder.is_some() || size_of_val(recorder) > 0
    }

    fn combinations(&self) -> usize {
        self.extra.iter().map(ExtraLabel::len).product()
    }

    /// Numbers the extra labels' values, each by its place, as one figure of mixed radix; [`Self::extra_labels`] reads it
    /// back.
    fn combination(&self, place: impl Fn(&ExtraLabel) -> usize) -> usize {
        self.extra
            .iter()
            .rev()
            .fold(0, |number, label| number * label.len() + place(label))
    }

    pub(crate) fn extra_labels(&self, mut number: usize) -> impl Iterator<Item = Label> {
        self.extra.iter().map(move |label| {
            let place = number % label.len();
            number /= label.len();
            Label::new(label.name.clone(), label.value(place))
        })
    }

    /// How many series one endpoint can have, statuses aside.
    fn places(&self) -> usize {
        match self.side {
            Side::Server => METHODS.len() * self.combinations(),
            Side::Client => 1,
        }
    }

    #[inline]
    fn place(&self, method: &http::Method, combination: usize) -> usize {
        match self.side {
            Side::Server => method_index(method) + METHODS.len() * combination,
            Side::Client => 0,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("naming", &self.naming)
            .field("until", &self.until)
            .field("response_body_size", &self.response_body_size)
            .field("reregister_after", &self.reregister_after)
            .field("max_endpoints", &self.max_endpoints)
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}

/// The configuration and the handles registered under it.
pub(crate) struct Shared {
    config: Arc<Config>,
    handles: Handles,
    described: Once,
}

enum Handles {
    Kept(Cache<Series>),
    /// All are thrown away when they get older than this, and registered again at their next use.
    Renewed(Duration, RwLock<(Instant, Arc<Cache<Series>>)>),
}

impl Shared {
    pub(crate) fn new(mut config: Config) -> Arc<Self> {
        config.reads_parts =
            config.endpoint.is_some() || config.skip.is_some() || !config.extra.is_empty();
        let cache = Self::cache(&config);
        Arc::new(Self {
            handles: match config.reregister_after {
                None => Handles::Kept(cache),
                Some(after) => {
                    Handles::Renewed(after, RwLock::new((measure::now(), Arc::new(cache))))
                }
            },
            config: Arc::new(config),
            described: Once::new(),
        })
    }

    fn cache(config: &Config) -> Cache<Series> {
        Cache::new(config.max_endpoints, config.places())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether [`Self::series_by_parts`] is to be asked, which needs a request taken apart.
    #[inline]
    pub(crate) fn reads_parts(&self) -> bool {
        self.config.reads_parts
    }

    /// The series of a request that none of the user's functions is to see.
    #[inline]
    pub(crate) fn series<B>(&self, request: &Request<B>) -> Arc<Series> {
        let place = self.config.place(request.method(), 0);
        self.at(self.matched(request.extensions()), place)
    }

    /// The route that was matched is the request's endpoint where it is served, not where a proxy sends it on to.
    #[inline]
    fn matched<'a>(&self, extensions: &'a http::Extensions) -> Option<EndpointName<'a>> {
        match self.config.side {
            Side::Server => EndpointName::matched(extensions),
            Side::Client => None,
        }
    }

    /// `None` where the request is to be left out.
    pub(crate) fn series_by_parts(&self, parts: &Parts) -> Option<Arc<Series>> {
        let mut blame = Blame {
            shared: self,
            method: &parts.method,
            is_armed: true,
        };
        let series = self.chosen(parts);
        blame.is_armed = false;
        series
    }

    fn chosen(&self, parts: &Parts) -> Option<Arc<Series>> {
        let config = &*self.config;
        if config.skip.as_ref().is_some_and(|skip| skip(parts)) {
            return None;
        }
        let combination = config.combination(|label| label.pick(parts));
        let place = config.place(&parts.method, combination);
        let chosen = config.endpoint.as_ref().and_then(|choose| choose(parts));
        let name = match &chosen {
            Some(name) => Some(EndpointName::of(name)),
            None => self.matched(&parts.extensions),
        };
        Some(self.at(name, place))
    }

    #[inline]
    fn at(&self, name: Option<EndpointName<'_>>, place: usize) -> Arc<Series> {
        match &self.handles {
            Handles::Kept(cache) => self.cached(cache, name, place),
            Handles::Renewed(after, current) => {
                self.cached(&Self::renewed(*after, current), name, place)
            }
        }
    }

    #[inline]
    fn cached(
        &self,
        cache: &Cache<Series>,
        name: Option<EndpointName<'_>>,
        place: usize,
    ) -> Arc<Series> {
        cache.get(name, place, |endpoint| {
            self.describe_once();
            Series::register(&self.config, endpoint, place)
        })
    }

    fn renewed(
        after: Duration,
        current: &RwLock<(Instant, Arc<Cache<Series>>)>,
    ) -> Arc<Cache<Series>> {
        let now = measure::now();
        let is_fresh = |since: Instant| now.saturating_duration_since(since) < after;
        {
            let current = current.read().unwrap_or_else(PoisonError::into_inner);
            if is_fresh(current.0) {
                return Arc::clone(&current.1);
            }
        }
        let mut current = current.write().unwrap_or_else(PoisonError::into_inner);
        if !is_fresh(current.0) {
            *current = (now, Arc::new(current.1.successor()));
        }
        Arc::clone(&current.1)
    }

    /// Gives the families their unit and help, for recorders that do not have the catalogue, and for names of one's own.
    fn describe_once(&self) {
        self.config.with_recorder(|recorder| {
            if !self.config.is_lasting(recorder) {
                return;
            }
            self.described.call_once(|| {
                for named in self.config.naming.families() {
                    named.family.describe(recorder, named.name.to_string());
                }
            });
        });
    }
}

/// Records a request on which one of the user's functions panicked: unmatched, for that is all that is known of it.
struct Blame<'a> {
    shared: &'a Shared,
    method: &'a http::Method,
    is_armed: bool,
}

impl Drop for Blame<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            let config = &self.shared.config;
            let place = config.place(self.method, config.combination(ExtraLabel::other));
            let series = self.shared.at(None, place);
            Guard::start(Pending::begin(Some(series))).finish(Outcome::Panic);
        }
    }
}

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
        self.with(|config| config.set_max_endpoints(max))
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

    /// Records to this recorder. Defaults to the facade's: the global one, or the local one of the thread that first
    /// serves a request.
    ///
    /// For tests, and for several recorders in one process.
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
