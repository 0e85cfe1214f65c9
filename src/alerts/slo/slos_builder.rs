//! `SlosBuilder`: collects SLOs and checks them.

use super::slo::Slo;
use super::slos::Slos;
use super::validate::{duplicates, mistakes};
use crate::alerts::checked::Checked;
use crate::alerts::known::Known;
use crate::catalog::Catalog;
use crate::error::Error;

/// Collects [`Slos`] and checks them.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct SlosBuilder {
    slos: Vec<Slo>,
    known: Known,
    buckets: Vec<(String, Vec<f64>)>,
}

impl Slos {
    /// Creates a builder without SLOs.
    pub fn builder() -> SlosBuilder {
        SlosBuilder::default()
    }
}

impl SlosBuilder {
    /// Adds an SLO.
    pub fn slo(mut self, slo: Slo) -> Self {
        self.slos.push(slo);
        self
    }

    /// Adds SLOs, such as those of a file.
    pub fn slos(mut self, slos: impl IntoIterator<Item = Slo>) -> Self {
        self.slos.extend(slos);
        self
    }

    /// Sets the metrics that SLOs may count. Defaults to the crate's own.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.known.catalog = catalog;
        self
    }

    /// Sets the prefix of all names, as of the recorder. Defaults to none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.known.prefix = prefix.into();
        self
    }

    /// Sets the buckets of a histogram, named without the prefix, as of the recorder. Defaults to those of the catalogue.
    pub fn buckets(mut self, metric: impl Into<String>, bounds: &[f64]) -> Self {
        self.buckets.push((metric.into(), bounds.to_vec()));
        self
    }

    /// Allows these labels on all metrics: global labels, and extra labels of the layer.
    pub fn extra_labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.known.labels.extend(labels.into_iter().map(Into::into));
        self
    }

    /// Allows metrics that the catalogue lacks. By default they are mistakes, because an SLO of a mistyped metric has no events.
    pub fn allow_unknown_metrics(mut self) -> Self {
        self.known.is_open = true;
        self
    }

    /// Checks the SLOs.
    ///
    /// # Errors
    ///
    /// Returns all mistakes in one error: an empty or duplicate name; an objective that is not between 0 and 1; an alert that can never
    /// fire, because all events together burn too slowly; a period outside 7 to 90 days; not exactly one of bad
    /// events, good events and a threshold; a metric or label that the catalogue lacks, or a metric of the wrong kind; a threshold
    /// that is no bucket's bound; a template with an unknown value, format or label; a label that Prometheus would refuse, or
    /// that the alerts have anyway.
    pub fn build(self) -> Result<Slos, Error> {
        Checked::from(self).into_result()
    }
}

impl From<SlosBuilder> for Checked<Slos> {
    fn from(builder: SlosBuilder) -> Self {
        let each = builder.slos.iter();
        let each = each.flat_map(|slo| mistakes(slo, &builder.known, &builder.buckets));
        Self {
            mistakes: each.chain(duplicates(&builder.slos)).collect(),
            value: Slos::new(builder.slos),
        }
    }
}
