/// Buckets of durations, in seconds, as OpenTelemetry recommends for `http.server.request.duration`.
pub const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Buckets of durations, in seconds, as the crate axum-prometheus has them.
pub const AXUM_DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The buckets of a histogram that is not in the catalogue.
#[cfg(feature = "prometheus")]
pub(crate) fn default_buckets(name: &str) -> &'static [f64] {
    if name.ends_with("_bytes") {
        SIZE_BUCKETS
    } else {
        DURATION_BUCKETS
    }
}

/// Buckets of the duration of background jobs, in seconds: 10 ms to half a day.
pub const JOB_BUCKETS: &[f64] = &[
    0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 10_800.0, 43_200.0,
];

/// Buckets of sizes, in bytes: powers of four from 256 B to 64 MiB.
pub const SIZE_BUCKETS: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
