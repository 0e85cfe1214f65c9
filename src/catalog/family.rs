//! `Family`: what is said of a metric once, for everyone who records, describes or reads it.

use metrics::{Key, Label, Recorder, SharedString, Unit};

use super::DURATION_BUCKETS;

/// What a family measures with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A total that only rises.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A distribution, counted in buckets.
    Histogram,
}

impl Kind {
    /// `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The values a label can take. Whatever else is recorded is counted under `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Values {
    /// These.
    Closed(&'static [&'static str]),
    /// The first so many that come.
    AtMost(usize),
}

/// One metric family: all series of one name.
///
/// ```
/// use metrics::Unit;
/// use tower_vitals::catalog::{Family, Values};
///
/// const ORDERS: Family = Family::counter("orders_total", "Orders that were placed.")
///     .labels(&["shop", "tenant"])
///     .values(&[("shop", Values::Closed(&["eu", "us"])), ("tenant", Values::AtMost(100))]);
/// const PICKING: Family = Family::histogram("picking_duration_seconds", "Time to pick an order, in seconds.")
///     .unit(Unit::Seconds)
///     .buckets(&[10.0, 60.0, 600.0]);
/// assert_eq!(ORDERS.labels, ["shop", "tenant"]);
/// # assert_eq!(PICKING.buckets.len(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// The name as Prometheus reads it, before any prefix.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The unit of its values.
    pub unit: Unit,
    /// One sentence, the exposition's `# HELP`.
    pub help: &'static str,
    /// The labels every series of it has.
    pub labels: &'static [&'static str],
    /// The values of those labels that are bounded by this family; the series limit bounds the others.
    pub values: &'static [(&'static str, Values)],
    /// Upper bounds of a histogram's buckets, ascending, without `+Inf`; empty for the other kinds.
    pub buckets: &'static [f64],
    /// Whether it is a counter of parts of its unit. The facade's counters are whole numbers, so it is recorded by a gauge
    /// that only rises; the crate's exporter shows the counter it is.
    pub is_fractional: bool,
}

impl Family {
    /// A total that only rises. Its name ends in `_total` by the field's convention.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Counter, name, help)
    }

    /// A value that rises and falls.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Gauge, name, help)
    }

    /// A distribution, in [`DURATION_BUCKETS`] until [others](Self::buckets) are named.
    #[must_use]
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Histogram, name, help).buckets(DURATION_BUCKETS)
    }

    const fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind,
            unit: Unit::Count,
            help,
            labels: &[],
            values: &[],
            buckets: &[],
            is_fractional: false,
        }
    }

    /// The labels every series has. Defaults to none.
    #[must_use]
    pub const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self
    }

    /// The values that some of the labels can take. Defaults to any, up to the series limit.
    #[must_use]
    pub const fn values(mut self, values: &'static [(&'static str, Values)]) -> Self {
        self.values = values;
        self
    }

    /// The unit of its values. Defaults to a count.
    #[must_use]
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// A histogram's upper bounds, ascending, without `+Inf`.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64]) -> Self {
        self.buckets = bounds;
        self
    }

    /// A counter of parts, recorded by a gauge: see [`is_fractional`](Self::is_fractional).
    #[must_use]
    pub const fn fractional(mut self) -> Self {
        self.is_fractional = true;
        self
    }

    /// The key of the series that has these label values, given in the order of [`labels`](Self::labels).
    pub(crate) fn key<const N: usize>(&self, values: [SharedString; N]) -> Key {
        debug_assert_eq!(N, self.labels.len(), "label values of {}", self.name);
        let labels = self.labels.iter().zip(values);
        let labels = labels.map(|(label, value)| Label::new(*label, value));
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }

    /// Tells `recorder` this family's unit and help, under `name` (its own, or the one a naming gave it).
    pub(crate) fn describe(&self, recorder: &dyn Recorder, name: String) {
        let (name, unit, help) = (name.into(), Some(self.unit), self.help.into());
        match self.kind {
            Kind::Counter if !self.is_fractional => recorder.describe_counter(name, unit, help),
            Kind::Counter | Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}
