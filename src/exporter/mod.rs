//! The recorder that Prometheus reads: install it, render it, keep it bounded.

mod boundary;
mod limit;
mod prometheus;

pub use self::limit::{Limited, SeriesLimit};
pub use self::prometheus::{Builder, Prometheus};
