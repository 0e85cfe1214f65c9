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

/// The series of one group.
#[derive(Clone, Copy)]
pub(super) struct Members<'a> {
    table: &'a Table,
    indexes: &'a [usize],
}

impl<'a> View<'a> {
    /// All series.
    pub(super) fn series(self) -> impl Iterator<Item = &'a Series> {
        self.members(&self.selected.series).series()
    }

    /// Fails if a series is no histogram, or if one is, as the caller demands.
    pub(super) fn check(self, histograms: bool) -> Result<(), Error> {
        let is_right = |series: &Series| series.bounds.is_some() == histograms;
        if self.table.are_histograms() == Some(histograms) || self.series().all(is_right) {
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

    /// The groups in the order of their labels.
    pub(super) fn groups(self) -> impl Iterator<Item = (&'a Labels, Members<'a>)> {
        let all = self.grouping.is_none();
        let all = all.then_some((&NONE, self.members(&self.selected.series)));
        let groups = self.grouping.into_iter().flat_map(|it| &it.groups);
        let groups = groups.map(move |(labels, members)| (labels, self.members(members)));
        all.into_iter().chain(groups)
    }

    fn members(self, indexes: &'a [usize]) -> Members<'a> {
        let table = self.table;
        Members { table, indexes }
    }
}

impl<'a> Members<'a> {
    #[inline]
    pub(super) fn series(self) -> impl Iterator<Item = &'a Series> {
        let Self { table, indexes } = self;
        let all = indexes.iter();
        all.filter_map(|index| table.series.get(*index))
    }
}
