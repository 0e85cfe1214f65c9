//! `LayerState`: the configuration and the cached series that all services of one layer share.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use parking_lot::RwLock;

use super::cache::Cache;
use super::config::{Config, Protocol};
use super::group::Group;
use super::grpc::{Calls, Decide, Methods, SeriesSource, config_of_calls, is_call};
use super::labels::{EndpointName, method_index};
use super::outcome::{Outcome, Side};
use super::record::Pending;
use super::series::Series;
use crate::measure::{Instant, RecordGuard};

pub(crate) struct LayerState {
    config: Arc<Config>,
    group: Option<Arc<Group>>,
    lookup: Lookup,
    series: Arc<SeriesCache>,
    described: Arc<Once>,
    /// The series of gRPC calls, if they are recorded as such.
    calls: Option<Arc<Calls<LayerState>>>,
}

/// How a request's series is found, for [`LayerState::known_series`]. Beside the cache, because the configuration is spread
/// over many cache lines.
#[derive(Clone, Copy)]
struct Lookup {
    /// By method and route alone.
    is_direct: bool,
    has_methods: bool,
    has_routes: bool,
}

/// The series of a request.
pub(crate) struct Found {
    pub(crate) series: Arc<Series>,
    pub(crate) is_new: bool,
    /// Whether the user's function named the endpoint.
    pub(crate) is_named: bool,
}

enum SeriesCache {
    Permanent(Cache<Series>),
    /// Replaced as a whole when it is older than the duration.
    Expiring(Duration, RwLock<(Instant, Arc<Cache<Series>>)>),
}

impl LayerState {
    pub(crate) fn new(mut config: Config) -> Arc<Self> {
        config.finish();
        let calls = (config.protocol == Protocol::Both).then(|| Self::new_calls(&config));
        let cache = Cache::new(
            config.max_endpoints,
            config.label_sets(),
            config.others(),
            Series::thread_copy,
        );
        Arc::new(Self {
            group: config.group.clone(),
            lookup: Lookup {
                is_direct: !config.reads.request && config.reregister_after.is_none(),
                has_methods: config.naming.method.is_some(),
                has_routes: config.side() == Side::Server,
            },
            series: Arc::new(match config.reregister_after {
                None => SeriesCache::Permanent(cache),
                Some(after) => {
                    SeriesCache::Expiring(after, RwLock::new((Instant::now(), Arc::new(cache))))
                }
            }),
            config: Arc::new(config),
            described: Arc::new(Once::new()),
            calls,
        })
    }

    /// The same state for one thread.
    pub(crate) fn thread_copy(&self) -> Self {
        Self {
            config: Arc::clone(&self.config),
            group: self.group.clone(),
            lookup: self.lookup,
            series: Arc::clone(&self.series),
            described: Arc::clone(&self.described),
            calls: self.calls.clone(),
        }
    }

    fn new_calls(config: &Config) -> Arc<Calls<Self>> {
        let methods = Methods::new(config.max_endpoints, config.side());
        let source = Self::new(config_of_calls(config));
        Arc::new(Calls::new(source, methods))
    }

    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    #[inline]
    pub(crate) fn group(&self) -> Option<&Arc<Group>> {
        self.group.as_ref()
    }

    /// The series of a request if it is known by method and route alone and it is not marked.
    /// Otherwise [`Self::series`] finds it.
    #[inline]
    pub(crate) fn known_series<B>(&self, request: &Request<B>) -> Option<Arc<Series>> {
        if !self.lookup.is_direct || self.group().is_some_and(|group| group.has_marks()) {
            return None;
        }
        let SeriesCache::Permanent(cache) = &*self.series else {
            return None;
        };
        let index = if self.lookup.has_methods {
            method_index(request.method())
        } else {
            0
        };
        let name = self.matched(request.extensions());
        cache.find(name.as_ref(), index)
    }

