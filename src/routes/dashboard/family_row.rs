//! `FamilyRow`: one metric family.

use super::number::{push_exact, push_rounded, push_string};
use super::quantiles::Quantiles;
use super::times::Times;
use super::totals::Totals;
use crate::catalog::Kind;
use crate::exporter::Seen;

/// The sum of all series of one family.
pub(super) struct FamilyRow {
    pub(super) name: String,
    kind: Kind,
    /// `["orders_total","counter"`
    key: String,
    /// The count, and the samples in the buckets of a histogram.
    totals: Totals,
    quantiles: Quantiles,
    /// Of a gauge.
    sum: f64,
    /// Those that are not idle.
    series: usize,
    /// Empty while viewers do not have the row.
    pub(super) text: String,
    pub(super) is_changed: bool,
    pub(super) is_seen: bool,
    /// Whether another frame reads it.
    pub(super) is_left: bool,
}

impl FamilyRow {
    pub(super) fn new(name: &str, kind: Kind) -> Self {
        let mut key = String::from("[");
        push_string(&mut key, name);
        key.push(',');
        push_string(&mut key, kind.as_str());
        Self {
            name: name.to_owned(),
            kind,
            key,
            totals: Totals::default(),
            quantiles: Quantiles::default(),
            sum: 0.0,
            series: 0,
            text: String::new(),
            is_changed: false,
            is_seen: false,
            is_left: false,
        }
    }

    /// Whether viewers have the row.
    pub(super) fn is_shown(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether it has a series that is not idle.
    pub(super) fn is_live(&self) -> bool {
        self.is_seen && self.series > 0
    }

    /// Counts one series at the latest of these times. An idle one has a total, and is not shown.
    pub(super) fn add(&mut self, value: Seen<'_>, is_idle: bool, times: &Times) {
        if !self.is_seen {
            self.is_seen = true;
            self.series = 0;
            self.sum = 0.0;
            if let Seen::Histogram { bounds, .. } = value {
                self.quantiles.set_bounds(bounds);
            }
            if self.kind != Kind::Gauge {
                self.totals.begin(times, 1 + self.quantiles.buckets());
            }
        }
        self.series += usize::from(!is_idle);
        if self.kind == Kind::Gauge {
            if !is_idle {
                self.sum += value.count();
            }
            return;
        }
        let Some((total, buckets)) = self.totals.latest().split_first_mut() else {
            return;
        };
        *total += value.count();
        if let Seen::Histogram { counts, .. } = value {
            for (total, count) in buckets.iter_mut().zip(counts) {
                *total += *count as f64;
            }
        }
    }

    /// Writes the text, and notes whether it is another one.
    pub(super) fn write(&mut self, is_at_limit: bool, scratch: &mut (Vec<f64>, String)) {
        let (increases, text) = scratch;
        text.clear();
        text.push_str(&self.key);
        text.push(',');
        if self.kind == Kind::Gauge {
            push_exact(text, Some(self.sum));
            text.push_str(",null,null,null,");
        } else {
            let seconds = self.totals.increases(increases);
            let increase = increases.first().filter(|_| seconds > 0.0);
            push_rounded(text, increase.map(|increase| increase / seconds));
            let counts = increases.get(1..).filter(|_| seconds > 0.0);
            for quantile in self.quantiles.of(counts.unwrap_or_default()) {
                text.push(',');
                push_rounded(text, quantile);
            }
            text.push(',');
        }
        text.push_str(itoa::Buffer::new().format(self.series));
        text.push_str(if is_at_limit { ",true]" } else { ",false]" });
        self.is_changed = self.text != *text;
        if self.is_changed {
            self.text.clone_from(text);
        }
    }
}
