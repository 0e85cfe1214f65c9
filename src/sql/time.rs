//! Times, as the databases hold them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

/// RFC 3339 in UTC, to the microsecond. All texts have the same length, so their order is that of the times. Times outside of the
/// years 1 to 9999 are clamped.
pub(crate) fn to_text(time: SystemTime) -> String {
    formatted(time, "%Y-%m-%dT%H:%M:%S%.6fZ")
}

/// [`to_text`] with nanoseconds.
pub(crate) fn to_exact_text(time: SystemTime) -> String {
    formatted(time, "%Y-%m-%dT%H:%M:%S%.9fZ")
}

pub(crate) fn from_text(text: &str) -> Option<SystemTime> {
    text.parse::<Timestamp>().ok().map(SystemTime::from)
}

fn formatted(time: SystemTime, format: &str) -> String {
    let (first, last) = (new_year(1), new_year(9999));
    let time = Timestamp::try_from(time).unwrap_or(if time < UNIX_EPOCH { first } else { last });
    time.clamp(first, last).strftime(format).to_string()
}

fn new_year(year: i16) -> Timestamp {
    let begin = date(year, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
    begin.map_or(Timestamp::UNIX_EPOCH, |begin| begin.timestamp())
}
