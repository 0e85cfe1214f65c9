//! Times, as the databases hold them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use crate::time::unix_seconds;

/// RFC 3339 in UTC, to the microsecond. All texts have the same length, so their order is that of the times.
pub(super) fn to_text(time: SystemTime) -> String {
    // Times outside of the years 1 to 9999 are clamped.
    let (first, last) = (new_year(1), new_year(9999));
    let time = Timestamp::try_from(time).unwrap_or(if time < UNIX_EPOCH { first } else { last });
    let time = time.clamp(first, last);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn new_year(year: i16) -> Timestamp {
    let begin = jiff::civil::date(year, 1, 1).at(0, 0, 0, 0);
    let begin = begin.to_zoned(jiff::tz::TimeZone::UTC);
    begin.map_or(Timestamp::UNIX_EPOCH, |begin| begin.timestamp())
}

pub(super) fn from_text(text: &str) -> Option<SystemTime> {
    text.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// Seconds since 1970, which are exact to the microsecond.
pub(super) fn to_seconds(time: SystemTime) -> f64 {
    unix_seconds(time).max(0.0)
}

pub(super) fn from_seconds(seconds: f64) -> SystemTime {
    let micros = Duration::try_from_secs_f64((seconds * 1e6).round()).unwrap_or_default();
    let since = Duration::from_micros(micros.as_secs());
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}
