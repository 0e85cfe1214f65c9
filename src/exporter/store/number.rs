//! Numbers as the text formats write them.

use std::fmt::Write;

/// Whole numbers up to here are written without exponent and point.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) fn write_integer(number: u64, text: &mut String) {
    text.push_str(itoa::Buffer::new().format(number));
}

/// Writes the shortest text that reads as the same number.
pub(super) fn write_float(number: f64, text: &mut String) {
    if !number.is_finite() {
        text.push_str(match number {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        });
    } else if number.fract() == 0.0 && number.abs() <= MAX_WHOLE {
        if number.is_sign_negative() {
            text.push('-');
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number below 2^53"
        )]
        write_integer(number.abs() as u64, text);
    } else {
        text.push_str(zmij::Buffer::new().format_finite(number));
    }
}

/// Writes milliseconds as seconds.
pub(super) fn write_seconds(millis: u64, text: &mut String) {
    write_integer(millis / 1000, text);
    // Writing to a string does not fail.
    let _ = write!(text, ".{:03}", millis % 1000);
}

/// Writes a bound like Go's `%g`, with `.0` after a whole number (`OpenMetrics` 1.0, "Canonical Numbers").
pub(super) fn write_canonical(number: f64, text: &mut String) {
    // Writing to a string does not fail.
    if !number.is_finite() {
        write_float(number, text);
    } else if number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
        let _ = write!(text, "{number:?}");
    } else {
        let scientific = format!("{number:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        let _ = write!(text, "{mantissa}e{sign}{digits:0>2}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64, write: fn(f64, &mut String)) -> String {
        let mut text = String::new();
        write(number, &mut text);
        text
    }

    #[test]
    fn floats_are_short_and_exact() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-12.0, "-12"),
            (0.25, "0.25"),
            (1e15, "1000000000000000"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(written(number, write_float), expected);
        }
        for number in [1e300, 1e-300, 0.1 + 0.2, f64::MAX, f64::MIN_POSITIVE, 1e17] {
            assert_eq!(written(number, write_float).parse(), Ok(number));
        }
    }

    #[test]
    fn milliseconds_become_seconds() {
        for (millis, expected) in [
            (1_520_879_607_789, "1520879607.789"),
            (5, "0.005"),
            (60_000, "60.000"),
        ] {
            let mut text = String::new();
            write_seconds(millis, &mut text);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn bounds_become_canonical_numbers() {
        for (bound, expected) in [
            (0.0, "0.0"),
            (0.005, "0.005"),
            (10.0, "10.0"),
            (0.25, "0.25"),
            (100_000.0, "100000.0"),
            (1_000_000.0, "1e+06"),
            (1_048_576.0, "1.048576e+06"),
            (67_108_864.0, "6.7108864e+07"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (123_456.5, "123456.5"),
            (-2.5, "-2.5"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(written(bound, write_canonical), expected);
        }
    }
}
