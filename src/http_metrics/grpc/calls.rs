//! `Calls`: finds the series of gRPC calls.

use std::sync::{Arc, OnceLock};

use http::request::Parts;

use super::decide::{Decide, Evidence};
use super::methods::{Lookup, Methods};
use crate::http_metrics::labels::{EndpointName, TextOwner};

/// The longest path that is remembered as a method, in bytes.
const MAX_PATH: usize = 256;

/// Registers series and finds them again.
pub(crate) trait SeriesSource: Send + Sync + 'static {
    type Series: Send + Sync;

    /// The index of a request's labels among those of its endpoint.
    fn index(&self, parts: &Parts) -> usize;

    /// The series of an endpoint (`None` if unmatched) at an index, and whether it is new.
    fn series_of(&self, name: Option<&EndpointName<'_>>, index: usize)
    -> (Arc<Self::Series>, bool);

    /// A series that is `shown` in progress until its call has an answer.
    fn undecided(
        &self,
        shown: &Arc<Self::Series>,
        decide: Box<dyn Decide<Self::Series>>,
    ) -> Arc<Self::Series>;
}

/// The series of one layer's gRPC calls.
pub(crate) struct Calls<S> {
    source: Arc<S>,
    methods: Methods,
}

impl<S: SeriesSource> Calls<S> {
    pub(crate) fn new(source: Arc<S>, methods: Methods) -> Self {
        Self { source, methods }
    }

    /// The series of a call to the request's path, or to the endpoint that the user named, and whether it is new.
    pub(crate) fn series(
        self: &Arc<Self>,
        named: Option<&EndpointName<'_>>,
        request: &Parts,
    ) -> (Arc<S::Series>, bool) {
        let path = request.uri.path();
        let index = self.source.index(request);
        if named.is_some() || !is_method(path) {
            return self.source.series_of(named, index);
        }
        let (shown, is_new) = match self.methods.find(path) {
            Lookup::Proven(name) => return self.known(&name, index),
            Lookup::Unproven(name) => self.known(&name, index),
            Lookup::Unknown => self.source.series_of(None, index),
        };
        let undecided = Undecided {
            calls: Arc::clone(self),
            path: path.into(),
            index,
            exists: OnceLock::new(),
        };
        let series = self.source.undecided(&shown, Box::new(undecided));
        (series, is_new)
    }

    fn known(&self, name: &Arc<str>, index: usize) -> (Arc<S::Series>, bool) {
        let name = EndpointName {
            text: name,
            owner: TextOwner::Shared(name),
        };
        self.source.series_of(Some(&name), index)
    }
}

/// A call to a method that has not succeeded yet.
struct Undecided<S> {
    calls: Arc<Calls<S>>,
    path: Arc<str>,
    index: usize,
    /// Set by the first evidence, because the size of the request body asks again after the answer.
    exists: OnceLock<bool>,
}

impl<S: SeriesSource> Decide<S::Series> for Undecided<S> {
    fn decide(&self, evidence: Evidence) -> Arc<S::Series> {
        let Self {
            calls,
            path,
            index,
            exists,
        } = self;
        let name = EndpointName {
            text: path,
            owner: TextOwner::Request,
        };
        let exists = *exists.get_or_init(|| calls.methods.learn(path, evidence));
        let (series, _) = calls.source.series_of(exists.then_some(&name), *index);
        series
    }
}

/// Whether the path has the form `/pkg.Service/Method`.
fn is_method(path: &str) -> bool {
    let parts = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    parts.is_some_and(|(service, method)| {
        !service.is_empty() && !method.is_empty() && !method.contains('/')
    }) && path.len() <= MAX_PATH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_a_service_and_a_name() {
        assert!(is_method("/grpc.health.v1.Health/Check"));
        let long = format!("/a/{}", "b".repeat(MAX_PATH));
        for path in ["/", "*", "/a", "/a/", "//b", "/a/b/c", "a/b", &long] {
            assert!(!is_method(path), "{path}");
        }
    }
}
