//! `ExemplarSlots`: the last exemplar of each place of a series.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use super::exemplar::Exemplar;
use super::exemplar_source::ExemplarSource;
use crate::cells::{ExemplarSink, Gate};

/// One slot for each bucket, or one for a counter. They exist from the registration on, so that recording never allocates.
pub(in crate::exporter) struct ExemplarSlots {
    source: Arc<ExemplarSource>,
    slots: Box<[Mutex<Option<Exemplar>>]>,
}

impl ExemplarSlots {
    pub(in crate::exporter) fn new(source: Arc<ExemplarSource>, places: usize) -> Self {
        Self {
            source,
            slots: (0..places).map(|_| Mutex::default()).collect(),
        }
    }

    pub(in crate::exporter) fn get(&self, place: usize) -> Option<Exemplar> {
        self.slots.get(place)?.lock().clone()
    }
}

impl ExemplarSink for ExemplarSlots {
    fn offer(&self, gate: Gate, place: usize, value: f64) {
        if !self.source.timer().close(gate, place) {
            return;
        }
        let Some(labels) = self.source.ask() else {
            return;
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let exemplar = Exemplar {
            labels,
            value,
            recorded_at: since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)),
        };
        // A reader copies the slot just now, so this exemplar is lost.
        let slot = self.slots.get(place).and_then(Mutex::try_lock);
        let replaced = slot.map(|mut slot| slot.replace(exemplar));
        // Without the lock.
        drop(replaced);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::ExemplarGate;
    use crate::exporter::exemplars::ExemplarLabels;

    #[test]
    fn a_record_does_not_wait_for_a_reader() {
        let supply = || Some(ExemplarLabels::trace([1; 16], [1; 8]));
        let source = Arc::new(ExemplarSource::new(Arc::new(supply)));
        let gate = Arc::new(ExemplarGate::new(ExemplarSlots::new(source, 2)));
        let slots = gate.sink();
        let reading = slots.slots[0].lock();
        gate.offer(0, 0.5);
        gate.offer(1, 1.5);
        drop(reading);
        let value = |place| slots.get(place).map(|exemplar| exemplar.value.to_string());
        assert_eq!([value(0), value(1)], [None, Some("1.5".to_owned())]);
        // The memory that the documentation names.
        assert_eq!(size_of_val(&slots.slots[0]), 56);
    }
}
