//! Times and durations in JSON.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, Unit};
use serde::{Serialize, Serializer};

/// UTC with milliseconds (RFC 3339, section 5.6). `None` before the year -9999, which jiff cannot represent.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let timestamp = Timestamp::try_from(time).ok()?;
    let rounded = timestamp.round(Unit::Millisecond).unwrap_or(timestamp);
    Some(format!("{rounded:.3}"))
}

/// Milliseconds, rounded down to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Serializes a `SystemTime` or an `Option<SystemTime>`.
pub(crate) fn serialize_rfc3339<T, S>(time: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Copy + Into<Option<SystemTime>>,
    S: Serializer,
{
    (*time).into().and_then(rfc3339).serialize(serializer)
}

/// Serializes a `Duration` or an `Option<Duration>`.
pub(crate) fn serialize_milliseconds<D, S>(duration: &D, serializer: S) -> Result<S::Ok, S::Error>
where
    D: Copy + Into<Option<Duration>>,
    S: Serializer,
{
    (*duration).into().map(milliseconds).serialize(serializer)
}

#[cfg(feature = "jobs")]
pub(crate) fn serialize_seconds<D, S>(duration: &D, serializer: S) -> Result<S::Ok, S::Error>
where
    D: Copy + Into<Option<Duration>>,
    S: Serializer,
{
    let seconds = |duration: Duration| duration.as_secs_f64();
    (*duration).into().map(seconds).serialize(serializer)
}
