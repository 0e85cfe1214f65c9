//! The driver crates whose clients and pools the checks accept, re-exported in the version that this crate uses.
//!
//! A new major version of a driver is a new major version of this crate.

#[cfg(feature = "check-rabbitmq")]
pub use lapin;
#[cfg(feature = "check-redis")]
pub use redis;
#[cfg(any(feature = "check-postgres", feature = "check-sqlite"))]
pub use sqlx;
