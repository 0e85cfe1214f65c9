//! Redaction of JSON.

use serde_json::{Map, Value};

use super::mask::MASK;
use super::name::{is_count, is_secret};
use super::text::{redact, redact_line};

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
            _ if is_secret(&name) || names_a_secret && is_value(&name) => Value::from(MASK),
            value => redact_value(value, budget),
        };
        redacted.insert(redact_line(&name, budget.text), value);
    }
    redacted
}

/// Whether the map is a pair that names a secret, such as a Kubernetes variable: `{"name": "DB_PASSWORD", "value":
/// ..}`.
fn names_a_secret(map: &Map<String, Value>) -> bool {
    const NAMES: [&str; 6] = ["name", "key", "field", "header", "variable", "var"];
    map.iter().any(|(name, value)| {
        let is_name = NAMES.iter().any(|it| name.eq_ignore_ascii_case(it));
        is_name && value.as_str().is_some_and(is_secret)
    })
}

fn is_value(name: &str) -> bool {
    ["value", "val", "content", "data"]
        .iter()
        .any(|it| name.eq_ignore_ascii_case(it))
}

/// Whether the value after this one of a list is secret: `["Authorization", ".."]`, `["mysql", "--password", ".."]`.
fn names_the_next(values: &[Value], at: usize) -> bool {
    let is_option = |name: &str| name.starts_with('-') && !name.contains('=');
    values[at].as_str().is_some_and(|name| {
        is_secret(name)
            && (is_option(name)
                || at == 0 && values.len() == 2
                || is_header(name) && at.is_multiple_of(2))
    })
}

fn is_header(name: &str) -> bool {
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
    ]
    .iter()
    .any(|header| name.eq_ignore_ascii_case(header))
}

fn redact_value(value: Value, budget: &mut Budget) -> Value {
    match value {
        Value::String(text) => Value::String(redact_line(&text, budget.text)),
        Value::Object(map) => Value::Object(json(map, budget)),
        Value::Array(values) => {
            let is_secret: Vec<_> = (0..values.len().min(budget.values))
                .map(|at| at > 0 && names_the_next(&values, at - 1))
                .collect();
            let mut redacted = Vec::new();
            for (value, is_secret) in values.into_iter().zip(is_secret) {
                if !budget.take_value() {
                    break;
                }
                redacted.push(if is_secret && !value.is_null() {
                    Value::from(MASK)
                } else {
                    redact_value(value, budget)
                });
            }
            Value::Array(redacted)
        }
        // A registered value may be a number.
        Value::Number(number) if redact(&number.to_string()) != number.to_string() => MASK.into(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: Value) -> Value {
        let Value::Object(map) = value else {
            unreachable!("{value}");
        };
        let mut budget = Budget {
            values: 100,
            text: 100,
        };
        super::json(map, &mut budget).into()
    }

    #[test]
    fn a_pair_that_names_a_secret_shows_no_value() {
        let input = json!({"env": [
            {"name": "DB_PASSWORD", "value": "hunter2"},
            {"Name": "API_TOKEN", "Value": "hunter2"},
            {"key": "api-token", "value": ["hunter2"]},
            {"key": "api-token", "val": "hunter2"},
            {"name": "PORT", "value": "80"},
        ]});
        let expected = json!({"env": [
            {"name": "DB_PASSWORD", "value": "[redacted]"},
            {"Name": "API_TOKEN", "Value": "[redacted]"},
            {"key": "api-token", "value": "[redacted]"},
            {"key": "api-token", "val": "[redacted]"},
            {"name": "PORT", "value": "80"},
        ]});
        assert_eq!(shown(input), expected);
    }

    #[test]
    fn a_list_that_names_a_secret_shows_no_value() {
        let input = json!({
            "pairs": [["Authorization", "hunter2"], ["password", 42], ["Host", "h"]],
            "flat": ["Host", "h", "Authorization", "hunter2"],
            "args": ["mysql", "--password", "hunter2", "-h", "db", "--token=hunter2"],
            "fields": ["user", "password", "email"],
        });
        let expected = json!({
            "pairs": [["Authorization", "[redacted]"], ["password", "[redacted]"], ["Host", "h"]],
            "flat": ["Host", "h", "Authorization", "[redacted]"],
            "args": ["mysql", "--password", "[redacted]", "-h", "db", "--token=[redacted]"],
            "fields": ["user", "password", "email"],
        });
        assert_eq!(shown(input), expected);
    }

    #[test]
    fn a_registered_number_is_masked() {
        crate::redact::register("4711081547");
        let expected = json!({"id": "[redacted]", "n": 4711});
        assert_eq!(shown(json!({"id": 4_711_081_547_u64, "n": 4711})), expected);
    }
}
