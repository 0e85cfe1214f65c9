//! `FamilyPart`: the values that a metric's name selects.

use std::borrow::Cow;

use crate::exporter::{FamilySnapshot, Snapshot, Value};

/// The suffixes of the counters in a histogram, as Prometheus names them.
const SUFFIXES: [(&str, Part); 2] = [("_count", Part::Count), ("_sum", Part::Sum)];

#[derive(Debug, Clone, Copy)]
enum Part {
    Whole,
    Count,
    Sum,
}

/// A family, or one of the counters in a histogram.
pub(super) struct FamilyPart<'a> {
    pub(super) family: &'a FamilySnapshot,
    part: Part,
}

impl<'a> FamilyPart<'a> {
    pub(super) fn named(snapshot: &'a Snapshot, metric: &str) -> Option<Self> {
        if let Some(family) = snapshot.family(metric) {
            let part = Part::Whole;
            return Some(Self { family, part });
        }
        SUFFIXES.into_iter().find_map(|(suffix, part)| {
            let family = snapshot.family(metric.strip_suffix(suffix)?)?;
            Some(Self { family, part })
        })
    }

    /// The value of one of the family's series. `None` if only a histogram has the part.
    pub(super) fn value(&self, value: &'a Value) -> Option<Cow<'a, Value>> {
        match self.part {
            Part::Whole => Some(Cow::Borrowed(value)),
            Part::Count | Part::Sum => Some(Cow::Owned(Value::Counter(self.number(value)?))),
        }
    }

    /// As [`value`](Self::value), if it is a number.
    #[inline]
    pub(super) fn number(&self, value: &Value) -> Option<f64> {
        match (self.part, value) {
            (Part::Whole, Value::Counter(number) | Value::Gauge(number)) => Some(*number),
            (Part::Count, Value::Histogram(histogram)) => Some(histogram.count as f64),
            (Part::Sum, Value::Histogram(histogram)) => Some(histogram.sum),
            _ => None,
        }
    }
}

/// The histogram that a counter of this name can be in.
pub(super) fn histogram(counter: &str) -> Option<&str> {
    let mut suffixes = SUFFIXES.into_iter();
    suffixes.find_map(|(suffix, _)| counter.strip_suffix(suffix))
}
