//! The series of requests that have an observer.

use std::sync::Arc;

use metrics::Gauge;

use super::config::{Config, Protocol};
use super::ending::Ending;
use super::facade_handles::FacadeHandles;
use super::observe::{End, Observed, Observer};
use super::outcome::Outcome;
use super::series::{Handles, Series};
use super::series_rest::Rest;

impl Series {
    /// A series for requests that are not measured.
    pub(crate) fn unmeasured(config: &Arc<Config>) -> Arc<Self> {
        Arc::new(Self {
            config: Arc::clone(config),
            handles: Handles::Facade(FacadeHandles::new(Gauge::noop())),
            is_lasting: false,
            is_plain: false,
            reads_head: true,
            rest: Arc::new(Rest::new(&Arc::from(""), 0)),
        })
    }

    /// A series for one request that has an observer. `measured` is the series that counts it, if one does; else this one lends
    /// its fields.
    pub(crate) fn observed(
        &self,
        config: &Arc<Config>,
        measured: Option<Arc<Self>>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            config: Arc::clone(config),
            handles: Handles::Observed(Observed::new(measured, observer)),
            is_lasting: false,
            is_plain: false,
            reads_head: true,
            rest: Arc::clone(&self.rest),
        })
    }

    /// Shows the response head to the observer, if there is one.
    pub(crate) fn on_head(&self, head: &http::response::Parts) {
        if let Handles::Observed(observed) = &self.handles {
            observed.observer.on_head(head);
        }
    }

    /// A request that its response excludes from the metrics has ended.
    #[cold]
    pub(crate) fn end_skipped(&self, ending: Ending, nanos: u64, bytes: u64, outcome: Outcome) {
        let Handles::Observed(observed) = &self.handles else {
            return self.leave();
        };
        let _entered = observed.observer.enter();
        let measured = observed.measured();
        let endpoint = measured.as_ref().map(|series| series.endpoint());
        self.leave();
        observed.observer.on_end(&End {
            side: self.config.side(),
            ending,
            nanos,
            until: self.config.until,
            bytes: Some(bytes),
            outcome,
            endpoint: endpoint.as_deref(),
        });
    }

    pub(crate) fn end_observed(
        &self,
        observed: &Observed<Self>,
        ending: Ending,
        nanos: u64,
        bytes: Option<u64>,
        outcome: Outcome,
    ) {
        let _entered = observed.observer.enter();
        let endpoint = observed.measured().map(|series| {
            let endpoint = series.endpoint();
            let ending = match series.config.protocol {
                Protocol::Grpc => ending,
                _ => ending.without_code(),
            };
            series.end(ending, nanos, bytes, outcome);
            endpoint
        });
        observed.observer.on_end(&End {
            side: self.config.side(),
            ending,
            nanos,
            until: self.config.until,
            bytes,
            outcome,
            endpoint: endpoint.as_deref(),
        });
    }
}
