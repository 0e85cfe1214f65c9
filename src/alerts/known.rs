//! `Known`: the metrics and labels that rules may name.

use super::selector::Selector;
use crate::catalog::{Catalog, Family, Kind, nearest};

#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) catalog: Catalog,
    pub(super) prefix: String,
    /// The labels that every metric may have.
    pub(super) labels: Vec<String>,
    /// Whether other metrics are allowed, too.
    pub(super) is_open: bool,
}

impl Known {
    /// Adds the prefix to a metric that is named as in the catalogue.
    pub(super) fn complete(&self, metric: &mut String) {
        let is_known = |name| {
            self.catalog
                .families()
                .iter()
                .any(|family| family.name == name)
        };
        let is_complete = metric.strip_prefix(&*self.prefix).is_some_and(is_known);
        if !is_complete && is_known(metric) {
            metric.insert_str(0, &self.prefix);
        }
    }

    /// Checks the metric and the labels of a selector, and the labels to group it by.
    pub(super) fn mistakes(
        &self,
        selector: &Selector,
        by: &[String],
        kinds: &[Kind],
    ) -> Vec<String> {
        let metric = &selector.metric;
        let families = self.catalog.families();
        let name = metric.strip_prefix(&*self.prefix);
        let family = families.iter().find(|family| Some(family.name) == name);
        let Some(family) = family else {
            return self.unknown(metric).into_iter().collect();
        };
        let mut mistakes = Vec::new();
        if !kinds.contains(&family.kind) {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
            mistakes.push(format!(
                "metric {metric:?} is a {}, and the signal needs a {}",
                family.kind.as_str(),
                kinds.join(" or a ")
            ));
        }
        let labels = selector.matchers.iter().map(|matcher| &matcher.label);
        let unknown = labels
            .chain(by)
            .filter_map(|label| self.unknown_label(family, metric, label));
        mistakes.extend(unknown);
        mistakes
    }

    fn unknown(&self, metric: &str) -> Option<String> {
        if self.is_open && !metric.is_empty() {
            return None;
        }
        let name = metric.strip_prefix(&*self.prefix).unwrap_or(metric);
        let families = self.catalog.families().iter();
        let near = nearest(families.map(|family| family.name), name);
        let near = near.map(|near| format!(", did you mean {:?}?", [&*self.prefix, near].concat()));
        Some(format!(
            "the catalogue has no metric {metric:?}{}",
            near.unwrap_or_default()
        ))
    }

    fn unknown_label(&self, family: &Family, metric: &str, label: &str) -> Option<String> {
        let known = || {
            family
                .labels
                .iter()
                .copied()
                .chain(self.labels.iter().map(|label| &**label))
        };
        if known().any(|known| known == label) {
            return None;
        }
        let near = nearest(known(), label).map(|near| format!(", did you mean {near:?}?"));
        Some(format!(
            "metric {metric:?} has no label {label:?}{}",
            near.unwrap_or_default()
        ))
    }
}
