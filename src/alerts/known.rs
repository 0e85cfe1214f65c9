//! `Known`: the metrics and labels that rules may name.

use super::family_part::histogram;
use super::selector::Selector;
use crate::catalog::{Catalog, Kind, nearest};
use crate::http_metrics::Naming;

#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) catalog: Catalog,
    pub(super) prefix: String,
    /// The labels that every metric may have.
    pub(super) labels: Vec<String>,
    /// Whether other metrics are allowed, too.
    pub(super) is_open: bool,
    renamed: Vec<Renamed>,
}

/// A metric of a naming.
#[derive(Debug, Clone)]
struct Renamed {
    name: String,
    kind: Kind,
    labels: Vec<String>,
}

/// The kind and the labels of a metric.
struct Metric<'a> {
    kind: Kind,
    labels: Vec<&'a str>,
}

impl Known {
    /// Adds the metrics of a naming.
    pub(super) fn learn(&mut self, naming: &Naming) {
        let own = |label: &&'static str| match *label {
            "service" => naming.service.clone(),
            "method" | "http_request_method" => naming.method.clone(),
            "endpoint" | "http_route" | "url_template" => Some(naming.endpoint.clone()),
            "status" | "http_response_status_code" => Some(naming.status.clone()),
            "reason" | "error_type" => Some(naming.reason.clone()),
            other => Some(other.into()),
        };
        let error_type = naming.has_error_type().then(|| naming.reason.clone());
        for named in naming.families() {
            let labels = named.family.labels.iter().filter_map(own);
            let labels = labels.chain(error_type.clone());
            self.renamed.push(Renamed {
                name: named.name.as_ref().to_owned(),
                kind: named.family.kind,
                labels: labels.map(Into::into).collect(),
            });
        }
    }

    /// Adds the prefix to a metric that is named as in the catalogue.
    pub(super) fn complete(&self, metric: &mut String) {
        let is_known = |name| self.metric(name).is_some();
        let is_complete = metric.strip_prefix(&*self.prefix).is_some_and(is_known);
        if !is_complete && is_known(metric) {
            metric.insert_str(0, &self.prefix);
        }
    }

    /// The metric of this name, which has no prefix.
    fn metric(&self, name: &str) -> Option<Metric<'_>> {
        let is_histogram = |metric: &Metric<'_>| metric.kind == Kind::Histogram;
        self.family(name).or_else(|| {
            let metric = self.family(histogram(name)?).filter(is_histogram)?;
            let kind = Kind::Counter;
            Some(Metric { kind, ..metric })
        })
    }

    fn family(&self, name: &str) -> Option<Metric<'_>> {
        let renamed = self.renamed.iter().find(|renamed| renamed.name == name);
        if let Some(Renamed { kind, labels, .. }) = renamed {
            let labels = labels.iter().map(|label| &**label).collect();
            return Some(Metric {
                kind: *kind,
                labels,
            });
        }
        let mut families = self.catalog.families().iter();
        let family = families.find(|family| family.name == name)?;
        Some(Metric {
            kind: family.kind,
            labels: family.labels.to_vec(),
        })
    }

    /// Checks the metric and the labels of a selector, and the labels to group it by.
    pub(super) fn mistakes(
        &self,
        selector: &Selector,
        by: &[String],
        kinds: &[Kind],
    ) -> Vec<String> {
        let name = &selector.metric;
        let metric = name.strip_prefix(&*self.prefix);
        let Some(metric) = metric.and_then(|name| self.metric(name)) else {
            return self.unknown(name).into_iter().collect();
        };
        let mut mistakes = Vec::new();
        if !kinds.contains(&metric.kind) {
            let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
            mistakes.push(format!(
                "metric {name:?} is a {}, and the signal needs a {}",
                metric.kind.as_str(),
                kinds.join(" or a ")
            ));
        }
        let labels = selector.matchers.iter().map(|matcher| &matcher.label);
        let unknown = labels
            .chain(by)
            .filter_map(|label| self.unknown_label(&metric, name, label));
        mistakes.extend(unknown);
        mistakes
    }

    fn unknown(&self, metric: &str) -> Option<String> {
        if self.is_open && !metric.is_empty() {
            return None;
        }
        let name = metric.strip_prefix(&*self.prefix).unwrap_or(metric);
        let families = self.catalog.families().iter().map(|family| family.name);
        let renamed = self.renamed.iter().map(|renamed| &*renamed.name);
        let near = nearest(families.chain(renamed), name);
        let near = near.map(|near| format!(", did you mean {:?}?", [&*self.prefix, near].concat()));
        Some(format!(
            "the catalogue has no metric {metric:?}{}",
            near.unwrap_or_default()
        ))
    }

    fn unknown_label(&self, metric: &Metric<'_>, name: &str, label: &str) -> Option<String> {
        let common = || self.labels.iter().map(|label| &**label);
        let known = || metric.labels.iter().copied().chain(common());
        if known().any(|known| known == label) {
            return None;
        }
        let near = nearest(known(), label).map(|near| format!(", did you mean {near:?}?"));
        Some(format!(
            "metric {name:?} has no label {label:?}{}",
            near.unwrap_or_default()
        ))
    }
}
