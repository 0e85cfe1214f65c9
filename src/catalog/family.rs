//! `Family`: the definition of a metric, shared by the code that records, describes and reads it.

use metrics::{Key, Label, Recorder, SharedString, Unit};

use super::{DURATION_BUCKETS, Kind, Values};

/// A metric family: all series of one name.
///
/// ```
/// use metrics::Unit;
/// use tower_vitals::catalog::{Family, Values};
///
/// const ORDERS: Family = Family::counter("orders_total", "Orders placed.")
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
#[must_use]
pub struct Family {
    /// The name as Prometheus reads it, without a prefix.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// The unit of the values.
    pub unit: Unit,
    /// The `# HELP` text: one sentence.
    pub help: &'static str,
    /// The labels of every series.
    pub labels: &'static [&'static str],
    /// The allowed values of labels. Labels without an entry are bounded by the series limit alone.
    pub values: &'static [(&'static str, Values)],
    /// The upper bounds of a histogram's buckets, ascending, without `+Inf`. Empty for other kinds.
    pub buckets: &'static [f64],
    /// Whether this is a float counter. The facade's counters are integers, so a float counter is recorded with a gauge that
    /// only rises, and the crate's exporter exposes it as a counter.
    pub is_float: bool,
}

impl Family {
    /// A total that only rises. By convention its name ends in `_total`.
    ///
    /// A counter without labels, and one whose labels all have [`Closed`](Values::Closed) values, exists at 0 from the moment
    /// that [`Prometheus`](crate::exporter::PrometheusBuilder::catalog) is built, in up to 1,000 series. Prometheus does not
    /// see the first event of a counter that appears at 1: `increase()` is 0.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Counter, name, help)
    }

    /// A value that rises and falls.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(Kind::Gauge, name, help)
    }

    /// A distribution. Its [`buckets`](Self::buckets) default to [`DURATION_BUCKETS`].
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
            is_float: false,
        }
    }

    /// The labels of every series. Defaults to none.
    pub const fn labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self
    }

    /// The allowed values of some labels. Defaults to any value, up to the series limit.
    pub const fn values(mut self, values: &'static [(&'static str, Values)]) -> Self {
        self.values = values;
        self
    }

    /// The unit of the values. Defaults to a count.
    pub const fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    /// The upper bounds of a histogram's buckets, ascending, without `+Inf`.
    pub const fn buckets(mut self, bounds: &'static [f64]) -> Self {
        self.buckets = bounds;
        self
    }

    /// Makes this a float counter: see [`is_float`](Self::is_float).
    pub const fn float(mut self) -> Self {
        self.is_float = true;
        self
    }

    /// Returns the key of the series with these label values, in the order of [`labels`](Self::labels).
    pub(crate) fn key<const N: usize>(&self, values: [SharedString; N]) -> Key {
        debug_assert_eq!(N, self.labels.len(), "label values of {}", self.name);
        let labels = self.labels.iter().zip(values);
        let labels = labels.map(|(label, value)| Label::new(*label, value));
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }

    /// Returns the keys of all series if the values of all labels are closed and there are at most `most` series, else none.
    #[cfg(feature = "prometheus")]
    pub(crate) fn closed_keys(&self, most: usize) -> Vec<Key> {
        let mut keys = vec![Vec::new()];
        for label in self.labels {
            let values = self.values.iter().find(|(name, _)| name == label);
            let Some((_, Values::Closed(values))) = values else {
                return Vec::new();
            };
            if keys.len() * values.len() > most {
                return Vec::new();
            }
            let with = |labels: &Vec<Label>, value| {
                let own = Label::from_static_parts(label, value);
                labels.iter().cloned().chain([own]).collect()
            };
            keys = keys
                .iter()
                .flat_map(|labels| values.iter().map(move |value| with(labels, value)))
                .collect();
        }
        keys.into_iter()
            .map(|labels| Key::from_parts(self.name, labels))
            .collect()
    }

    /// Describes unit and help to `recorder`, under `name`, which a naming may have changed.
    pub(crate) fn describe(&self, recorder: &dyn Recorder, name: String) {
        let (name, unit, help) = (name.into(), Some(self.unit), self.help.into());
        match self.kind {
            Kind::Counter if !self.is_float => recorder.describe_counter(name, unit, help),
            Kind::Counter | Kind::Gauge => recorder.describe_gauge(name, unit, help),
            Kind::Histogram => recorder.describe_histogram(name, unit, help),
        }
    }
}
