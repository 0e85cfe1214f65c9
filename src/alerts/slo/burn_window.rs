//! `BurnWindow`: a window that burn rates are computed over.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A window that burn rates are computed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum BurnWindow {
    /// `5m`.
    #[serde(rename = "5m")]
    Minutes5,
    /// `30m`.
    #[serde(rename = "30m")]
    Minutes30,
    /// `1h`.
    #[serde(rename = "1h")]
    Hour1,
    /// `2h`.
    #[serde(rename = "2h")]
    Hours2,
    /// `6h`.
    #[serde(rename = "6h")]
    Hours6,
    /// `1d`.
    #[serde(rename = "1d")]
    Day1,
    /// `3d`.
    #[serde(rename = "3d")]
    Days3,
}

impl BurnWindow {
    /// All windows, the shortest first.
    pub const ALL: [Self; 7] = [
        Self::Minutes5,
        Self::Minutes30,
        Self::Hour1,
        Self::Hours2,
        Self::Hours6,
        Self::Day1,
        Self::Days3,
    ];

    /// The window as in `PromQL` and JSON: `5m`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes5 => "5m",
            Self::Minutes30 => "30m",
            Self::Hour1 => "1h",
            Self::Hours2 => "2h",
            Self::Hours6 => "6h",
            Self::Day1 => "1d",
            Self::Days3 => "3d",
        }
    }

    /// Its length.
    #[must_use]
    pub const fn duration(self) -> Duration {
        let minutes = match self {
            Self::Minutes5 => 5,
            Self::Minutes30 => 30,
            Self::Hour1 => 60,
            Self::Hours2 => 2 * 60,
            Self::Hours6 => 6 * 60,
            Self::Day1 => 24 * 60,
            Self::Days3 => 3 * 24 * 60,
        };
        Duration::from_secs(minutes * 60)
    }
}

impl fmt::Display for BurnWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
