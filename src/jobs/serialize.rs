//! `serialize_with` functions for the JSON of the routes. Each accepts a value or an `Option` of it.

use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

use crate::time::rfc3339;

/// RFC 3339, or null.
pub(super) fn time<T, S>(time: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Copy + Into<Option<SystemTime>>,
    S: Serializer,
{
    let time: Option<SystemTime> = (*time).into();
    time.and_then(rfc3339).serialize(serializer)
}

/// Seconds, or null.
pub(super) fn seconds<T, S>(duration: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Copy + Into<Option<Duration>>,
    S: Serializer,
{
    let duration: Option<Duration> = (*duration).into();
    duration
        .map(|duration| duration.as_secs_f64())
        .serialize(serializer)
}
