//! Times, as the databases hold them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) use crate::sql::time::{from_text, to_text};
use crate::time::unix_seconds;

/// Seconds since 1970, which are exact to the microsecond.
pub(super) fn to_seconds(time: SystemTime) -> f64 {
    unix_seconds(time).max(0.0)
}

pub(super) fn from_seconds(seconds: f64) -> SystemTime {
    let micros = Duration::try_from_secs_f64((seconds * 1e6).round()).unwrap_or_default();
    let since = Duration::from_micros(micros.as_secs());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
