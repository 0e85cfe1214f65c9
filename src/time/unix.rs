//! Points in time as numbers.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seconds since 1970, negative before it.
pub(crate) fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}
