//! The rules for names, labels and buckets of families.

use super::{Family, Kind, Values};
use crate::error::Error;

/// Prometheus' data model: `[a-zA-Z_:][a-zA-Z0-9_:]*`. Colons are refused because they are reserved for recording rules.
pub(crate) fn check_name(subject: &str, name: &str) -> Result<(), Error> {
    if is_identifier(name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{subject} {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or \
         underscore first"
    )))
}

/// Prometheus' data model: `[a-zA-Z_][a-zA-Z0-9_]*`. Names that begin with two underscores are reserved, and so are the
/// `le` of histograms and the `quantile` of summaries.
pub(crate) fn check_label_name(name: &str) -> Result<(), Error> {
    if is_identifier(name) && !name.starts_with("__") && name != "le" && name != "quantile" {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "label name {name:?} is refused by Prometheus: letters, digits and underscores are allowed, a letter or single \
         underscore first, and le and quantile are reserved"
    )))
}

/// At least one upper bound, all finite and ascending.
pub(crate) fn check_buckets(bounds: &[f64]) -> Result<(), Error> {
    let is_ascending = bounds.is_sorted_by(|a, b| a < b);
    if !bounds.is_empty() && is_ascending && bounds.iter().all(|bound| bound.is_finite()) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "buckets are {bounds:?}: at least one upper bound is needed, all finite and ascending (+Inf is added)"
    )))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns every mistake in the family.
pub(super) fn check(family: &Family) -> Vec<Error> {
    let mut mistakes: Vec<_> = check_name("metric name", family.name)
        .err()
        .into_iter()
        .collect();
    let mut add = |mistake: String| {
        mistakes.push(Error::invalid(format!(
            "metric {:?}: {mistake}",
            family.name
        )));
    };
    if family.help.trim().is_empty() {
        add("help is empty: a sentence is needed".to_owned());
    }
    for (index, label) in family.labels.iter().enumerate() {
        if family.labels[..index].contains(label) {
            add(format!("label {label:?} is listed twice: once is enough"));
        } else if let Err(error) = check_label_name(label) {
            add(error.to_string());
        }
    }
    for (index, (label, values)) in family.values.iter().enumerate() {
        let mut earlier = family.values[..index].iter();
        let problem = if !family.labels.contains(label) {
            "has values, but is not among the labels: add it to them"
        } else if earlier.any(|(other, _)| other == label) {
            "has values twice: one list is allowed"
        } else if matches!(values, Values::Closed([]) | Values::AtMost(0)) {
            "has no values: at least one is needed"
        } else {
            continue;
        };
        add(format!("label {label:?} {problem}"));
    }
    let kind = family.kind.as_str();
    if family.is_float && family.kind != Kind::Counter {
        add(format!(
            "a {kind} is marked as float: only counters are allowed to be"
        ));
    }
    match check_buckets(family.buckets) {
        Err(error) if family.kind == Kind::Histogram => add(error.to_string()),
        _ if family.kind == Kind::Histogram || family.buckets.is_empty() => {}
        _ => add(format!("a {kind} has buckets: only histograms have them")),
    }
    mistakes
}

/// Returns why the two families cannot be in one exposition.
pub(super) fn clash(new: &Family, old: &Family) -> Option<String> {
    if new.name == old.name {
        let shape = |family: &Family| format!("{} of {:?}", family.kind.as_str(), family.labels);
        let (new_shape, old_shape) = (shape(new), shape(old));
        return Some(if new_shape == old_shape {
            format!(
                "metric {:?} is already registered with other help, unit, values or buckets: one definition is allowed",
                new.name
            )
        } else {
            format!(
                "metric {:?} is already a {old_shape}: it cannot also be a {new_shape}",
                new.name
            )
        });
    }
    let old_names = reserved_names(old.name, old.kind);
    let shared = reserved_names(new.name, new.kind)
        .into_iter()
        .find(|name| old_names.contains(name))?;
    Some(format!(
        "metric {:?} clashes with the {} {:?}: both would use the name {shared:?}",
        new.name,
        old.kind.as_str(),
        old.name
    ))
}

/// The names that a family reserves in `OpenMetrics` 1.0 ("Metric Family", "Suffixes").
pub(crate) fn reserved_names(name: &str, kind: Kind) -> Vec<String> {
    let (name, suffixes): (_, &[&str]) = match kind {
        Kind::Gauge => (name, &[""]),
        Kind::Counter => match name.strip_suffix("_total") {
            Some(name) => (name, &["", "_total", "_created"]),
            None => (name, &[""]),
        },
        Kind::Histogram => (name, &["", "_bucket", "_sum", "_count", "_created"]),
    };
    suffixes
        .iter()
        .map(|suffix| [name, suffix].concat())
        .collect()
}
