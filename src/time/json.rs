//! Times and durations in JSON.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_millis;
use serde::{Serialize, Serializer};

/// UTC with milliseconds (RFC 3339, section 5.6). `None` before 1970 and after the year 9999, which the format cannot express.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    let rounded = time.checked_add(Duration::from_micros(500))?;
    rounded.duration_since(UNIX_EPOCH).ok()?;
    let mut text = String::new();
    write!(text, "{}", format_rfc3339_millis(rounded)).ok()?;
    Some(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_milliseconds_and_those_that_have_no_text_have_none() {
        let at = |nanos| rfc3339(UNIX_EPOCH + Duration::from_nanos(nanos));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(at(0), text("1970-01-01T00:00:00.000Z"));
        assert_eq!(
            at(1_784_000_000_123_499_999),
            text("2026-07-14T03:33:20.123Z")
        );
        assert_eq!(
            at(1_784_000_000_123_500_000),
            text("2026-07-14T03:33:20.124Z")
        );
        assert_eq!(
            at(951_782_399_999_600_000),
            text("2000-02-29T00:00:00.000Z")
        );
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), None);
        let year_9999 = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        assert_eq!(rfc3339(year_9999), text("9999-12-31T23:59:59.000Z"));
        assert_eq!(rfc3339(year_9999 + Duration::from_secs(1)), None);
    }
}
