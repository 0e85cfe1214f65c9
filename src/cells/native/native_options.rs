//! [`NativeOptions`].

/// The finest resolution: 256 buckets per power of two.
pub(crate) const MAX_SCHEMA: i8 = 8;

/// The coarsest resolution: a bucket spans 16 powers of two.
pub(crate) const MIN_SCHEMA: i8 = -4;

/// How a native histogram counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NativeOptions {
    /// A power of two has 2^schema buckets, until the histogram needs more than `max_buckets`.
    pub(crate) schema: i8,
    /// Samples whose absolute value is not above this are counted in the zero bucket.
    pub(crate) zero_threshold: f64,
    /// Without the zero bucket. More are possible only at the coarsest schema.
    pub(crate) max_buckets: usize,
}
