//! `View`: the series that a rule reads, by its groups.

use super::evaluated::Labels;
use super::grouping::Grouping;
use super::points::Points;
use super::selected::Selected;
use super::series::Series;

/// The labels of the only group.
static NONE: Labels = Labels::new();

/// The series that a rule reads by one of its selectors, by its groups.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) selected: &'a Selected,
    /// `None` if all series are one group.
    pub(super) grouping: Option<&'a Grouping>,
}

/// The series of one group.
#[derive(Clone, Copy)]
pub(super) enum Members<'a> {
    All(&'a [Series]),
    Some(&'a [Series], &'a [usize]),
}

impl<'a> View<'a> {
    /// All series.
    pub(super) fn points(self) -> impl Iterator<Item = &'a Points> {
        self.selected.series.iter().map(|series| &series.points)
    }

    /// The groups in the order of their labels.
    pub(super) fn groups(self) -> impl Iterator<Item = (&'a Labels, Members<'a>)> {
        let series = &*self.selected.series;
        let all = self.grouping.is_none();
        let all = all.then_some((&NONE, Members::All(series)));
        let groups = self.grouping.into_iter().flat_map(|it| &it.groups);
        let groups = groups.map(move |(labels, members)| (labels, Members::Some(series, members)));
        all.into_iter().chain(groups)
    }

    /// The group with these labels.
    pub(super) fn group(self, labels: &Labels) -> Option<Members<'a>> {
        let series = &*self.selected.series;
        match self.grouping {
            None => Some(Members::All(series)),
            Some(grouping) => {
                let members = grouping.groups.get(labels)?;
                Some(Members::Some(series, members))
            }
        }
    }
}

impl<'a> Members<'a> {
    pub(super) fn points(self) -> impl Iterator<Item = &'a Points> {
        let (all, series, indexes): (&[Series], &[Series], &[usize]) = match self {
            Self::All(all) => (all, &[], &[]),
            Self::Some(series, indexes) => (&[], series, indexes),
        };
        let some = indexes.iter().filter_map(|index| series.get(*index));
        all.iter().chain(some).map(|series| &series.points)
    }
}
