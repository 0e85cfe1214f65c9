//! `Buckets`: the increases of a histogram's buckets.

use std::borrow::Cow;

use super::points::{Distribution, Timed, within};
use super::quantile::quantile;
use super::sum::Sum;
use super::window::Window;

/// The increases of histograms per second, by bucket.
pub(super) struct Buckets<'a> {
    /// Ascending upper bounds, the last of them `+Inf`.
    bounds: Cow<'a, [f64]>,
    /// Cumulative, one for each bound.
    rates: Vec<Sum>,
}

impl<'a> Buckets<'a> {
    /// `None` for fewer than two points.
    pub(super) fn rates(
        bounds: &'a [f64],
        points: &Timed<Distribution>,
        window: Window,
    ) -> Option<Self> {
        let points = within(points, window);
        let rate = |bucket: usize| {
            let points = points.clone();
            let counts = points.map(|(time, point)| (*time, point.counts[bucket] as f64));
            window.rate(counts).map(Sum::from)
        };
        let rates = (0..bounds.len()).map(rate);
        Some(Self {
            bounds: Cow::Borrowed(bounds),
            rates: rates.collect::<Option<_>>()?,
        })
    }

    /// Sums bucket by bucket, as `sum by (le)`.
    pub(super) fn add(&mut self, other: Self) {
        if self.bounds == other.bounds {
            for (sum, rate) in self.rates.iter_mut().zip(other.rates) {
                sum.add(rate.value());
            }
            return;
        }
        let own = self.bounds.iter().copied().zip(self.rates.iter().copied());
        let others = other.bounds.iter().copied().zip(other.rates);
        let mut all: Vec<_> = own.chain(others).collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        all.dedup_by(|next, sum| {
            let is_same = next.0.total_cmp(&sum.0).is_eq();
            if is_same {
                sum.1.add(next.1.value());
            }
            is_same
        });
        let (bounds, rates): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        self.bounds = bounds.into();
        self.rates = rates;
    }

    /// The number of samples per second.
    pub(super) fn count(&self) -> f64 {
        self.rates.last().map_or(0.0, |rate| rate.value())
    }

    pub(super) fn quantile(&self, share: f64) -> f64 {
        let rates = self.rates.iter().map(|rate| rate.value());
        quantile(share, &self.bounds, &mut rates.collect::<Vec<_>>())
    }
}
