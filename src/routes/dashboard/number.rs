//! Numbers as the frames write them.

/// The significant digits of a rate or a quantile.
const DIGITS: i32 = 4;

/// `10^-9` to `10^15`.
const POWERS: [f64; 25] = [
    1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];
const LOWEST: i32 = -9;

/// Writes all digits of a number, or null if it is infinite, not a number, or missing.
pub(super) fn push_exact(text: &mut String, value: Option<f64>) {
    match value {
        Some(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the value is whole and fits"
            )]
            let whole = value as i64;
            text.push_str(itoa::Buffer::new().format(whole));
        }
        Some(value) if value.is_finite() => text.push_str(zmij::Buffer::new().format_finite(value)),
        _ => text.push_str("null"),
    }
}

/// Writes four significant digits, so that small changes are none and lines are short; null as [`push_exact`].
pub(super) fn push_rounded(text: &mut String, value: Option<f64>) {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return text.push_str("null");
    };
    let size = value.abs();
    if size < POWERS[0] {
        return text.push('0');
    }
    if size >= POWERS[POWERS.len() - 1] {
        return push_exact(text, Some(value));
    }
    if value < 0.0 {
        text.push('-');
    }
    let place = POWERS.partition_point(|power| *power <= size);
    let exponent = i32::try_from(place).unwrap_or(0) - 1 + LOWEST;
    // The value is `digits` times ten to the power of `shift`.
    let mut shift = exponent - (DIGITS - 1);
    let scaled = match shift {
        0.. => size / power_of_ten(shift),
        _ => size * power_of_ten(-shift),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it has four digits"
    )]
    let mut digits = scaled.round() as u64;
    while digits.is_multiple_of(10) && shift < 0 {
        digits /= 10;
        shift += 1;
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(digits);
    let point = i32::try_from(digits.len()).unwrap_or(0) + shift;
    match usize::try_from(point) {
        Ok(point) if shift >= 0 => {
            text.push_str(digits);
            text.extend(std::iter::repeat_n('0', point - digits.len()));
        }
        Ok(point) if point > 0 => {
            text.push_str(&digits[..point]);
            text.push('.');
            text.push_str(&digits[point..]);
        }
        _ => {
            text.push_str("0.");
            text.extend((point..0).map(|_| '0'));
            text.push_str(digits);
        }
    }
}

/// Of 0 to 15.
fn power_of_ten(exponent: i32) -> f64 {
    let place = usize::try_from(exponent - LOWEST).unwrap_or(0);
    POWERS[place.min(POWERS.len() - 1)]
}

/// Writes a string of JSON.
pub(super) fn push_string(text: &mut String, value: &str) {
    // A string can always be written.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(value: f64) -> String {
        let mut text = String::new();
        push_rounded(&mut text, Some(value));
        text
    }

    #[test]
    fn four_significant_digits_are_written() {
        let written = [
            (0.0, "0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (10.0, "10"),
            (123.456, "123.5"),
            (99_999.0, "100000"),
            (1234.5, "1235"),
            (12_345.0, "12350"),
            (0.001_234_56, "0.001235"),
            (0.000_05, "0.00005"),
            (0.1 + 0.2, "0.3"),
            (9.999_9, "10"),
            (0.099_999, "0.1"),
            (1e-12, "0"),
        ];
        for (value, expected) in written {
            assert_eq!(rounded(value), expected, "{value}");
        }
        assert_eq!(rounded(1e18).parse(), Ok(1e18), "some write e+18");
        assert_eq!(rounded(f64::NAN), "null");
        assert_eq!(rounded(f64::INFINITY), "null");
    }

    #[test]
    fn rounding_keeps_the_value() {
        for power in -9..15 {
            for digits in [1.0, 1.234_567, 5.555_55, 9.999_49, 7.0] {
                let value = digits * 10_f64.powi(power);
                let read: f64 = rounded(value).parse().unwrap();
                assert!((read - value).abs() <= value * 0.000_51, "{value} {read}");
            }
        }
    }
}
