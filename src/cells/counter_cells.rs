//! [`CounterCells`].

use super::line::{add_alone, at};
use super::own_cells::OwnCells;
use super::sync::{AtomicU64, Ordering::Relaxed};

/// A counter. Each cell only rises, so the values that one reader sees never fall.
pub(crate) struct CounterCells {
    shared: AtomicU64,
    own: OwnCells,
}

impl CounterCells {
    pub(crate) fn new() -> Self {
        Self {
            shared: AtomicU64::new(0),
            own: OwnCells::new(),
        }
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        match self.own.get() {
            Some(own) => add_alone(at(own, 0), count, Relaxed),
            None => self.add_shared(count),
        }
    }

    #[cold]
    fn add_shared(&self, count: u64) {
        let old = self.shared.fetch_add(count, Relaxed);
        self.own.promote_if_due(old, count, 1);
    }

    /// Raises the value to `total`, if it is lower.
    pub(crate) fn raise_to(&self, total: u64) {
        let mut shared = self.shared.load(Relaxed);
        loop {
            // An addition to an own cell after this reading counts as one after the raise.
            let wanted = total.saturating_sub(self.own_sum());
            if wanted <= shared {
                return;
            }
            match self
                .shared
                .compare_exchange_weak(shared, wanted, Relaxed, Relaxed)
            {
                Ok(_) => return,
                Err(now) => shared = now,
            }
        }
    }

    pub(crate) fn value(&self) -> u64 {
        self.shared.load(Relaxed).wrapping_add(self.own_sum())
    }

    fn own_sum(&self) -> u64 {
        self.own
            .all()
            .fold(0, |sum, own| sum.wrapping_add(at(own, 0).load(Relaxed)))
    }

    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        self.own.heap_bytes()
    }
}
