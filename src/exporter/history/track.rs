//! `Track`: a series at two consecutive ticks.

use super::sample::{Sample, has_grown};

#[derive(Debug)]
pub(super) struct Track {
    pub(super) previous: Sample,
    pub(super) current: Sample,
}

impl Track {
    pub(super) fn value(&self) -> Option<f64> {
        match self.current {
            Sample::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the increase of the counter or of the histogram's count; `None` if the series is absent.
    pub(super) fn increase(&self) -> Option<f64> {
        match (&self.previous, &self.current) {
            (_, Sample::Absent) => None,
            (Sample::Number(previous), Sample::Number(current)) if current >= previous => {
                Some(current - previous)
            }
            // A lower counter has restarted.
            (_, Sample::Number(current)) => Some(*current),
            (_, Sample::Distribution(current)) => {
                let total = |parts| split(parts).1.iter().sum::<u64>();
                let previous = self.previous_distribution().map_or(0, total);
                Some((total(current) - previous) as f64)
            }
        }
    }

    /// Adds the histogram's new samples to the count of each bucket. Returns their sum.
    pub(super) fn add_increase(&self, counts: &mut [u64]) -> f64 {
        let Sample::Distribution(current) = &self.current else {
            return 0.0;
        };
        let (sum, current) = split(current);
        let (previous_sum, previous) = self.previous_distribution().map_or((0.0, &[][..]), split);
        let previous = previous.iter().chain(std::iter::repeat(&0));
        for (count, (current, previous)) in counts.iter_mut().zip(current.iter().zip(previous)) {
            *count += current - previous;
        }
        sum - previous_sum
    }

    /// `None` if the series was absent or has restarted since.
    fn previous_distribution(&self) -> Option<&[u64]> {
        match (&self.previous, &self.current) {
            (Sample::Distribution(previous), Sample::Distribution(current)) => {
                has_grown(previous, current).then_some(&**previous)
            }
            _ => None,
        }
    }
}

/// Returns the sum and the bucket counts of a distribution.
fn split(parts: &[u64]) -> (f64, &[u64]) {
    parts
        .split_first()
        .map_or((0.0, parts), |(sum, counts)| (f64::from_bits(*sum), counts))
}
