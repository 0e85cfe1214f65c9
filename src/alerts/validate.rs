//! The mistakes that a rule can hold.

use std::collections::HashSet;
use std::time::Duration;

use super::announcer::Announcer;
use super::known::Known;
use super::measure::Measure;
use super::pending::Pending;
use super::rule::Rule;
use super::template;
use crate::catalog::check_label_name;

/// Longer windows would hold too many points in memory.
const LONGEST_WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// All mistakes of one rule.
pub(super) fn mistakes(rule: &Rule, known: &Known) -> Vec<String> {
    let mut mistakes = Vec::new();
    let measure = &rule.signal.measure;
    let by = &rule.signal.by;
    if rule.name.is_empty() {
        mistakes.push("the name is empty".to_owned());
    }
    if !rule.threshold.is_finite() {
        let threshold = rule.threshold;
        mistakes.push(format!("the threshold is {threshold}: a number is needed"));
    }
    if rule.pending == Pending::Consecutive(0) {
        mistakes
            .push("the number of consecutive evaluations is 0: at least 1 is needed".to_owned());
    }
    if rule.auto_resolve == Some(Duration::ZERO) {
        mistakes.push("the time of auto_resolve is zero".to_owned());
    }
    if rule.channels.iter().any(String::is_empty) {
        mistakes.push("the name of a channel is empty".to_owned());
    }
    if let Measure::Computed { name } = measure
        && name.is_empty()
    {
        mistakes.push("the name of the closure is empty".to_owned());
    }
    if matches!(measure, Measure::Computed { .. }) && rule.announced_by == Announcer::Prometheus {
        let mistake = "Prometheus cannot announce it, because a closure computes its values";
        mistakes.push(mistake.to_owned());
    }
    if measure
        .window()
        .is_some_and(|window| window > LONGEST_WINDOW)
    {
        let hint = "6h is the longest: use an SLO for longer ones";
        mistakes.push(format!(
            "the window is longer than the samples that are kept: {hint}"
        ));
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
    let labels = rule.label_names();
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

/// One mistake for each name that several rules have.
pub(super) fn duplicates(rules: &[Rule]) -> Vec<String> {
    let (mut seen, mut named) = (HashSet::new(), HashSet::new());
    let again = rules.iter().filter(|rule| !seen.insert(&rule.name));
    again
        .filter(|rule| named.insert(&rule.name))
        .map(|rule| format!("several rules are named {:?}", rule.name))
        .collect()
}
