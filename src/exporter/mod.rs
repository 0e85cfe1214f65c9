//! The recorder that Prometheus reads: install it, render it, keep it bounded.

mod boundary;
mod day;
mod declared;
mod fractional;
mod limit;
mod openmetrics;
mod prometheus;
#[cfg(feature = "push")]
mod push;
mod snapshot;
mod text;
mod upkeep;
mod zero;

pub use self::limit::{Limited, SeriesLimit};
pub use self::prometheus::{Builder, Prometheus};
#[cfg(feature = "push")]
pub use self::push::{Pushgateway, Pushing};
pub use self::snapshot::{Difference, Family, Histogram, Series, Snapshot, Value};
#[cfg(feature = "axum")]
pub(crate) use self::zero::View;
