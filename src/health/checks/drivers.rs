//! The crates that the checks of servers speak through, in the versions they take clients and pools of.
//!
//! A new major version of one of them is a new major version of this crate.

#[cfg(feature = "check-rabbitmq")]
pub use lapin;
#[cfg(feature = "check-redis")]
pub use redis;
#[cfg(any(feature = "check-postgres", feature = "check-sqlite"))]
pub use sqlx;
