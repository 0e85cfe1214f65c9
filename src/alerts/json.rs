//! Rules as JSON.

use serde_json::Value;

use super::rule::Rule;

/// Reads a list of rules. Returns the valid ones, and the mistakes in the others.
pub(super) fn parse(text: &str) -> (Vec<Rule>, Vec<String>) {
    let list: Vec<Value> = match serde_json::from_str(text) {
        Ok(list) => list,
        Err(error) => {
            return (
                Vec::new(),
                vec![format!("the rules are no JSON list: {error}")],
            );
        }
    };
    let (mut rules, mut mistakes) = (Vec::new(), Vec::new());
    for (index, value) in list.into_iter().enumerate() {
        let name = value.get("name").and_then(Value::as_str);
        let name = name.map_or_else(
            || format!("rule {} of the list", index + 1),
            |name| format!("rule {name:?}"),
        );
        match serde_json::from_value(value) {
            Ok(rule) => rules.push(rule),
            Err(error) => mistakes.push(format!("{name}: {error}")),
        }
    }
    (rules, mistakes)
}
