#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Durations saturate.

use proptest::prelude::*;

use super::Bounds;

#[test]
fn without_bounds_there_is_one_bucket() {
    let none = Bounds::new([]);
    assert_eq!(
        (
            none.buckets(),
            none.index(-1.0),
            none.index(1e300),
            none.index_of_nanos(u64::MAX)
        ),
        (1, 0, 0, 0)
    );
}

/// The definition of the bucket: the first bound that is not below the value.
fn plain_index(bounds: &[f64], value: f64) -> usize {
    bounds
        .iter()
        .position(|bound| value <= *bound)
        .unwrap_or(bounds.len())
}

fn check_index(bounds: &Bounds, value: f64) {
    assert_eq!(
        bounds.index(value),
        plain_index(bounds.values(), value),
        "{value:?} in {:?}",
        bounds.values()
    );
}

fn check_nanos(bounds: &Bounds, nanos: u64) {
    let wanted = plain_index(bounds.values(), nanos as f64 / 1e9);
    assert_eq!(
        bounds.index_of_nanos(nanos),
        wanted,
        "{nanos} ns in {:?}",
        bounds.values()
    );
}

/// Checks all values near every bound, and some far from all.
fn check_bounds(values: Vec<f64>) {
    let bounds = Bounds::new(values);
    for bound in [-0.0, 0.0, f64::MIN_POSITIVE, 5e-324]
        .into_iter()
        .chain(bounds.values().iter().copied())
    {
        for value in [
            bound.next_down().next_down(),
            bound.next_down(),
            bound,
            bound.next_up(),
            bound * 2.0,
            bound / 2.0,
            -bound,
        ] {
            check_index(&bounds, value);
        }
        let nanos = (bound * 1e9) as u64;
        let step = (nanos >> 53).max(1);
        for nanos in (0..8).flat_map(|n| {
            [
                nanos.saturating_sub(n * step),
                nanos.saturating_add(n * step),
                n,
            ]
        }) {
            check_nanos(&bounds, nanos);
        }
    }
    for value in [f64::MAX, f64::MIN, f64::INFINITY] {
        check_index(&bounds, value);
    }
    for nanos in [0, u64::MAX, u64::MAX - 1, 1 << 53, 1 << 63] {
        check_nanos(&bounds, nanos);
    }
}

#[test]
fn the_catalogue_s_bounds_have_their_buckets() {
    use crate::catalog::{AXUM_DURATION_BUCKETS, DURATION_BUCKETS, JOB_BUCKETS, SIZE_BUCKETS};
    for bounds in [
        DURATION_BUCKETS,
        AXUM_DURATION_BUCKETS,
        JOB_BUCKETS,
        SIZE_BUCKETS,
    ] {
        check_bounds(bounds.to_vec());
    }
    check_bounds((-500..500).map(f64::from).collect());
    check_bounds(vec![
        f64::MIN,
        -0.0,
        5e-324,
        1e-300,
        1.0,
        1.0_f64.next_up(),
        1e300,
        f64::MAX,
    ]);
    check_bounds(vec![-3.0, -1.0]);
}

fn ascending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup_by(|one, other| one.total_cmp(other).is_eq() || (*one == 0.0 && *other == 0.0));
    values
}

proptest! {
    #[test]
    fn any_bounds_have_their_buckets(values in prop::collection::vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 0..30)) {
        check_bounds(ascending(values));
    }

    #[test]
    fn durations_have_the_buckets_of_their_seconds(
        values in prop::collection::vec(prop_oneof![0.0..1e-6_f64, 0.0..20.0_f64, -5.0..1e10_f64, (0_u64..1 << 40).prop_map(|nanos| nanos as f64 / 1e9)], 0..30),
        nanos in prop::collection::vec(any::<u64>().prop_flat_map(|nanos| (0_u32..64).prop_map(move |shift| nanos >> shift)), 50),
        samples in prop::collection::vec(prop_oneof![-1.0..20.0_f64, 0.0..1e-3_f64], 50),
    ) {
        let bounds = Bounds::new(ascending(values));
        check_bounds(bounds.values().to_vec());
        for nanos in nanos {
            check_nanos(&bounds, nanos);
        }
        for value in samples {
            check_index(&bounds, value);
        }
    }
}
