//! `SloSeverity`: the urgency of an alert of an SLO.

use std::fmt;

use serde::Serialize;

use super::burn_pair::BurnPair;
use super::burn_window::BurnWindow;
use crate::alerts::level::Level;

/// The urgency of an alert of an SLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SloSeverity {
    /// The budget burns so fast that somebody must act now.
    Page,
    /// The budget burns slowly. Somebody should look at it during work hours.
    Ticket,
}

impl SloSeverity {
    /// Both, the more urgent one first.
    pub const ALL: [Self; 2] = [Self::Page, Self::Ticket];

    /// `page` or `ticket`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }

    /// The level of the alert.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Page => Level::Critical,
            Self::Ticket => Level::Warning,
        }
    }

    /// The pairs of windows, of which one is enough for the alert.
    #[must_use]
    pub const fn pairs(self) -> [BurnPair; 2] {
        match self {
            Self::Page => [
                BurnPair::new(BurnWindow::Hour1, BurnWindow::Minutes5, 14.4),
                BurnPair::new(BurnWindow::Hours6, BurnWindow::Minutes30, 6.0),
            ],
            Self::Ticket => [
                BurnPair::new(BurnWindow::Day1, BurnWindow::Hours2, 3.0),
                BurnPair::new(BurnWindow::Days3, BurnWindow::Hours6, 1.0),
            ],
        }
    }
}

impl fmt::Display for SloSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
