use super::known::Known;
use super::rule::Rule;
use super::rules::Rules;
use super::validate::{duplicates, mistakes};
use crate::catalog::Catalog;
use crate::error::Error;

/// Collects [`Rules`] and checks them.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RulesBuilder {
    rules: Vec<Rule>,
    known: Known,
}

impl Rules {
    /// Creates a builder without rules.
    pub fn builder() -> RulesBuilder {
        RulesBuilder::default()
    }
}

impl RulesBuilder {
    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds rules, such as those of a file.
    pub fn rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.rules.extend(rules);
        self
    }

    /// Sets the metrics that rules may read. Defaults to the crate's own.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.known.catalog = catalog;
        self
    }

    /// Sets the prefix of all names, as of the recorder. Defaults to none.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.known.prefix = prefix.into();
        self
    }

    /// Allows these labels on all metrics: global labels, and extra labels of the layer.
    pub fn extra_labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.known.labels.extend(labels.into_iter().map(Into::into));
        self
    }

    /// Allows metrics that the catalogue lacks. By default they are mistakes, because a rule with a mistyped metric never fires.
    pub fn allow_unknown_metrics(mut self) -> Self {
        self.known.is_open = true;
        self
    }

    /// Checks the rules.
    ///
    /// # Errors
    ///
    /// Returns all mistakes in one error: an empty or duplicate name; a metric or label that the catalogue lacks; a metric of a
    /// kind that the signal cannot be computed of; a window of zero; a quantile outside 0 to 1; a threshold that is NaN; zero
    /// evaluations in a row; a template with an unknown value, format or label; groups of an absence; a
    /// label of the alert that Prometheus would refuse, or that the signal groups by.
    pub fn build(self) -> Result<Rules, Error> {
        let each = self
            .rules
            .iter()
            .flat_map(|rule| mistakes(rule, &self.known));
        let all = each.chain(duplicates(&self.rules)).map(Error::invalid);
        Error::combine(all)?;
        Ok(Rules::new(self.rules))
    }
}
