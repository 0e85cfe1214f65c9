//! `View`: the series that a rule reads, by its groups.

use super::grouping::Grouping;
use super::labels::Labels;
use super::selected::Selected;
use super::series::Series;
use super::table::Table;

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
