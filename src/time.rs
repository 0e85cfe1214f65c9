//! Points in time as numbers and as text.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seconds since 1970, negative before it.
pub(crate) fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// The time in UTC to the millisecond (RFC 3339, section 5.6). `None` for times that jiff cannot represent, such as those
/// before the year -9999.
#[cfg(feature = "health")]
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    use jiff::{Timestamp, Unit};

    let timestamp = Timestamp::try_from(time).ok()?;
    let rounded = timestamp.round(Unit::Millisecond).unwrap_or(timestamp);
    Some(format!("{rounded:.3}"))
}
