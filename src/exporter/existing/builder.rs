//! `ExistingExporterBuilder`: how to read an exporter.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

use super::existing_exporter::ExistingExporter;
use super::handle_source::HandleSource;
use crate::catalog::{self, Catalog};
use crate::error::Error;
use crate::exporter::history::HistoryConfig;
use crate::exporter::metrics_source::MetricsSource;
use crate::exporter::reader::Reader;
use crate::recorder::RecorderRef;

impl ExistingExporter {
    /// Reads this exporter with the default settings, see [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// The errors of [`ExistingExporterBuilder::build`].
    pub fn new(handle: PrometheusHandle) -> Result<Self, Error> {
        Self::builder(handle).build()
    }

    /// Reads this exporter with the default settings. If its upkeep cannot be started, that is logged, and reads do it.
    pub(super) fn of(handle: PrometheusHandle) -> Self {
        let builder = Self::builder(handle);
        let interval = builder.upkeep_interval;
        let (mut reader, recorder) = builder.into_reader();
        if let Err(error) = reader.start_upkeep(interval) {
            tracing::error!(%error, "the exporter has no upkeep: histogram samples take memory until the next scrape");
        }
        Self::from_parts(reader, recorder)
    }

    fn from_parts(reader: Reader, recorder: RecorderRef) -> Self {
        let reader = Arc::new(reader);
        Self {
            source: MetricsSource { reader, recorder },
        }
    }

    /// Returns a builder with the default settings.
    pub fn builder(handle: PrometheusHandle) -> ExistingExporterBuilder {
        ExistingExporterBuilder {
            handle,
            prefix: String::new(),
            catalog: Catalog::new(),
            upkeep_interval: Duration::from_secs(5),
            history: None,
            recorder: RecorderRef::default(),
        }
    }
}

/// Builds an [`ExistingExporter`].
#[derive(Clone)]
#[must_use]
pub struct ExistingExporterBuilder {
    handle: PrometheusHandle,
    prefix: String,
    catalog: Catalog,
    upkeep_interval: Duration,
    history: Option<HistoryConfig>,
    recorder: RecorderRef,
}

impl ExistingExporterBuilder {
    /// Names the prefix that the exporter's metrics have already, for example from the `PrefixLayer` of `metrics-util`, without
    /// its underscore. It adds none. Defaults to no prefix.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the families that are described to the recorder, listed by `/metrics/registries` and known to the history.
    /// Defaults to the families of this crate. It bounds no labels: see its [limits](ExistingExporter#limits).
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Sets how often `PrometheusHandle::run_upkeep` is called, which moves recorded histogram samples into their buckets.
    /// Defaults to 5 s. It does no harm if the service calls it, too.
    pub fn upkeep_interval(mut self, interval: Duration) -> Self {
        self.upkeep_interval = interval;
        self
    }

    /// Keeps the metrics of the last minutes in memory, see [`MetricsHistory`](crate::exporter::MetricsHistory). Defaults to
    /// no history.
    pub fn history(mut self, config: HistoryConfig) -> Self {
        self.history = Some(config);
        self
    }

    /// Sets the recorder that the families are described to, and that the routes record their own metrics to: the one that the
    /// exporter reads. Defaults to the recorder of the `metrics` facade.
    pub fn recorder(mut self, recorder: impl metrics::Recorder + Send + Sync + 'static) -> Self {
        self.recorder = RecorderRef::new(recorder);
        self
    }

    /// Starts upkeep and history.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with all mistakes: a prefix that Prometheus would
    ///   reject; an upkeep interval of zero; a history whose interval or series limit is zero, or whose window has fewer than
    ///   2 or more than 100,000 intervals.
    /// - [`ErrorKind::Io`](crate::ErrorKind::Io) if a thread cannot be started.
    pub fn build(self) -> Result<ExistingExporter, Error> {
        Error::combine(self.mistakes())?;
        let (interval, history) = (self.upkeep_interval, self.history);
        let (mut reader, recorder) = self.into_reader();
        reader.start_upkeep(interval)?;
        if let Some(config) = history {
            reader.start_history(config)?;
        }
        Ok(ExistingExporter::from_parts(reader, recorder))
    }

    /// Describes the families to the recorder.
    fn into_reader(self) -> (Reader, RecorderRef) {
        let families = self.catalog.families();
        self.recorder.with(|recorder| {
            for family in families {
                family.describe(recorder, family.name.to_owned());
            }
        });
        let prefix = match &*self.prefix {
            "" => String::new(),
            prefix => format!("{prefix}_"),
        };
        let source = HandleSource::new(self.handle, families, &prefix);
        (Reader::new(prefix, self.catalog, source), self.recorder)
    }

    fn mistakes(&self) -> Vec<Error> {
        let mut mistakes = Vec::new();
        if !self.prefix.is_empty() {
            mistakes.extend(catalog::check_name("prefix", &self.prefix).err());
        }
        if self.upkeep_interval.is_zero() {
            mistakes.push(Error::invalid(
                "upkeep interval is zero: any longer interval is allowed, 5 s is the default",
            ));
        }
        mistakes.extend(self.history.iter().flat_map(HistoryConfig::mistakes));
        mistakes
    }
}

// Omits the handle, because it would show all metrics.
debug_fields!(ExistingExporterBuilder {
    prefix,
    upkeep_interval,
    history
});
