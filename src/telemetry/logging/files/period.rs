//! `Period`: a day or an hour, after which a file is rotated.

use std::time::SystemTime;

use jiff::Timestamp;

/// How often a file is rotated by time, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Hour,
}

impl Period {
    /// The day or hour of a time, as in the names of backups: `2026-11-28`, `2026-11-28_13`.
    pub(super) fn name(self, time: SystemTime) -> String {
        let format = match self {
            Self::Day => "%Y-%m-%d",
            Self::Hour => "%Y-%m-%d_%H",
        };
        Timestamp::try_from(time)
            .unwrap_or_default()
            .strftime(format)
            .to_string()
    }
}

/// Whether a text is the name of a day or an hour.
pub(super) fn is_period(name: &str) -> bool {
    const FORM: &[u8] = b"dddd-dd-dd_dd";
    let name = name.as_bytes();
    (name.len() == 10 || name.len() == 13)
        && name.iter().zip(FORM).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => byte == form,
        })
}
