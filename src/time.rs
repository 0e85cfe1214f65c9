//! Times as they are written.

use std::time::SystemTime;

use jiff::{Timestamp, Unit};

/// UTC, to the millisecond (RFC 3339, section 5.6). A time that jiff cannot tell, before the year -9999, is left out.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let timestamp = Timestamp::try_from(time).ok()?;
    let rounded = timestamp.round(Unit::Millisecond).unwrap_or(timestamp);
    Some(format!("{rounded:.3}"))
}
