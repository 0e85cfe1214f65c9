//! Times in messages.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// The time. Times outside the years -9999 to 9999 become the nearest time inside.
pub(super) fn timestamp(time: SystemTime) -> Timestamp {
    let nearest = if time < UNIX_EPOCH {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::try_from(time).unwrap_or(nearest)
}

/// As RFC 3339, in UTC.
pub(super) fn rfc3339(time: SystemTime) -> String {
    timestamp(time).to_string()
}

/// As people read it: `2026-11-29 02:43:44 UTC`.
pub(super) fn readable(time: SystemTime) -> String {
    timestamp(time)
        .strftime("%Y-%m-%d %H:%M:%S UTC")
        .to_string()
}
