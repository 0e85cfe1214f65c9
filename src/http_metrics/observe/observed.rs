//! `Observed`: the handles of a request that has an observer.

use std::sync::Arc;

use parking_lot::Mutex;

use super::observer::Observer;

/// The series that the request is measured under, if it is measured, and its observer.
pub(crate) struct Observed<S> {
    measured: Mutex<Option<Arc<S>>>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl<S> Observed<S> {
    pub(crate) fn new(measured: Option<Arc<S>>, observer: Arc<dyn Observer>) -> Self {
        Self {
            measured: Mutex::new(measured),
            observer,
        }
    }

    pub(crate) fn measured(&self) -> Option<Arc<S>> {
        self.measured.lock().clone()
    }

    pub(crate) fn set_measured(&self, series: Arc<S>) {
        *self.measured.lock() = Some(series);
    }
}
