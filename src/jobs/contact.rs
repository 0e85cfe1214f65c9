//! `Contact`: whether the history can be reached, and how fresh it is.

use std::collections::BTreeMap;
use std::time::SystemTime;

use metrics::Gauge;
use parking_lot::Mutex;

use super::history_status::HistoryStatus;
use crate::catalog::{MONITORING_HISTORY_LAST_WRITE, MONITORING_HISTORY_UP};
use crate::error::{Error, logged};
use crate::recorder::{LazyHandle, RecorderRef};
use crate::time::unix_seconds;

/// The `store` label of the metrics.
const STORE: &str = "jobs";

#[derive(Debug)]
pub(super) struct Contact {
    calls: Mutex<Calls>,
    up: LazyHandle<Gauge>,
    last_write: LazyHandle<Gauge>,
}

#[derive(Debug, Default)]
struct Calls {
    /// The operations whose last call failed.
    failing: BTreeMap<&'static str, Failure>,
    has_answered: bool,
    last_write: Option<SystemTime>,
    judged_at: Option<SystemTime>,
}

#[derive(Debug)]
struct Failure {
    since: SystemTime,
    /// Redacted.
    error: String,
}

impl Contact {
    pub(super) fn new(recorder: &RecorderRef) -> Self {
        Self {
            calls: Mutex::default(),
            up: LazyHandle::new(recorder, MONITORING_HISTORY_UP.key([STORE.into()])),
            last_write: LazyHandle::new(
                recorder,
                MONITORING_HISTORY_LAST_WRITE.key([STORE.into()]),
            ),
        }
    }

    /// Notes the latest result of an operation.
    pub(super) fn update<T>(&self, operation: &'static str, result: &Result<T, Error>) {
        let error = result.as_ref().err().map(|error| logged(error));
        let now = SystemTime::now();
        let mut calls = self.calls.lock();
        match error {
            None => {
                calls.failing.remove(operation);
                calls.has_answered = true;
            }
            Some(error) => {
                let since = calls.failing.get(operation).map_or(now, |it| it.since);
                calls.failing.insert(operation, Failure { since, error });
            }
        }
        drop(calls);
        self.record();
    }

    /// Notes that the history has accepted a write.
    pub(super) fn wrote(&self) {
        self.calls.lock().last_write = Some(SystemTime::now());
        self.record();
    }

    /// Notes that all jobs were compared with their expectations.
    pub(super) fn judged(&self) {
        self.calls.lock().judged_at = Some(SystemTime::now());
    }

    /// Sets the gauges. Without an answer or a failure, nothing is known yet.
    pub(super) fn record(&self) {
        let calls = self.calls.lock();
        let is_up = calls.failing.is_empty();
        let is_known = !is_up || calls.has_answered;
        let last_write = calls.last_write;
        drop(calls);
        if is_known {
            self.up
                .record(|gauge| gauge.set(f64::from(u8::from(is_up))));
        }
        if let Some(at) = last_write {
            self.last_write.record(|gauge| gauge.set(unix_seconds(at)));
        }
    }

    pub(super) fn status(&self, waiting_events: usize, unreadable_rows: u64) -> HistoryStatus {
        let calls = self.calls.lock();
        let first = calls
            .failing
            .iter()
            .min_by_key(|(_, failure)| failure.since);
        HistoryStatus {
            is_up: first.is_none(),
            down_since: first.map(|(_, failure)| failure.since),
            reason: first.map(|(operation, failure)| {
                format!("the job history cannot {operation}: {}", failure.error)
            }),
            last_write_at: calls.last_write,
            judged_at: calls.judged_at,
            waiting_events,
            unreadable_rows,
        }
    }
}
