//! What the services of one layer share: its configuration, and the handles registered under it.

use std::sync::{Arc, Once, PoisonError, RwLock};
use std::time::Duration;

use http::Request;
use http::request::Parts;

use super::config::Config;
use super::handles::Cache;
use super::labels::{EndpointName, ExtraLabel};
use super::outcome::{Outcome, Side};
use super::record::Pending;
use super::series::Series;
use crate::measure::{Guard, Instant};

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
                    Handles::Renewed(after, RwLock::new((Instant::now(), Arc::new(cache))))
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
        self.at(self.matched(request.extensions()).as_ref(), place)
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
        Some(self.at(name.as_ref(), place))
    }

    #[inline]
    fn at(&self, name: Option<&EndpointName<'_>>, place: usize) -> Arc<Series> {
        if let Handles::Kept(cache) = &self.handles
            && let Some(series) = cache.find(name, place)
        {
            return Arc::clone(series);
        }
        self.at_first(name, place)
    }

    /// At its first use, or where handles are renewed.
    #[cold]
    fn at_first(&self, name: Option<&EndpointName<'_>>, place: usize) -> Arc<Series> {
        let make = |endpoint: &Arc<str>| {
            self.describe_once();
            Series::register(&self.config, endpoint, place)
        };
        match &self.handles {
            Handles::Kept(cache) => cache.get(name, place, make),
            Handles::Renewed(after, current) => {
                Self::renewed(*after, current).get(name, place, make)
            }
        }
    }

    fn renewed(
        after: Duration,
        current: &RwLock<(Instant, Arc<Cache<Series>>)>,
    ) -> Arc<Cache<Series>> {
        let is_fresh = |since: Instant| since.elapsed() < after;
        {
            let current = current.read().unwrap_or_else(PoisonError::into_inner);
            if is_fresh(current.0) {
                return Arc::clone(&current.1);
            }
        }
        let mut current = current.write().unwrap_or_else(PoisonError::into_inner);
        if !is_fresh(current.0) {
            *current = (Instant::now(), Arc::new(current.1.successor()));
        }
        Arc::clone(&current.1)
    }

    /// Gives the families their unit and help, for recorders that do not have the catalogue, and for names of one's own.
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