    /// The matched route, for servers only: a proxy sends its request to an endpoint of another service.
    #[inline]
    fn matched<'a>(&self, extensions: &'a http::Extensions) -> Option<EndpointName<'a>> {
        let route = || EndpointName::matched(extensions);
        self.lookup.has_routes.then(route).flatten()
    }

    /// The series of a request, or `None` if the request is skipped.
    #[inline]
    pub(crate) fn series(&self, parts: &Parts) -> Option<Found> {
        let guard = PanicGuard {
            state: self,
            method: &parts.method,
        };
        let series = self.resolve(parts);
        std::mem::forget(guard);
        series
    }

    #[inline]
    fn resolve(&self, parts: &Parts) -> Option<Found> {
        let config = &*self.config;
        if config.skip.as_ref().is_some_and(|skip| skip(parts)) {
            return None;
        }
        let named = self.named(parts);
        if let Some(calls) = &self.calls
            && let Some(found) = self.call(calls, named.as_ref(), parts)
        {
            return Some(found);
        }
        let index = self.index(parts);
        let name = self.endpoint(named.as_ref(), &parts.extensions);
        let (series, is_new) = self.lookup(name.as_ref(), index);
        Some(Found {
            series,
            is_new,
            is_named: named.is_some(),
        })
    }

    /// The series of a request that is a gRPC call.
    #[cold]
    fn call(
        &self,
        calls: &Arc<Calls<Self>>,
        named: Option<&Cow<'static, str>>,
        parts: &Parts,
    ) -> Option<Found> {
        let route = self.matched(&parts.extensions);
        if !is_call(parts, route.as_ref()) {
            return None;
        }
        // A route without a wildcard is the path itself, and exists.
        let route = route.filter(|route| !route.text.contains("{*"));
        let name = named.map(EndpointName::new).or(route);
        let (series, is_new) = calls.series(name.as_ref(), parts);
        Some(Found {
            series,
            is_new,
            // A route found inside says less than the method.
            is_named: true,
        })
    }

    #[inline]
    fn index(&self, parts: &Parts) -> usize {
        let combination = self.config.request_labels.combination(parts);
        self.config.label_index(&parts.method, combination)
    }

    /// The name that the user's function gives the endpoint.
    pub(crate) fn named(&self, parts: &Parts) -> Option<Cow<'static, str>> {
        let endpoint = self.config.endpoint.as_ref()?;
        endpoint(parts)
    }

    /// The endpoint's name, if it has one, else the matched route.
    pub(crate) fn endpoint<'a>(
        &self,
        named: Option<&'a Cow<'static, str>>,
        extensions: &'a http::Extensions,
    ) -> Option<EndpointName<'a>> {
        match named {
            Some(name) => Some(EndpointName::new(name)),
            None => self.matched(extensions),
        }
    }

    /// The series of an endpoint at an index, and whether it is new.
    #[inline]
    pub(crate) fn lookup(
        &self,
        name: Option<&EndpointName<'_>>,
        index: usize,
    ) -> (Arc<Series>, bool) {
        if let SeriesCache::Permanent(cache) = &*self.series
            && let Some(series) = cache.find(name, index)
        {
            return (series, false);
        }
        self.lookup_or_register(name, index)
    }

    #[cold]
    fn lookup_or_register(
        &self,
        name: Option<&EndpointName<'_>>,
        index: usize,
    ) -> (Arc<Series>, bool) {
        let mut is_new = false;
        let register = |endpoint: &Arc<str>, index| {
            is_new = true;
            self.describe_once();
            Series::register(&self.config, endpoint, index)
        };
        let series = match &*self.series {
            SeriesCache::Permanent(cache) => cache.get(name, index, register),
            SeriesCache::Expiring(after, current) => {
                Self::unexpired(*after, current).get(name, index, register)
            }
        };
        (series, is_new)
    }

    fn unexpired(
        after: Duration,
        current: &RwLock<(Instant, Arc<Cache<Series>>)>,
    ) -> Arc<Cache<Series>> {
        let is_fresh = |since: Instant| since.elapsed() < after;
        {
            let current = current.read();
            if is_fresh(current.0) {
                return Arc::clone(&current.1);
            }
        }
        let mut current = current.write();
        if !is_fresh(current.0) {
            *current = (Instant::now(), Arc::new(current.1.successor()));
        }
        Arc::clone(&current.1)
    }

    /// Describes the families, for recorders without the catalogue and for renamed families.
    fn describe_once(&self) {
        self.config.recorder.with(|recorder| {
            if !self.config.recorder.is_installed(recorder) {
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

impl SeriesSource for LayerState {
    type Series = Series;

    fn index(&self, parts: &Parts) -> usize {
        self.index(parts)
    }

    fn series_of(&self, name: Option<&EndpointName<'_>>, index: usize) -> (Arc<Series>, bool) {
        self.lookup(name, index)
    }

    fn undecided(&self, shown: &Arc<Series>, decide: Box<dyn Decide<Series>>) -> Arc<Series> {
        Arc::new(Series::undecided(shown, decide))
    }
}

impl fmt::Debug for LayerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}

/// Records a request whose labels are unknown because one of the user's functions panicked.
struct PanicGuard<'a> {
    state: &'a LayerState,
    method: &'a http::Method,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        let config = &self.state.config;
        let combination = config.request_labels.others();
        let index = config.label_index(self.method, combination);
        let (series, _) = self.state.lookup(None, index);
        RecordGuard::start(Pending::begin(Some(series))).finish(Outcome::Panic);
    }
}
