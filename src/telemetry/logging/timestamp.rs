//! `Timestamp`: the time of a line.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// The last second of the year 9999, which is the last that RFC 3339 can express.
const LAST: i64 = 253_402_207_200;

/// Writes times, and keeps the text of the last second.
#[derive(Debug, Default)]
pub(super) struct Timestamp {
    second: Option<i64>,
    /// `2026-11-29T13:36:05`.
    text: Vec<u8>,
}

impl Timestamp {
    /// Appends the time in UTC with microseconds (RFC 3339, section 5.6). Times before 1970 are written as its start.
    pub(super) fn push(&mut self, line: &mut Vec<u8>, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = i64::try_from(since.as_secs()).unwrap_or(LAST).min(LAST);
        if self.second != Some(second) {
            self.text.clear();
            let time = jiff::Timestamp::from_second(second).unwrap_or_default();
            // Writing to a vector cannot fail.
            let _ = write!(self.text, "{time}");
            self.text.truncate("2026-11-29T13:36:05".len());
            self.second = Some(second);
        }
        line.extend_from_slice(&self.text);
        let mut digits = *b".000000Z";
        let mut micros = since.subsec_micros();
        for digit in digits[1..7].iter_mut().rev() {
            *digit += u8::try_from(micros % 10).unwrap_or_default();
            micros /= 10;
        }
        line.extend_from_slice(&digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_have_microseconds_and_are_never_out_of_range() {
        let mut timestamp = Timestamp::default();
        let mut text = |time| {
            let mut line = Vec::new();
            timestamp.push(&mut line, time);
            String::from_utf8(line).unwrap()
        };
        let at = |nanos| UNIX_EPOCH + Duration::from_nanos(nanos);
        assert_eq!(text(at(0)), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            text(at(1_784_000_000_123_456_999)),
            "2026-07-14T03:33:20.123456Z"
        );
        assert_eq!(
            text(at(1_784_000_000_000_007_000)),
            "2026-07-14T03:33:20.000007Z"
        );
        assert_eq!(
            text(at(951_782_400_000_000_000)),
            "2000-02-29T00:00:00.000000Z"
        );
        assert_eq!(
            text(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00.000000Z"
        );
        let late = UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert!(text(late).starts_with("9999-12-3"), "{}", text(late));
    }
}
