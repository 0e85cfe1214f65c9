//! `View`: the series that a rule reads, by its groups.

use super::grouping::Grouping;
use super::labels::Labels;
use super::selected::Selected;
use super::series::Series;
use super::table::Table;
use crate::error::Error;

/// The labels of the only group.
static NONE: Labels = Labels::new();

/// The series that a rule reads by one of its selectors, by its groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) selected: &'a Selected,
    pub(super) table: &'a Table,
    /// `None` if all series are one group.
    pub(super) grouping: Option<&'a Grouping>,
}

impl<'a> View<'a> {
    fn series(self) -> impl Iterator<Item = &'a Series> {
        self.indexes()
            .filter_map(|index| self.table.series.get(index))
    }

    /// The indexes of all series in the table.
    pub(super) fn indexes(self) -> impl Iterator<Item = usize> {
        self.selected.series.iter().copied()
    }

    /// Fails if a series is no histogram, or if one is, as the caller demands.
    pub(super) fn check(self, histograms: bool) -> Result<(), Error> {
        let are_all = if histograms {
            self.table.are_histograms()
        } else {
            self.table.are_numbers()
        };
        let is_right = |series: &Series| series.bounds.is_some() == histograms;
        if are_all || self.series().all(is_right) {
            return Ok(());
        }
        let kind = if histograms {
            "counter or gauge"
        } else {
            "histogram"
        };
        let metric = &self.selected.selector.metric;
        Err(Error::invalid(format!(
            "the signal cannot read metric {metric:?}: it is a {kind}"
        )))
    }

    /// The groups in the order of their labels, with the indexes of their series.
    pub(super) fn groups(self) -> impl Iterator<Item = (&'a Labels, &'a [usize])> {
        let all = self.grouping.is_none();
        let all = all.then_some((&NONE, &*self.selected.series));
        let groups = self.grouping.into_iter().flat_map(|it| &it.groups);
        let groups = groups.map(|(labels, members)| (labels, &**members));
        all.into_iter().chain(groups)
    }
}
