//! `FilterState`: the filter in effect, and the one that returns after it.

use std::time::SystemTime;

use super::expiry::Expiry;
use super::log_level_status::LogLevelStatus;
use crate::log_filter::LogFilter;

pub(super) struct FilterState {
    /// From the start.
    configured: LogFilter,
    /// The last one that was set without an end.
    lasting: LogFilter,
    temporary: Option<Temporary>,
    /// The id of the last change.
    last_change: u64,
}

/// A filter with an end.
pub(super) struct Temporary {
    filter: LogFilter,
    until: Option<SystemTime>,
    /// Ends the wait when it is dropped.
    _expiry: Expiry,
}

impl FilterState {
    pub(super) fn new(filter: LogFilter) -> Self {
        Self {
            configured: filter.clone(),
            lasting: filter,
            temporary: None,
            last_change: 0,
        }
    }

    pub(super) fn in_effect(&self) -> &LogFilter {
        let temporary = self.temporary.as_ref();
        temporary.map_or(&self.lasting, |temporary| &temporary.filter)
    }

    pub(super) fn lasting(&self) -> &LogFilter {
        &self.lasting
    }

    /// Whether the filter in effect has an end, and is that of this change.
    pub(super) fn ends(&self, change: u64) -> bool {
        self.temporary.is_some() && self.last_change == change
    }

    /// Returns the former filter if it had an end. The caller drops it without the lock.
    pub(super) fn set(
        &mut self,
        change: u64,
        filter: LogFilter,
        until: Option<SystemTime>,
        expiry: Option<Expiry>,
    ) -> Option<Temporary> {
        self.last_change = change;
        let Some(expiry) = expiry else {
            self.lasting = filter;
            return self.temporary.take();
        };
        self.temporary.replace(Temporary {
            filter,
            until,
            _expiry: expiry,
        })
    }

    pub(super) fn status(&self) -> LogLevelStatus {
        let temporary = self.temporary.as_ref();
        LogLevelStatus {
            filter: self.in_effect().redacted(),
            until: temporary.and_then(|temporary| temporary.until),
            returns_to: temporary.map(|_| self.lasting.redacted()),
            configured: self.configured.redacted(),
        }
    }
}
