//! `Format`: a value as people read it.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Plain,
    Percent,
    Bytes,
    Seconds,
}

impl Format {
    /// The format of this name. The plain one has none.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "" => Some(Self::Plain),
            "percent" => Some(Self::Percent),
            "bytes" => Some(Self::Bytes),
            "seconds" => Some(Self::Seconds),
            _ => None,
        }
    }

    pub(super) fn apply(self, value: f64) -> String {
        match self {
            Self::Percent => [&*digits(value * 100.0), "%"].concat(),
            Self::Bytes if value.is_finite() => bytes(value),
            Self::Seconds if value.is_finite() => seconds(value),
            Self::Plain | Self::Bytes | Self::Seconds => digits(value),
        }
    }
}

/// Four significant digits, but all digits before the point.
fn digits(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return value
            .abs()
            .to_string()
            .replace("inf", if value < 0.0 { "-Inf" } else { "+Inf" });
    }
    let mut places = 3;
    let mut shifted = value.abs();
    while shifted >= 10.0 && places > 0 {
        shifted /= 10.0;
        places -= 1;
    }
    while shifted < 1.0 && places < 20 {
        shifted *= 10.0;
        places += 1;
    }
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn bytes(mut value: f64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    for next in units {
        if value.abs() < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    [&*digits(value), unit].concat()
}

fn seconds(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    if value == 0.0 {
        return "0s".to_owned();
    }
    for (limit, factor, unit) in [(1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (60.0, 1.0, "s")] {
        if value < limit {
            return [sign, &digits(value * factor), unit].concat();
        }
    }
    let Ok(duration) = Duration::try_from_secs_f64(value) else {
        return [sign, &digits(value), "s"].concat();
    };
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts = parts.into_iter().skip_while(|(count, _)| *count == 0);
    let parts: Vec<_> = parts
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    [sign, &parts.join(" ")].concat()
}
