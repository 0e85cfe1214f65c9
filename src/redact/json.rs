//! Redaction of JSON.

use serde_json::{Map, Value};

use super::named::is_secret;
use super::text::{MASK, redact_line};

/// The size limits of the redacted JSON.
pub(crate) struct Budget {
    /// The number of values, nested ones included. Counts down.
    pub(crate) values: usize,
    /// The bytes of each string.
    pub(crate) text: usize,
}

impl Budget {
    fn take_value(&mut self) -> bool {
        let has_value = self.values > 0;
        self.values -= usize::from(has_value);
        has_value
    }
}

/// Redacts strings, masks values with the name of a secret, and drops what exceeds the budget.
pub(crate) fn json(map: Map<String, Value>, budget: &mut Budget) -> Map<String, Value> {
    let mut redacted = Map::new();
    let names_a_secret = names_a_secret(&map);
    for (name, value) in map {
        if !budget.take_value() {
            break;
        }
        let value = match value {
            value @ (Value::Null | Value::Bool(_)) => value,
            // The number of tokens is not a secret.
            value @ Value::Number(_) if is_count(&name) => value,
            _ if is_secret(&name) || names_a_secret && name == "value" => Value::from(MASK),
            value => redact_value(value, budget),
        };
        redacted.insert(redact_line(&name, budget.text), value);
    }
    redacted
}

/// Whether the map is a pair that names a secret, such as a Kubernetes variable: `{"name": "DB_PASSWORD", "value":
/// ..}`.
fn names_a_secret(map: &Map<String, Value>) -> bool {
    let name = map.get("name").or_else(|| map.get("key"));
    name.and_then(Value::as_str).is_some_and(is_secret)
}

/// Whether a number of this name is a count: of `tokens`, but not of `pass` or `credentials`.
fn is_count(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["tokens", "keys", "sessions", "cookies"]
        .iter()
        .any(|counted| name.ends_with(counted))
}

fn redact_value(value: Value, budget: &mut Budget) -> Value {
    match value {
        Value::String(text) => Value::String(redact_line(&text, budget.text)),
        Value::Object(map) => Value::Object(json(map, budget)),
        Value::Array(values) => {
            let mut redacted = Vec::new();
            for value in values {
                if !budget.take_value() {
                    break;
                }
                redacted.push(redact_value(value, budget));
            }
            Value::Array(redacted)
        }
        value => value,
    }
}
