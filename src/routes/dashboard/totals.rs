//! `Totals`: what a row counted, at the moments of the window.

use std::collections::VecDeque;

use super::times::Times;

/// The totals of one row, oldest first. All have the same columns.
#[derive(Default)]
pub(super) struct Totals {
    slots: VecDeque<Vec<f64>>,
}

impl Totals {
    /// Begins the totals of this moment with zeros, and returns them.
    pub(super) fn begin(&mut self, times: &Times, columns: usize) -> &mut [f64] {
        let mut slot = Vec::new();
        while self.slots.len() >= times.len() {
            slot = self.slots.pop_front().unwrap_or_default();
        }
        slot.clear();
        slot.resize(columns, 0.0);
        self.slots.push_back(slot);
        self.latest()
    }

    pub(super) fn latest(&mut self) -> &mut [f64] {
        self.slots.back_mut().map_or(&mut [], |slot| slot)
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    /// Passes the increase of each column within the window. A row that is newer than the window began at zero. A total that is
    /// lower than before belongs to series that were removed, and has no increase.
    pub(super) fn increases(&self, times: &Times, increases: &mut Vec<f64>) {
        increases.clear();
        let Some(latest) = self.slots.back() else {
            return;
        };
        let first = self.slots.front();
        let first = first.filter(|_| self.slots.len() == times.len());
        let first = |column: usize| first.and_then(|first| first.get(column)).copied();
        let own = latest.iter().enumerate();
        increases.extend(own.map(|(column, now)| (now - first(column).unwrap_or(0.0)).max(0.0)));
    }
}
