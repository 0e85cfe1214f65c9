//! `StoreConfig`: the settings of a store.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::native_family::NativeFamily;
use crate::catalog::Kind;
use crate::exporter::exemplars::ExemplarSource;
use crate::exporter::names::{LABEL, METRIC, mend, sanitize};

#[derive(Default)]
pub(in crate::exporter) struct StoreConfig {
    /// Empty, or with its underscore.
    pub(in crate::exporter) prefix: String,
    /// The labels of every series that has no label of the same name.
    pub(in crate::exporter) global_labels: Vec<(Cow<'static, str>, String)>,
    /// The series that each family may have.
    pub(in crate::exporter) max_series: usize,
    /// The bounds of histograms by name, without the prefix.
    pub(in crate::exporter) buckets: HashMap<String, Vec<f64>>,
    pub(in crate::exporter) native: NativeFamilies,
    pub(in crate::exporter) idle_timeouts: IdleTimeouts,
    /// Supplies the exemplars, if there are any.
    pub(in crate::exporter) exemplars: Option<Arc<ExemplarSource>>,
    /// Whether `OpenMetrics` and protobuf have the times at which counters and histograms were created.
    pub(in crate::exporter) created_timestamps: bool,
    /// Whether names keep characters that not every scraper can take.
    pub(in crate::exporter) utf8_names: bool,
}

impl StoreConfig {
    /// Returns the name of a metric as it is kept, without the prefix.
    pub(super) fn metric_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.utf8_names {
            mend(name)
        } else {
            sanitize(name, self.prefix.is_empty(), METRIC)
        }
    }

    /// Returns the name of a label as it is kept.
    pub(super) fn label_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.utf8_names {
            mend(name)
        } else {
            sanitize(name, true, LABEL)
        }
    }
}

/// The histograms with exponential buckets.
#[derive(Debug, Default)]
pub(in crate::exporter) struct NativeFamilies {
    /// All that are not among the named ones.
    pub(in crate::exporter) others: Option<NativeFamily>,
    /// By name, without the prefix.
    pub(in crate::exporter) named: HashMap<String, NativeFamily>,
}

impl NativeFamilies {
    pub(super) fn of(&self, name: &str) -> Option<NativeFamily> {
        self.named.get(name).copied().or(self.others)
    }
}

/// How long series stay without being written to. `None`: for ever.
#[derive(Debug, Clone, Default)]
pub(in crate::exporter) struct IdleTimeouts {
    pub(in crate::exporter) of_all: Option<Duration>,
    pub(in crate::exporter) of_kinds: HashMap<Kind, Duration>,
}

impl IdleTimeouts {
    pub(super) fn of(&self, kind: Kind) -> Option<Duration> {
        self.of_kinds.get(&kind).copied().or(self.of_all)
    }

    pub(in crate::exporter) fn are_positive(&self) -> bool {
        let mut all = self.of_kinds.values().chain(&self.of_all);
        all.all(|timeout| !timeout.is_zero())
    }
}
