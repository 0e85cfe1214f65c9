//! Durations in settings and in query strings.

use std::time::Duration;

/// Parses a number of seconds, or a number and a unit: `300`, `500ms`, `1.5s`, `5m`, `1h`.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let with_unit = |(unit, seconds)| Some((text.strip_suffix(unit)?.trim_end(), seconds));
    let (number, seconds) = UNITS.into_iter().find_map(with_unit).unwrap_or((text, 1.0));
    // Rust also parses `1e3`, `inf`, `NaN` and `-0` as numbers.
    let is_decimal = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = is_decimal.then(|| number.parse().ok()).flatten()?;
    Duration::try_from_secs_f64(number * seconds).ok()
}
