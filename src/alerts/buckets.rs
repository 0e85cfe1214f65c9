//! Quantiles of histograms.

use std::borrow::Cow;

use super::evaluator::{Evaluator, unreadable};
use super::frame::{Distributions, Frame, WrongKind};
use super::quantile::quantile;
use super::sum::Sum;
use super::view::Members;
use crate::error::Error;

impl<'a> Evaluator<'a, '_> {
    pub(super) fn quantile(&mut self, share: f64, frame: Frame<'a>) -> Result<(), Error> {
        let view = self.view(0)?;
        let mut rates = std::mem::take(&mut self.scratch.rates);
        let mut counts = std::mem::take(&mut self.scratch.counts);
        let mut read = |members| -> Result<_, WrongKind> {
            let Some(bounds) = sum(members, frame, &mut rates)? else {
                return Ok(None);
            };
            counts.clear();
            counts.extend(rates.iter().map(|rate| rate.value()));
            let count = counts.last().copied().unwrap_or_default();
            let value = quantile(share, &bounds, &mut counts);
            Ok(Some((value, count * frame.window.seconds())))
        };
        for (labels, members) in view.groups() {
            let read = read(members).map_err(|wrong| unreadable(view, &wrong))?;
            if let Some((value, events)) = read {
                self.add(Cow::Borrowed(labels), value, Some(events));
            }
        }
        (self.scratch.rates, self.scratch.counts) = (rates, counts);
        Ok(())
    }
}

/// Sums the increases of histograms per second, bucket by bucket, as `sum by (le)`. Returns the bounds, ascending with `+Inf` as
/// the last, or `None` for fewer than two points.
fn sum<'a>(
    members: Members<'a>,
    frame: Frame<'a>,
    rates: &mut Vec<Sum>,
) -> Result<Option<Cow<'a, [f64]>>, WrongKind> {
    let mut bounds: Option<Cow<'a, [f64]>> = None;
    rates.clear();
    for series in members.series() {
        let points = frame.histogram(series)?;
        if points.are_too_few() {
            continue;
        }
        match &mut bounds {
            None => {
                rates.resize(points.bounds.len(), Sum::default());
                bounds = Some(Cow::Borrowed(points.bounds));
            }
            Some(bounds) if **bounds != *points.bounds => {
                add_bounds(bounds.to_mut(), rates, points.bounds);
            }
            Some(_) => {}
        }
        let bounds = bounds.as_deref().unwrap_or_default();
        add(&points, frame, bounds, rates);
    }
    Ok(bounds)
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
fn add(points: &Distributions<'_>, frame: Frame<'_>, bounds: &[f64], rates: &mut [Sum]) {
    if points.bounds.len() == bounds.len() {
        for (bucket, sum) in rates.iter_mut().enumerate() {
            add_bucket(points, frame, bucket, sum);
        }
        return;
    }
    let mut all = bounds.iter().zip(rates);
    for (bucket, own) in points.bounds.iter().enumerate() {
        if let Some((_, sum)) = all.find(|(bound, _)| bound.total_cmp(own).is_eq()) {
            add_bucket(points, frame, bucket, sum);
        }
    }
}

#[inline]
fn add_bucket(points: &Distributions<'_>, frame: Frame<'_>, bucket: usize, sum: &mut Sum) {
    if let Some(span) = points.bucket(bucket) {
        sum.add(frame.window.rate(span));
    }
}
