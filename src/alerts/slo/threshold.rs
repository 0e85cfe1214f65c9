//! The threshold of a latency SLO and the bounds of buckets.

use std::time::Duration;

/// Whether a bucket ends at the threshold. Seconds with nine digits are not exact in binary.
pub(super) fn is_bound(threshold: Duration, bound: f64) -> bool {
    let threshold = threshold.as_secs_f64();
    (bound - threshold).abs() <= 1e-9 * threshold.max(1.0)
}

/// The mistake of a threshold between the bounds, which ascend. It names the nearest ones.
pub(super) fn mistake(threshold: Duration, bounds: impl IntoIterator<Item = f64>) -> String {
    let finite = bounds.into_iter().filter(|bound| bound.is_finite());
    let (below, above): (Vec<_>, Vec<_>) =
        finite.partition(|bound| *bound < threshold.as_secs_f64());
    let nearest = match (below.last(), above.first()) {
        (Some(below), Some(above)) => format!("the nearest ones end at {below} s and {above} s"),
        (Some(one), None) | (None, Some(one)) => format!("the nearest one ends at {one} s"),
        (None, None) => "there are no buckets".to_owned(),
    };
    let threshold = threshold.as_secs_f64();
    format!("has no bucket that ends at the threshold of {threshold} s: {nearest}")
}
