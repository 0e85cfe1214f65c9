//! `RequestNames`: the metrics of requests, as they are recorded.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Serialize;

use crate::catalog::Kind;
use crate::exporter::{Labels, Reader, Seen, SeriesVisitor};
use crate::http_metrics::Naming;

/// Finds out which convention the service records its requests by, unless it says so itself.
pub(super) struct RequestNames {
    candidates: Vec<Convention>,
    found: OnceLock<usize>,
}

/// The names of one convention, with the prefix of the recorder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Convention {
    /// `None` if the count of the durations is that of the requests.
    pub(super) requests: Option<String>,
    pub(super) duration: String,
    pub(super) in_flight: Option<String>,
    pub(super) method: Option<String>,
    pub(super) endpoint: String,
    pub(super) status: String,
    /// The label of failed requests, if they have one.
    pub(super) error_type: Option<String>,
}

impl RequestNames {
    pub(super) fn new(own: Option<Naming>, reader: Option<&Reader>) -> Self {
        let known = match own {
            Some(naming) => vec![naming],
            None => vec![
                Naming::prometheus(),
                Naming::open_telemetry(),
                Naming::axum_prometheus(),
            ],
        };
        let candidates = known.iter().map(|naming| Convention::new(naming, reader));
        Self {
            candidates: candidates.collect(),
            found: OnceLock::new(),
        }
    }

    /// The convention that was found, or the first one.
    pub(super) fn current(&self) -> &Convention {
        &self.candidates[self.found.get().copied().unwrap_or(0)]
    }

    pub(super) fn is_found(&self) -> bool {
        self.candidates.len() == 1 || self.found.get().is_some()
    }

    /// Returns the convention whose durations are among the metrics. Once found, it stays.
    pub(super) fn find(&self, reader: &Reader) -> &Convention {
        if !self.is_found() {
            let mut families = FamilyNames::default();
            reader.visit(&mut families);
            let is_recorded = |own: &Convention| families.0.contains(&own.duration);
            if let Some(index) = self.candidates.iter().position(is_recorded) {
                self.found.get_or_init(|| index);
            }
        }
        self.current()
    }
}

/// The names of all families.
#[derive(Default)]
struct FamilyNames(HashSet<String>);

impl SeriesVisitor for FamilyNames {
    fn family(&mut self, name: &str, _: Kind) -> bool {
        self.0.insert(name.to_owned());
        false
    }

    fn series(&mut self, _: &Labels, _: Seen<'_>, _: bool) {}
}

impl Convention {
    fn new(naming: &Naming, reader: Option<&Reader>) -> Self {
        let prefixed = |name: &str| reader.map_or(name.to_owned(), |reader| reader.prefixed(name));
        let family = |name: &str| prefixed(name);
        Self {
            requests: naming.requests.as_ref().map(|own| family(&own.name)),
            duration: family(&naming.duration.name),
            in_flight: naming.in_progress.as_ref().map(|own| family(&own.name)),
            method: naming.method.as_deref().map(str::to_owned),
            endpoint: naming.endpoint.clone().into_owned(),
            status: naming.status.clone().into_owned(),
            error_type: naming
                .has_error_type()
                .then(|| naming.reason.clone().into_owned()),
        }
    }
}
