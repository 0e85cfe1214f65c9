//! The recorder that Prometheus reads: install it, render it, keep it bounded.

mod boundary;
mod declared;
mod fractional;
mod limit;
mod prometheus;
mod snapshot;
mod text;

pub use self::limit::{Limited, SeriesLimit};
pub use self::prometheus::{Builder, Prometheus};
pub use self::snapshot::{Difference, Family, Histogram, Series, Snapshot, Value};
