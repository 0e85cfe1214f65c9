//! `Totals`: the counts of a row at several moments.

use std::collections::VecDeque;

use super::times::{Times, WINDOW};

/// The totals of one row at the moments of the window, oldest first.
#[derive(Default)]
pub(super) struct Totals {
    slots: VecDeque<(f64, Vec<f64>)>,
}

impl Totals {
    /// Begins the totals of this moment with zeros, and returns them. A new row was at zero when the window began.
    pub(super) fn begin(&mut self, times: &Times, columns: usize) -> &mut [f64] {
        let now = times.latest();
        if self.slots.is_empty() && times.len() > 1 {
            self.slots.push_back((times.oldest(), Vec::new()));
        }
        let mut totals = Vec::new();
        while self.slots.get(1).is_some_and(|(at, _)| now - at >= WINDOW) {
            totals = self.slots.pop_front().unwrap_or_default().1;
        }
        totals.clear();
        totals.resize(columns, 0.0);
        self.slots.push_back((now, totals));
        self.latest()
    }

    pub(super) fn latest(&mut self) -> &mut [f64] {
        self.slots.back_mut().map_or(&mut [], |(_, totals)| totals)
    }

    /// Adds columns to the totals of this moment, if they were begun.
    pub(super) fn widen(&mut self, columns: usize) {
        if let Some((_, totals)) = self.slots.back_mut() {
            totals.resize(columns, 0.0);
        }
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    /// Passes the increase of each column within the window, and returns the seconds that it took; zero before there are two
    /// moments.
    pub(super) fn increases(&mut self, increases: &mut Vec<f64>) -> f64 {
        self.settle();
        increases.clear();
        let (Some((since, first)), Some((now, latest))) = (self.slots.front(), self.slots.back())
        else {
            return 0.0;
        };
        let first = first.iter().copied().chain(std::iter::repeat(0.0));
        let columns = latest.iter().zip(first);
        increases.extend(columns.map(|(now, first)| now - first));
        now - since
    }

    /// Lowers the former totals where the latest one is lower, because series were removed. The increases before that stay.
    fn settle(&mut self) {
        let Some((now, latest)) = self.slots.pop_back() else {
            return;
        };
        for (column, total) in latest.iter().enumerate() {
            let before = self.slots.back().and_then(|(_, totals)| totals.get(column));
            let fall = before.map_or(0.0, |before| before - total);
            if fall > 0.0 {
                let former = self.slots.iter_mut();
                let former = former.filter_map(|(_, totals)| totals.get_mut(column));
                former.for_each(|total| *total -= fall);
            }
        }
        self.slots.push_back((now, latest));
    }
}
