//! `FamilyRow`: one metric family.

use super::endpoint_row::quantiles;
use super::number::{push_exact, push_rounded, push_string};
use super::times::Times;
use super::totals::Totals;
use crate::catalog::Kind;
use crate::exporter::{FamilySnapshot, HistogramSnapshot};

/// The sum of all series of one family.
pub(super) struct FamilyRow {
    kind: Kind,
    /// `["orders_total","counter"`
    key: String,
    totals: Totals,
    /// The bounds of a histogram.
    buckets: HistogramSnapshot,
    pub(super) text: String,
    pub(super) is_changed: bool,
    pub(super) is_seen: bool,
}

impl FamilyRow {
    pub(super) fn new(family: &FamilySnapshot) -> Self {
        let mut key = String::from("[");
        push_string(&mut key, &family.name);
        key.push(',');
        push_string(&mut key, family.kind.as_str());
        Self {
            kind: family.kind,
            key,
            totals: Totals::default(),
            buckets: HistogramSnapshot::default(),
            text: String::new(),
            is_changed: false,
            is_seen: false,
        }
    }

    /// Counts the series of this moment, which `times` has already, and writes the text.
    pub(super) fn advance(
        &mut self,
        family: &FamilySnapshot,
        times: &Times,
        is_at_limit: bool,
        scratch: &mut (Vec<f64>, String),
    ) {
        let (increases, text) = scratch;
        text.clear();
        text.push_str(&self.key);
        text.push(',');
        let seconds = times.seconds();
        match self.kind {
            Kind::Gauge => {
                let values = family.series.iter();
                let sum: f64 = values.filter_map(|one| one.value.as_f64()).sum();
                push_exact(text, Some(sum));
                text.push_str(",null,null,null");
            }
            Kind::Counter => {
                let values = family.series.iter();
                let sum: f64 = values.filter_map(|one| one.value.as_f64()).sum();
                self.totals.begin(times, 1)[0] = sum;
                self.totals.increases(times, increases);
                let increase = increases.first().filter(|_| seconds > 0.0);
                push_rounded(text, increase.map(|increase| increase / seconds));
                text.push_str(",null,null,null");
            }
            Kind::Histogram => {
                self.count(family, times);
                self.totals.increases(times, increases);
                let has_rate = seconds > 0.0 && !increases.is_empty();
                push_rounded(text, has_rate.then(|| increases[0] / seconds));
                let counts = increases.get(1..).filter(|_| has_rate).unwrap_or_default();
                for quantile in quantiles(&mut self.buckets, counts) {
                    text.push(',');
                    push_rounded(text, quantile);
                }
            }
        }
        text.push(',');
        text.push_str(itoa::Buffer::new().format(family.series.len()));
        text.push_str(if is_at_limit { ",true]" } else { ",false]" });
        self.is_changed = self.text != *text;
        if self.is_changed {
            self.text.clone_from(text);
        }
    }

    /// Sums the samples and the buckets.
    fn count(&mut self, family: &FamilySnapshot, times: &Times) {
        let mut series = family.series.iter();
        let first = series.find_map(|one| one.value.as_histogram());
        if let Some(first) = first
            && first.buckets.len() != self.buckets.buckets.len()
        {
            self.buckets = first.clone();
        }
        let totals = self.totals.begin(times, 1 + self.buckets.buckets.len());
        for histogram in family
            .series
            .iter()
            .filter_map(|one| one.value.as_histogram())
        {
            totals[0] += histogram.count as f64;
            for (total, bucket) in totals[1..].iter_mut().zip(&histogram.buckets) {
                *total += bucket.1 as f64;
            }
        }
    }
}
