//! `HistoryQuery`: the wanted part of the history.

use std::time::SystemTime;

use super::event::Event;
use crate::alerts::state::AlertId;

/// The wanted part of the history, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryQuery {
    /// Only this ledger.
    pub ledger: Option<String>,
    /// Only events of this alert.
    pub alert: Option<AlertId>,
    /// Only events at this time or later.
    pub since: Option<SystemTime>,
    /// The position after the page before, from [`HistoryPage::next`].
    pub before: Option<u64>,
    /// The most events.
    pub limit: usize,
}

impl HistoryQuery {
    /// The latest events of all ledgers, at most this many.
    #[must_use]
    pub fn latest(limit: usize) -> Self {
        Self {
            ledger: None,
            alert: None,
            since: None,
            before: None,
            limit,
        }
    }
}

/// A page of the history.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct HistoryPage {
    /// The events, the latest first.
    pub events: Vec<Event>,
    /// The position of the next page, or `None` on the last one.
    pub next: Option<u64>,
}

impl HistoryPage {
    /// A page.
    #[must_use]
    pub fn new(events: Vec<Event>, next: Option<u64>) -> Self {
        Self { events, next }
    }
}
