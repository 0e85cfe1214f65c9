//! [`ClientMetricsLayer`](super::ClientMetricsLayer) around `reqwest::Client`, for each major version of reqwest.

#[macro_use]
mod measured;
#[cfg(feature = "reqwest-0-12")]
pub mod v0_12;
#[cfg(feature = "reqwest-0-13")]
pub mod v0_13;
