//! The recorder that Prometheus reads: install it, render it, keep it bounded.

mod boundary;
mod builder;
mod day;
mod declared;
mod fractional;
mod history;
mod limit;
mod names;
mod openmetrics;
mod prometheus;
#[cfg(feature = "push")]
mod push;
mod snapshot;
mod source;
mod text;
mod zero;

pub use self::builder::Builder;
pub use self::history::{History, Keep, Kept, Query, Timeline};
pub use self::limit::{Limited, SeriesLimit};
pub use self::prometheus::Prometheus;
#[cfg(feature = "push")]
pub use self::push::{Pushgateway, Pushing};
pub use self::snapshot::{Difference, Family, Histogram, Series, Snapshot, Value};
#[cfg(feature = "axum")]
pub(crate) use self::zero::View;
