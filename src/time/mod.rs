//! Times and durations as numbers and in JSON.

#[cfg(feature = "health")]
mod json;
#[cfg(any(feature = "alerts", feature = "otel"))]
mod later;
mod unix;

#[cfg(feature = "jobs")]
pub(crate) use self::json::serialize_seconds;
#[cfg(feature = "health")]
pub(crate) use self::json::{milliseconds, rfc3339, serialize_milliseconds, serialize_rfc3339};
#[cfg(feature = "alerts")]
pub(crate) use self::later::later;
#[cfg(any(feature = "alerts", feature = "otel"))]
pub(crate) use self::later::later_instant;
pub(crate) use self::unix::unix_seconds;
