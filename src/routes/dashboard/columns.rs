//! The columns of the tables in the frames.

pub(super) const ENDPOINTS: [&str; 12] = [
    "method",
    "endpoint",
    "rate",
    "error_ratio",
    "p50",
    "p95",
    "p99",
    "in_flight",
    "rate_2xx",
    "rate_3xx",
    "rate_4xx",
    "rate_5xx",
];

/// `value` is the rate of a counter, the sum of a gauge, and the samples per second of a histogram, which alone has quantiles.
pub(super) const FAMILIES: [&str; 8] = [
    "name",
    "kind",
    "value",
    "p50",
    "p95",
    "p99",
    "series",
    "is_at_limit",
];
