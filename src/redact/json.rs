//! JSON without secrets.

use serde_json::{Map, Value};

use super::{MASK, is_secret, redact_line};

/// How much of it is kept.
pub(crate) struct Budget {
    /// Values, however deep they lie; counts down.
    pub(crate) values: usize,
    /// Bytes of each text.
    pub(crate) text: usize,
}

impl Budget {
    fn allows_one_more(&mut self) -> bool {
        let is_left = self.values > 0;
        self.values -= usize::from(is_left);
        is_left
    }
}

/// Texts and what is named like a secret redacted, and no more of it than is allowed.
pub(crate) fn json(map: Map<String, Value>, budget: &mut Budget) -> Map<String, Value> {
    let mut kept = Map::new();
    let names_a_secret = names_a_secret(&map);
    for (name, value) in map {
        if !budget.allows_one_more() {
            break;
        }
        // Together, for the name may be what tells that the value is secret.
        let value = match value {
            value @ (Value::Null | Value::Bool(_)) => value,
            // How many there are is no secret.
            value @ Value::Number(_) if is_count(&name) => value,
            _ if is_secret(&name) || names_a_secret && name == "value" => Value::from(MASK),
            value => one(value, budget),
        };
        kept.insert(redact_line(&name, budget.text), value);
    }
    kept
}

/// Whether it is a pair that names a secret: `{"name": "DB_PASSWORD", "value": ..}`, as Kubernetes has variables.
fn names_a_secret(map: &Map<String, Value>) -> bool {
    let named = map.get("name").or_else(|| map.get("key"));
    named.and_then(Value::as_str).is_some_and(is_secret)
}

/// Names of what there can be many of, and whose number is asked for: not `pass`, and not `credentials`.
fn is_count(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["tokens", "keys", "sessions", "cookies"]
        .iter()
        .any(|counted| name.ends_with(counted))
}

fn one(value: Value, budget: &mut Budget) -> Value {
    match value {
        Value::String(text) => Value::String(redact_line(&text, budget.text)),
        Value::Object(map) => Value::Object(json(map, budget)),
        Value::Array(values) => {
            let mut kept = Vec::new();
            for value in values {
                if !budget.allows_one_more() {
                    break;
                }
                kept.push(one(value, budget));
            }
            Value::Array(kept)
        }
        value => value,
    }
}
