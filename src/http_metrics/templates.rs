//! `Templates`: the configurations and the series of requests that are observed beside their metrics, or without any.

use std::sync::Arc;

use super::config::{Config, Protocol};
use super::naming::Naming;
use super::observe::{Observation, Observer, RequestHead};
use super::series::Series;

pub(crate) struct Templates {
    /// Lends its fields to requests that are not measured.
    unmeasured: Arc<Series>,
    /// Of gRPC calls that are measured as other requests are, or not at all.
    calls: Arc<Config>,
}

impl Templates {
    /// `metrics` is the configuration of the metrics, if there are some.
    pub(crate) fn new(metrics: Option<&Arc<Config>>) -> Self {
        let config = match metrics {
            Some(config) => Arc::clone(config),
            None => Arc::new(Config::new(Naming::prometheus())),
        };
        let mut calls = Config::clone(&config);
        calls.protocol = Protocol::Grpc;
        Self {
            unmeasured: Series::unmeasured(&config),
            calls: Arc::new(calls),
        }
    }

    /// The series of a request with an observation that awaits its end.
    pub(crate) fn observed(
        &self,
        request: &RequestHead<'_>,
        measured: Option<Arc<Series>>,
        observation: &Arc<Observation>,
    ) -> Arc<Series> {
        let lender = measured.as_ref().unwrap_or(&self.unmeasured);
        let config = if lender.config.protocol != Protocol::Grpc && request.is_call() {
            &self.calls
        } else {
            &lender.config
        };
        let observer: Arc<dyn Observer> = Arc::clone(observation) as _;
        lender.observed(config, measured.clone(), observer)
    }
}
