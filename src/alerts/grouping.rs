//! `Grouping`: series by the labels of a rule.

use std::collections::BTreeMap;

use super::evaluated;
use super::series::Series;
use crate::exporter::Labels;

/// The series of a selector by groups, as their indexes. It is made when series come and go, and not in each evaluation.
#[derive(Debug)]
pub(super) struct Grouping {
    pub(super) by: Vec<String>,
    pub(super) groups: BTreeMap<evaluated::Labels, Vec<usize>>,
}

impl Grouping {
    pub(super) fn new(by: &[String], series: &[Series]) -> Self {
        let mut grouping = Self {
            by: by.to_vec(),
            groups: BTreeMap::new(),
        };
        grouping.fill(series);
        grouping
    }

    /// Makes all groups anew.
    pub(super) fn fill(&mut self, series: &[Series]) {
        self.groups.clear();
        for (index, series) in series.iter().enumerate() {
            self.add(&series.labels, index);
        }
    }

    /// As in `PromQL`, a group lacks a label that is empty.
    pub(super) fn add(&mut self, labels: &Labels, index: usize) {
        let own = |label: &String| {
            let value = labels.get(label).filter(|value| !value.is_empty())?;
            Some((label.clone(), value.to_owned()))
        };
        let group = self.by.iter().filter_map(own).collect();
        self.groups.entry(group).or_default().push(index);
    }
}
