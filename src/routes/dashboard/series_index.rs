//! `SeriesIndex`: the rows of the series of one family.

use crate::exporter::{Labels, Series};

/// Remembers the row of each series by its place, because the places seldom change and a look at the labels takes longer than
/// all else.
pub(super) struct SeriesIndex<T> {
    known: Vec<(Labels, T)>,
}

impl<T: Copy> SeriesIndex<T> {
    /// Passes each series and its row, which `find` names at the first sight of the series.
    pub(super) fn for_each<'a>(
        &mut self,
        series: &'a [Series],
        mut find: impl FnMut(&Series) -> T,
        mut add: impl FnMut(&'a Series, T),
    ) {
        self.known.truncate(series.len());
        for (place, one) in series.iter().enumerate() {
            let row = match self.known.get_mut(place) {
                Some((labels, row)) if *labels == one.labels => *row,
                Some(known) => {
                    let row = find(one);
                    *known = (one.labels.clone(), row);
                    row
                }
                None => {
                    let row = find(one);
                    self.known.push((one.labels.clone(), row));
                    row
                }
            };
            add(one, row);
        }
    }

    /// Forgets the rows.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }
}

impl<T> Default for SeriesIndex<T> {
    fn default() -> Self {
        Self { known: Vec::new() }
    }
}
