//! The request cells of the HTTP layers, and the series that show them.

use std::sync::Arc;

use metrics::Key;

use super::links::Part;
use super::store::Store;
use super::stored_family::Shape;
use super::stored_series::StoredSeries;
use crate::catalog::Kind;
use crate::cells::RequestCells;
use crate::recorder::RequestRecorder;

impl Store {
    /// Returns the series of a key if it has a place of its own.
    fn own_series(&self, instrument: Kind, key: &Key) -> Option<Arc<StoredSeries>> {
        let series = self.register(instrument, key)?;
        series.has_place.then_some(series)
    }
}

impl RequestRecorder for Store {
    fn request_cells(
        &self,
        in_progress: Option<&Key>,
        duration: &Key,
    ) -> Option<Arc<RequestCells>> {
        let duration = self.own_series(Kind::Histogram, duration)?;
        let Shape::Histogram(buckets) = &duration.family.shape else {
            return None;
        };
        let gauge = match in_progress {
            Some(key) => Some(self.own_series(Kind::Gauge, key)?),
            None => None,
        };
        let _linking = self.linking.lock();
        let is_of_gauge = |cells: &Arc<RequestCells>| match &gauge {
            Some(gauge) => gauge
                .links
                .iter()
                .any(|link| Arc::ptr_eq(&link.cells, cells)),
            None => false,
        };
        let mut known = duration.links.iter().map(|link| &link.cells);
        if let Some(cells) = known.find(|cells| is_of_gauge(cells)) {
            return Some(Arc::clone(cells));
        }
        let cells = Arc::new(RequestCells::new(Arc::clone(&buckets.bounds)));
        duration.links.add(&cells, Part::Duration);
        if let Some(gauge) = gauge {
            gauge.links.add(&cells, Part::InProgress);
        }
        Some(cells)
    }

    fn ending_slot(&self, cells: &Arc<RequestCells>, requests: &Key) -> Option<usize> {
        let counter = self.own_series(Kind::Counter, requests)?;
        if !matches!(counter.family.shape, Shape::Counter) {
            return None;
        }
        let _linking = self.linking.lock();
        let slots = counter
            .links
            .iter()
            .filter(|link| Arc::ptr_eq(&link.cells, cells));
        let known = slots.filter_map(|link| match link.part {
            Part::Ending(slot) => Some(slot),
            Part::InProgress | Part::Duration => None,
        });
        if let Some(slot) = known.last() {
            return Some(slot);
        }
        let slot = cells.take_slot()?;
        counter.links.add(cells, Part::Ending(slot));
        Some(slot)
    }
}
