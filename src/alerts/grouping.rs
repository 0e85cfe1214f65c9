//! `Grouping`: series by the labels of a rule.

use super::labels;
use super::series::Series;
use crate::exporter::Labels;

/// The series of a selector by groups, as their indexes. It is made when series come and go, and not in each evaluation.
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) by: Vec<String>,
    /// In the order of their labels.
    pub(super) groups: Vec<(labels::Labels, Vec<usize>)>,
}

impl Grouping {
    pub(super) fn new(by: &[String]) -> Self {
        Self {
            by: by.to_vec(),
            groups: Vec::new(),
        }
    }

    /// Makes all groups anew of these series of a table.
    pub(super) fn fill(&mut self, indexes: &[usize], all: &[Series]) {
        self.groups.clear();
        for index in indexes {
            if let Some(series) = all.get(*index) {
                self.add(&series.labels, *index);
            }
        }
    }

    /// As in `PromQL`, a group lacks a label that is empty.
    pub(super) fn add(&mut self, labels: &Labels, index: usize) {
        let own = |label: &String| {
            let value = labels.get(label).filter(|value| !value.is_empty())?;
            Some((label.clone(), value.to_owned()))
        };
        let group: labels::Labels = self.by.iter().filter_map(own).collect();
        match self.groups.binary_search_by(|(known, _)| known.cmp(&group)) {
            Ok(at) => self.groups[at].1.push(index),
            Err(at) => self.groups.insert(at, (group, vec![index])),
        }
    }
}
