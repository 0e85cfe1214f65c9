//! Quantiles of histograms.

use std::borrow::Cow;
use std::time::Duration;

use super::evaluator::Evaluator;
use super::frame::{Distributions, Frame};
use super::quantile::quantile;
use super::sum::Sum;
use crate::error::Error;

impl Evaluator<'_, '_> {
    pub(super) fn quantile(&mut self, share: f64, window: Duration) -> Result<(), Error> {
        let frame = self.histograms(window)?;
        let mut rates = std::mem::take(&mut self.scratch.rates);
        let mut counts = std::mem::take(&mut self.scratch.counts);
        for (labels, members) in self.view(0)?.groups() {
            let Some(bounds) = sum(members, &frame, &mut rates) else {
                continue;
            };
            counts.clear();
            counts.extend(rates.iter().map(|rate| rate.value()));
            let events = counts.last().copied().unwrap_or_default() * frame.seconds;
            let value = quantile(share, &bounds, &mut counts);
            self.add(Cow::Borrowed(labels), value, Some(events));
        }
        (self.scratch.rates, self.scratch.counts) = (rates, counts);
        Ok(())
    }
}

/// Sums the increases of histograms per second, bucket by bucket, as `sum by (le)`. Returns the bounds, ascending with `+Inf` as
/// the last, or `None` for fewer than two points.
fn sum<'a>(members: &[usize], frame: &Frame<'a>, rates: &mut Vec<Sum>) -> Option<Cow<'a, [f64]>> {
    let mut bounds: Option<Cow<'a, [f64]>> = None;
    rates.clear();
    let all = members.iter();
    let all = all.filter_map(|series| frame.histogram(*series));
    for points in all.filter(|points| !points.are_too_few()) {
        match &mut bounds {
            None => {
                rates.resize(points.bounds.len(), Sum::default());
                bounds = Some(Cow::Borrowed(points.bounds));
            }
            Some(bounds) if !are_same(bounds, points.bounds) => {
                add_bounds(bounds.to_mut(), rates, points.bounds);
            }
            Some(_) => {}
        }
        if !points.is_idle {
            add(&points, frame.seconds, bounds.as_deref()?, rates);
        }
    }
    bounds
}

/// Usually they share their memory.
fn are_same(bounds: &[f64], others: &[f64]) -> bool {
    std::ptr::eq(bounds, others) || *bounds == *others
}

/// Adds buckets that a histogram has and the sum has not.
fn add_bounds(bounds: &mut Vec<f64>, rates: &mut Vec<Sum>, others: &[f64]) {
    for other in others {
        if let Err(place) = bounds.binary_search_by(|bound| bound.total_cmp(other)) {
            bounds.insert(place, *other);
            rates.insert(place, Sum::default());
        }
    }
}

/// Adds a histogram, whose bounds are all among those of the sum. Usually they are the same.
fn add(points: &Distributions<'_, '_>, seconds: f64, bounds: &[f64], rates: &mut [Sum]) {
    let add = |sum: &mut Sum, bucket| {
        if let Some(rise) = points.bucket(bucket) {
            sum.add(rise.rate(seconds));
        }
    };
    if points.bounds.len() == bounds.len() {
        for (bucket, sum) in rates.iter_mut().enumerate() {
            add(sum, bucket);
        }
        return;
    }
    let mut all = bounds.iter().zip(rates);
    for (bucket, own) in points.bounds.iter().enumerate() {
        if let Some((_, sum)) = all.find(|(bound, _)| bound.total_cmp(own).is_eq()) {
            add(sum, bucket);
        }
    }
}
