//! The mistakes that a rule can hold.

use std::collections::HashSet;
use std::time::Duration;

use super::known::Known;
use super::matcher::Operator;
use super::measure::Measure;
use super::pending::Pending;
use super::rule::Rule;
use super::template;
use crate::catalog::check_label_name;

/// All mistakes of one rule.
pub(super) fn mistakes(rule: &Rule, known: &Known) -> Vec<String> {
    let mut mistakes = Vec::new();
    let measure = &rule.signal.measure;
    let by = &rule.signal.by;
    if rule.name.is_empty() {
        mistakes.push("the name is empty".to_owned());
    }
    if rule.threshold.is_nan() {
        mistakes.push("the threshold is NaN, which nothing equals".to_owned());
    }
    if rule.pending == Pending::Consecutive(0) {
        mistakes
            .push("the number of consecutive evaluations is 0: at least 1 is needed".to_owned());
    }
    // Shorter windows are zero in milliseconds, which is the resolution of samples.
    if measure
        .window()
        .is_some_and(|window| window < Duration::from_millis(1))
    {
        mistakes.push("the window is zero".to_owned());
    }
    if let Measure::Quantile { quantile, .. } = measure
        && !(0.0..=1.0).contains(quantile)
    {
        mistakes.push(format!("the quantile is {quantile}: 0 to 1 is allowed"));
    }
    if matches!(measure, Measure::Absent { .. }) && !by.is_empty() {
        mistakes.push("an absence has no groups".to_owned());
    }
    for selector in measure.selectors() {
        mistakes.extend(known.mistakes(selector, by, measure.kinds()));
    }
    if rule
        .labels
        .keys()
        .chain(by)
        .any(|label| label == "alertname")
    {
        mistakes.push("the label \"alertname\" is the name of the rule".to_owned());
    }
    for label in rule.labels.keys() {
        if let Err(error) = check_label_name(label) {
            mistakes.push(error.to_string());
        }
        if by.contains(label) {
            mistakes.push(format!("label {label:?} is one of the groups, too"));
        }
    }
    let labels = template_labels(rule);
    for (field, text) in [
        ("summary", &rule.summary),
        ("description", &rule.description),
    ] {
        let wrong = template::mistakes(text, &labels).into_iter();
        mistakes.extend(wrong.map(|mistake| format!("{field}: {mistake}")));
    }
    mistakes
        .into_iter()
        .map(|mistake| format!("rule {:?}: {mistake}", rule.name))
        .collect()
}

/// The labels that the rule's alerts have.
fn template_labels(rule: &Rule) -> Vec<&str> {
    let mut labels: Vec<_> = rule.signal.by.iter().map(|label| &**label).collect();
    labels.extend(rule.labels.keys().map(|label| &**label));
    if let Measure::Absent { selector } = &rule.signal.measure {
        let equal = selector.matchers.iter();
        let equal = equal.filter(|matcher| matcher.operator == Operator::Eq);
        labels.extend(equal.map(|matcher| &*matcher.label));
    }
    labels
}

/// One mistake for each name that several rules have.
pub(super) fn duplicates(rules: &[Rule]) -> Vec<String> {
    let (mut seen, mut named) = (HashSet::new(), HashSet::new());
    let again = rules.iter().filter(|rule| !seen.insert(&rule.name));
    again
        .filter(|rule| named.insert(&rule.name))
        .map(|rule| format!("several rules are named {:?}", rule.name))
        .collect()
}
