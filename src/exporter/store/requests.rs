//! The request cells of the HTTP layers, and the series that show them.

use std::sync::Arc;

use metrics::Key;

use super::family_info::Shape;
use super::links::Part;
use super::store::Store;
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
        // Request cells have no exponential buckets, so the layer records through the facade's handles.
        if buckets.native.is_some() {
            return None;
        }
        let gauge = match in_progress {
            Some(key) => Some(self.own_series(Kind::Gauge, key)?),
            None => None,
        };
        let _linking = self.linking.lock();
        let part = Part::Duration {
            has_gauge: gauge.is_some(),
        };
        let shows = |gauge: &Arc<StoredSeries>, cells| {
            let mut links = gauge.links.iter();
            links.any(|link| Arc::ptr_eq(&link.cells, cells))
        };
        let known = duration.links.iter().find(|link| {
            let is_of_gauge = gauge.as_ref().is_none_or(|gauge| shows(gauge, &link.cells));
            link.part == part && is_of_gauge
        });
        if let Some(known) = known {
            return Some(Arc::clone(&known.cells));
        }
        let mut cells = RequestCells::new(Arc::clone(&buckets.bounds));
        if let Some(exemplars) = &duration.exemplars {
            cells = cells.with_exemplars(Arc::clone(exemplars) as _);
        }
        let cells = Arc::new(cells);
        duration.links.add(&cells, part);
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
            Part::InProgress | Part::Duration { .. } => None,
        });
        if let Some(slot) = known.last() {
            return Some(slot);
        }
        let slot = cells.take_slot()?;
        if let Some(exemplars) = &counter.exemplars {
            cells.offer_endings(slot, Arc::clone(exemplars) as _);
        }
        counter.links.add(cells, Part::Ending(slot));
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use metrics::Label;

    use super::*;
    use crate::exporter::store::tests::store;

    fn key(name: &'static str, label: &'static str) -> Key {
        Key::from_parts(name, vec![Label::new("v", label)])
    }

    #[test]
    fn the_same_keys_have_the_same_cells_and_slots() {
        let store = store(10);
        let (gauge, wait) = (key("open", "a"), key("wait_seconds", "a"));
        for gauge in [Some(&gauge), None] {
            let cells = store.request_cells(gauge, &wait).unwrap();
            assert!(Arc::ptr_eq(
                &cells,
                &store.request_cells(gauge, &wait).unwrap()
            ));
            for slot in [0, 1, 1, 2, 3] {
                let total = key("total", ["w", "x", "y", "z"][slot]);
                assert_eq!(store.ending_slot(&cells, &total), Some(slot));
            }
            assert_eq!(store.ending_slot(&cells, &key("total", "fifth")), None);
        }
        let both = store.request_cells(Some(&gauge), &wait).unwrap();
        let alone = store.request_cells(None, &wait).unwrap();
        assert!(!Arc::ptr_eq(&both, &alone));
    }

    #[test]
    fn series_add_their_own_values_and_those_of_the_cells() {
        let store = store(10);
        let (gauge, wait, total) = (
            key("open", "a"),
            key("wait_seconds", "a"),
            key("total", "a"),
        );
        let cells = store.request_cells(Some(&gauge), &wait).unwrap();
        let slot = store.ending_slot(&cells, &total).unwrap();
        for _ in 0..3 {
            cells.begin();
        }
        cells.end(slot, 50_000_000);
        cells.end(slot, 2_000_000_000);
        let series = store.register(Kind::Counter, &total).unwrap();
        metrics::CounterFn::increment(&*series, 5);
        assert!((series.total().as_f64() - 7.0).abs() < f64::EPSILON);
        let series = store.register(Kind::Gauge, &gauge).unwrap();
        metrics::GaugeFn::increment(&*series, 0.5);
        assert!((series.gauge() - 1.5).abs() < f64::EPSILON);
        let series = store.register(Kind::Histogram, &wait).unwrap();
        metrics::HistogramFn::record(&*series, 0.25);
        let mut counts = Vec::new();
        assert!((series.histogram(&mut counts) - 2.3).abs() < 1e-9);
        assert_eq!(counts, [1, 1, 1]);
    }

    #[test]
    fn series_without_a_place_have_no_cells() {
        let store = store(1);
        store
            .register(Kind::Histogram, &key("wait_seconds", "a"))
            .unwrap();
        assert!(
            store
                .request_cells(None, &key("wait_seconds", "b"))
                .is_none()
        );
        assert!(
            store
                .request_cells(None, &key("wait_seconds", "a"))
                .is_some()
        );
        let (open, wait) = (key("open", "b"), key("wait_seconds", "a"));
        store.register(Kind::Gauge, &key("open", "a")).unwrap();
        assert!(store.request_cells(Some(&open), &wait).is_none());
    }
}
