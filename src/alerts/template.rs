//! Templates of the texts of alerts.

use std::collections::BTreeMap;

use super::format::Format;
use crate::catalog::nearest;

/// A part of a template.
enum Part<'a> {
    Text(&'a str),
    Value(Format),
    Label(&'a str),
    /// With the reason.
    Wrong(&'a str, String),
}

/// Renders a template. `{{ value }}` is the value of the signal and `{{ labels.endpoint }}` a label of the alert. A value takes a
/// format: `{{ value | percent }}`, `bytes` or `seconds`.
///
/// A missing label is empty. A placeholder with a mistake stays as it is, because an alert without its text is better than none.
///
/// ```
/// use std::collections::BTreeMap;
/// use tower_vitals::alerts::render;
///
/// let labels = BTreeMap::from([("endpoint".to_owned(), "/users".to_owned())]);
/// let template = "{{ value | percent }} of {{ labels.endpoint }} fail";
/// assert_eq!(render(template, 0.125, &labels), "12.5% of /users fail");
/// assert_eq!(render("{{ value | bytes }}", 1_610_612_736.0, &labels), "1.5GiB");
/// assert_eq!(render("{{ value | seconds }}", 93_784.0, &labels), "1d 2h 3m 4s");
/// assert_eq!(render("{{ value | seconds }}", 0.25, &labels), "250ms");
/// ```
#[must_use]
pub fn render(template: &str, value: f64, labels: &BTreeMap<String, String>) -> String {
    let mut text = String::with_capacity(template.len());
    for part in parts(template) {
        match part {
            Part::Text(part) | Part::Wrong(part, _) => text.push_str(part),
            Part::Value(format) => text.push_str(&format.apply(value)),
            Part::Label(label) => text.push_str(labels.get(label).map_or("", |value| value)),
        }
    }
    text
}

/// The mistakes in a template of an alert with these labels.
pub(super) fn mistakes(template: &str, labels: &[&str]) -> Vec<String> {
    let mistake = |part| match part {
        Part::Label(label) if !labels.contains(&label) => {
            let near = nearest(labels.iter().copied(), label);
            let near = near.map(|near| format!(", did you mean {near:?}?"));
            let near = near.unwrap_or_default();
            Some(format!("the alert has no label {label:?}{near}"))
        }
        Part::Wrong(_, reason) => Some(reason),
        Part::Text(_) | Part::Value(_) | Part::Label(_) => None,
    };
    parts(template).into_iter().filter_map(mistake).collect()
}

fn parts(mut template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some(start) = template.find("{{") {
        parts.push(Part::Text(&template[..start]));
        let rest = &template[start..];
        let Some(end) = rest.find("}}") else {
            parts.push(Part::Wrong(rest, "a {{ has no }}".to_owned()));
            return parts;
        };
        let (placeholder, rest) = rest.split_at(end + 2);
        parts.push(part(placeholder, placeholder[2..end].trim()));
        template = rest;
    }
    parts.push(Part::Text(template));
    parts
}

fn part<'a>(placeholder: &'a str, content: &'a str) -> Part<'a> {
    if let Some(label) = content.strip_prefix("labels.") {
        return Part::Label(label);
    }
    let (value, format) = content.split_once('|').unwrap_or((content, ""));
    match Format::named(format.trim()) {
        Some(format) if value.trim() == "value" => Part::Value(format),
        Some(_) => {
            let reason = "unknown: {{ value }} and {{ labels.NAME }} are allowed";
            Part::Wrong(placeholder, format!("{placeholder:?} is {reason}"))
        }
        None => {
            let reason = "has an unknown format: percent, bytes and seconds are allowed";
            Part::Wrong(placeholder, format!("{placeholder:?} {reason}"))
        }
    }
}
