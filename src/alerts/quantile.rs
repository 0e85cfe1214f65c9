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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_fall_are_levelled_and_so_are_those_that_differ_by_a_rounding() {
        for (counts, expected) in [
            ([1.0, 3.0, 2.0, 4.0], [1.0, 3.0, 3.0, 4.0]),
            ([0.0, 0.0, 5.0, 1.0], [0.0, 0.0, 5.0, 5.0]),
            ([0.3, 0.1 + 0.2, 0.3, 0.4], [0.3, 0.3, 0.3, 0.4]),
        ] {
            let mut levelled = counts;
            level(&mut levelled);
            assert_eq!(levelled.map(f64::to_bits), expected.map(f64::to_bits));
        }
        level(&mut []);
    }

    #[test]
    fn quantiles_without_a_finite_bucket_or_without_buckets_are_nan() {
        assert!(quantile(0.5, &[f64::INFINITY], &mut [7.0]).is_nan());
        assert!(quantile(0.5, &[], &mut []).is_nan());
        assert!(quantile(0.5, &[1.0, f64::INFINITY], &mut [0.0, 0.0]).is_nan());
    }

    #[test]
    fn a_first_bucket_that_ends_below_zero_answers_its_bound() {
        let bounds = [-2.0, 0.0, f64::INFINITY];
        assert!((quantile(0.5, &bounds, &mut [8.0, 9.0, 10.0]) + 2.0).abs() < 1e-12);
        assert!((quantile(0.85, &bounds, &mut [8.0, 9.0, 10.0]) + 1.0).abs() < 1e-12);
    }
}
