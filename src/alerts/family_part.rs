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
        let number = match (self.part, value) {
            (Part::Whole, value) => return Some(Cow::Borrowed(value)),
            (Part::Count, Value::Histogram(histogram)) => histogram.count as f64,
            (Part::Sum, Value::Histogram(histogram)) => histogram.sum,
            (Part::Count | Part::Sum, Value::Counter(_) | Value::Gauge(_)) => return None,
        };
        Some(Cow::Owned(Value::Counter(number)))
    }
}

/// The histogram that a counter of this name can be in.
pub(super) fn histogram(counter: &str) -> Option<&str> {
    let mut suffixes = SUFFIXES.into_iter();
    suffixes.find_map(|(suffix, _)| counter.strip_suffix(suffix))
}
