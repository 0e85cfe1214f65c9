//! `FamilyInfo`: the name, kind and text of a family.

use std::borrow::Cow;
use std::sync::OnceLock;

use metrics::Counter;

use super::buckets::Buckets;
use crate::catalog::Kind;
use crate::exporter::escaping::Escaping;

/// What a family tells its series.
pub(in crate::exporter) struct FamilyInfo {
    /// The name with the prefix.
    name: Box<str>,
    prefix_len: usize,
    /// The name that every scraper can take, if it is another one.
    plain_name: Option<Box<str>>,
    /// The family that has this name, or samples of this name, for scrapers that can take no other.
    pub(super) shadowed_by: Option<Box<str>>,
    /// The name as it was recorded first, without the prefix.
    recorded_name: OnceLock<Box<str>>,
    pub(super) shape: Shape,
    /// The `# HELP` text, unescaped.
    help: OnceLock<Box<str>>,
    /// Samples that are not finite are counted here. It exists with the first series of a histogram.
    pub(super) samples_dropped: OnceLock<Counter>,
}

/// The kind of a family and all that follows from it.
pub(in crate::exporter) enum Shape {
    Counter,
    /// The facade's counters are integers, so it is written through a gauge.
    FloatCounter,
    Gauge,
    Histogram(Buckets),
}

impl Shape {
    /// The exemplars that a series may have: one of a counter, and one of each bucket.
    pub(super) fn exemplars(&self) -> usize {
        match self {
            Self::Counter | Self::FloatCounter => 1,
            Self::Gauge => 0,
            Self::Histogram(buckets) => buckets.bounds.buckets(),
        }
    }

    /// Whether the facade's instrument may write to it.
    fn accepts(&self, instrument: Kind) -> bool {
        matches!(
            (self, instrument),
            (Self::Counter, Kind::Counter)
                | (Self::FloatCounter, Kind::Counter | Kind::Gauge)
                | (Self::Gauge, Kind::Gauge)
                | (Self::Histogram(_), Kind::Histogram)
        )
    }
}

impl FamilyInfo {
    pub(super) fn new(name: &str, prefix_len: usize, shape: Shape) -> Self {
        let plain_name = match Escaping::Underscores.metric_name(name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(name) => Some(name.into()),
        };
        Self {
            name: name.into(),
            prefix_len,
            plain_name,
            shadowed_by: None,
            recorded_name: OnceLock::new(),
            shape,
            help: OnceLock::new(),
            samples_dropped: OnceLock::new(),
        }
    }

    pub(in crate::exporter) fn name(&self) -> &str {
        &self.name
    }

    /// The name that every scraper can take.
    pub(super) fn plain_name(&self) -> &str {
        self.plain_name.as_deref().unwrap_or(&self.name)
    }

    /// The name without the prefix.
    pub(super) fn base_name(&self) -> &str {
        &self.name[self.prefix_len..]
    }

    /// Returns the name under which it was recorded first, if that is another one.
    pub(super) fn other_recorded_name(&self, name: &str) -> Option<&str> {
        let first = self.recorded_name.get_or_init(|| name.into());
        (**first != *name).then_some(first)
    }

    pub(in crate::exporter) fn kind(&self) -> Kind {
        match self.shape {
            Shape::Counter | Shape::FloatCounter => Kind::Counter,
            Shape::Gauge => Kind::Gauge,
            Shape::Histogram(_) => Kind::Histogram,
        }
    }

    pub(in crate::exporter) fn help(&self) -> &str {
        self.help.get().map_or("", |help| help)
    }

    /// Sets the help text. The first one stays.
    pub(super) fn describe(&self, help: &str) {
        if !help.is_empty() {
            self.help.get_or_init(|| help.into());
        }
    }

    pub(super) fn accepts(&self, instrument: Kind) -> bool {
        self.shape.accepts(instrument)
    }

    pub(super) fn drop_samples(&self, count: u64) {
        if let Some(dropped) = self.samples_dropped.get() {
            dropped.increment(count);
        }
    }
}
