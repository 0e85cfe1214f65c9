//! The quantile of a distribution in buckets.

/// Counts that differ by less than this share are equal: sums of extrapolated values are not exact.
const TOLERANCE: f64 = 1e-12;

/// Returns `PromQL`'s `histogram_quantile`: linear within a bucket, from 0 in the first. `counts` are cumulative, one for each of
/// the ascending `bounds`, of which the last is `+Inf`. NaN without samples or without a finite bucket.
pub(super) fn quantile(share: f64, bounds: &[f64], counts: &mut [f64]) -> f64 {
    level(counts);
    let Some((&total, finite)) = counts.split_last() else {
        return f64::NAN;
    };
    let (Some(highest), true) = (bounds.get(finite.len().wrapping_sub(1)), total != 0.0) else {
        return f64::NAN;
    };
    let rank = share * total;
    let index = finite.partition_point(|count| *count < rank);
    let Some((&end, &count)) = bounds.get(index).zip(finite.get(index)) else {
        return *highest;
    };
    let (start, below) = match index.checked_sub(1) {
        Some(previous) => (bounds[previous], finite[previous]),
        None if end <= 0.0 => return end,
        None => (0.0, 0.0),
    };
    start + (end - start) * ((rank - below) / (count - below))
}

/// Makes cumulative counts ascend. Buckets of several windows are extrapolated on their own, so they may not.
fn level(counts: &mut [f64]) {
    let mut highest = match counts.first() {
        Some(first) => *first,
        None => return,
    };
    for count in &mut counts[1..] {
        let is_equal = (*count - highest).abs() < TOLERANCE * (count.abs() + highest.abs());
        if *count < highest || is_equal {
            *count = highest;
        } else {
            highest = *count;
        }
    }
}
