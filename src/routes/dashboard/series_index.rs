//! `SeriesIndex`: the rows of the series of one family.

use crate::exporter::Labels;

/// Remembers the row of each series by its place, because the places seldom change and a look at the labels takes longer than
/// all else.
pub(super) struct SeriesIndex<T> {
    known: Vec<(Labels, T)>,
    next: usize,
}

impl<T: Copy> SeriesIndex<T> {
    /// Begins with the first series.
    pub(super) fn begin(&mut self) {
        self.known.truncate(self.next);
        self.next = 0;
    }

    /// Returns the row of the next series, which `find` names at the first sight of it.
    pub(super) fn next(&mut self, labels: &Labels, find: impl FnOnce() -> T) -> T {
        let place = self.next;
        self.next += 1;
        match self.known.get_mut(place) {
            Some((own, row)) if own == labels => *row,
            Some(known) => {
                *known = (labels.clone(), find());
                known.1
            }
            None => {
                let row = find();
                self.known.push((labels.clone(), row));
                row
            }
        }
    }

    /// Forgets the rows.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.next = 0;
    }
}

impl<T> Default for SeriesIndex<T> {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            next: 0,
        }
    }
}
