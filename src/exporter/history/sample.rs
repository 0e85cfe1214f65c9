//! `Sample`: the value of a series at a tick.

use crate::exporter::snapshot::Value;

#[derive(Debug, Clone, Default)]
pub(super) enum Sample {
    #[default]
    Absent,
    Number(f64),
    /// The bits of the sum, followed by the count of each bucket alone. Counts are not cumulative, so that an
    /// observation changes one bucket rather than all above it too.
    Distribution(Box<[u64]>),
}

impl From<&Value> for Sample {
    fn from(value: &Value) -> Self {
        let histogram = match value {
            Value::Counter(number) | Value::Gauge(number) => return Self::Number(*number),
            Value::Histogram(histogram) => histogram,
        };
        let mut previous = 0;
        let counts = histogram.buckets.iter().map(|(_, cumulative)| {
            let count = cumulative.saturating_sub(previous);
            previous = *cumulative;
            count
        });
        let sum = histogram.sum.to_bits();
        Self::Distribution(std::iter::once(sum).chain(counts).collect())
    }
}

impl Sample {
    /// Compares numbers by their bits, so that a NaN equals itself.
    pub(super) fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Number(one), Self::Number(other)) => one.to_bits() == other.to_bits(),
            (Self::Distribution(one), Self::Distribution(other)) => one == other,
            _ => false,
        }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        match (self, other) {
            // This reuses the memory if the lengths are equal.
            (Self::Distribution(own), Self::Distribution(other)) => own.clone_from(other),
            (own, other) => *own = other.clone(),
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Absent | Self::Number(_) => 0,
            Self::Distribution(parts) => size_of_val(&**parts),
        }
    }
}

/// Whether a distribution continues the previous one, rather than having restarted.
pub(super) fn has_grown(previous: &[u64], current: &[u64]) -> bool {
    let mut buckets = previous.iter().zip(current).skip(1);
    previous.len() == current.len() && buckets.all(|(previous, current)| previous <= current)
}
