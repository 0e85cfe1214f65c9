//! `CurrentSeries`: the series of a request that a layer inside may still change.

use std::sync::Arc;

use parking_lot::Mutex;

use super::series::Series;

/// The series of a request, until its layer takes it.
pub(crate) struct CurrentSeries(Mutex<Option<Arc<Series>>>);

impl CurrentSeries {
    pub(crate) fn new(series: Arc<Series>) -> Self {
        Self(Mutex::new(Some(series)))
    }

    /// Counts the request under another series. It moves from gauge to gauge.
    pub(crate) fn change(&self, series: Arc<Series>) {
        let mut current = self.0.lock();
        if let Some(current) = &mut *current {
            series.in_progress.increment(1.0);
            current.in_progress.decrement(1.0);
            *current = series;
        }
    }

    pub(crate) fn take(&self) -> Option<Arc<Series>> {
        self.0.lock().take()
    }
}
