//! The line of an event by the rules of `docs/log-format.md`, in the simplest way.

use serde_json::{Map, Value, json};
use tower_vitals::redact::redact;

use super::callsite::{EVENT, SPANS};
use super::value::RandomValue;
use super::{RandomEvent, Values};

const MASK: &str = "[redacted]";

const KEYS: &[&str] = &[
    "timestamp",
    "level",
    "logger",
    "message",
    "module",
    "function",
    "line",
    "exception",
    "service",
    "environment",
    "request_id",
    "trace_id",
    "span_id",
    "trace_flags",
    "fields_dropped",
];

pub(super) fn expected(event: &RandomEvent) -> Map<String, Value> {
    let mut line = Map::new();
    let mut insert = |key: &str, value: Value| {
        assert!(line.insert(key.to_owned(), value).is_none(), "{key}");
    };
    insert("level", "INFO".into());
    insert("logger", EVENT.target().into());
    insert("module", "a::module".into());
    insert("line", 7.into());
    if let Some(span) = event.spans.last() {
        insert("function", SPANS[span.kind].name().into());
    }
    let own = named(EVENT.fields(), &event.values);
    let message = own.iter().position(|(name, _)| *name == "message");
    insert(
        "message",
        message.map_or("".into(), |at| text(&own[at].1).into()),
    );
    if let Some(exception) = exception(&own, message) {
        insert("exception", exception);
    }
    let mut levels = vec![
        own.iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != message)
            .map(|(_, field)| field.clone())
            .collect(),
    ];
    for span in event.spans.iter().rev() {
        let values = span.values.iter();
        levels.push(
            values
                .flat_map(|values| named(SPANS[span.kind].fields(), values))
                .collect(),
        );
    }
    let mut names: Vec<&str> = Vec::new();
    for level in &levels {
        let level: &Vec<(&str, RandomValue)> = level;
        for (name, _) in level {
            if names.contains(name) {
                continue;
            }
            names.push(name);
            let last = level.iter().rev().find(|(other, _)| other == name);
            let json = json_value(name, &last.unwrap().1);
            match id(name, &json) {
                Some(id) => insert(name, id.into()),
                None if KEYS.contains(&name.trim_end_matches('_')) => {
                    insert(&format!("{name}_"), json);
                }
                None => insert(name, json),
            }
        }
    }
    line
}

/// The values with the names of their fields.
fn named(
    fields: &'static tracing::field::FieldSet,
    values: &Values,
) -> Vec<(&'static str, RandomValue)> {
    let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
    let name = |at: usize| names[at].strip_prefix("r#").unwrap_or(names[at]);
    let values = values.iter();
    values
        .map(|(at, value)| (name(*at), value.clone()))
        .collect()
}

/// The text of a value, redacted.
fn text(value: &RandomValue) -> String {
    if let RandomValue::Bytes(bytes) = value {
        let shown = String::from_utf8_lossy(bytes);
        if redact(&shown) != shown {
            return MASK.to_owned();
        }
    }
    let text = match value {
        RandomValue::I64(value) => value.to_string(),
        RandomValue::U64(value) => value.to_string(),
        RandomValue::I128(value) => value.to_string(),
        RandomValue::U128(value) => value.to_string(),
        RandomValue::F64(value) if value.is_finite() => json!(value).to_string(),
        RandomValue::F64(value) if value.is_nan() => "NaN".to_owned(),
        RandomValue::F64(value) if *value > 0.0 => "Infinity".to_owned(),
        RandomValue::F64(_) => "-Infinity".to_owned(),
        RandomValue::Bool(value) => value.to_string(),
        RandomValue::Str(text) | RandomValue::Display(text) => text.clone(),
        RandomValue::Debug(text) => format!("{text:?}"),
        RandomValue::Bytes(bytes) => {
            let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            pairs.concat()
        }
        RandomValue::Error(messages) => {
            let mut text = messages[0].clone();
            for source in &messages[1..] {
                if !text.contains(source) {
                    text = format!("{text}: {source}");
                }
            }
            text
        }
    };
    redact(&text).into_owned()
}

fn json_value(name: &str, value: &RandomValue) -> Value {
    let number = match value {
        RandomValue::Bool(value) => return (*value).into(),
        RandomValue::I64(value) => Some(json!(value)),
        RandomValue::U64(value) => Some(json!(value)),
        RandomValue::I128(value) => i64::try_from(*value).ok().map(Value::from),
        RandomValue::U128(value) => u64::try_from(*value).ok().map(Value::from),
        RandomValue::F64(value) if value.is_finite() => Some(json!(value)),
        _ => None,
    };
    let is_secret = matches!(name, "password" | "api_key") || name == "tokens" && number.is_none();
    match number {
        _ if is_secret => MASK.into(),
        Some(number) => number,
        None => text(value).into(),
    }
}

/// The text of an id, if the field is one.
fn id(name: &str, value: &Value) -> Option<String> {
    let is_hex = |digits: usize| {
        value.as_str().is_some_and(|text| {
            text.len() == digits && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        })
    };
    let is_id = match name {
        "request_id" => value.as_str().is_some_and(|text| !text.is_empty()) || value.is_u64(),
        "trace_id" => is_hex(32),
        "span_id" => is_hex(16),
        "trace_flags" => is_hex(2),
        _ => false,
    };
    let text = value.as_str().map(str::to_owned);
    is_id.then(|| text.unwrap_or_else(|| value.to_string()))
}

/// The first error, or the message of the panic, whichever comes first.
fn exception(own: &[(&str, RandomValue)], message: Option<usize>) -> Option<Value> {
    own.iter()
        .enumerate()
        .find_map(|(at, (name, value))| match value {
            RandomValue::Error(_) if matches!(*name, "password" | "tokens") => {
                Some(json!({"message": MASK}))
            }
            RandomValue::Error(messages) => {
                let redacted: Vec<_> = messages.iter().map(|text| redact(text)).collect();
                Some(match &redacted[1..] {
                    [] => json!({"message": redacted[0]}),
                    sources => json!({"message": redacted[0], "sources": sources}),
                })
            }
            _ if *name == "panic.message" && Some(at) != message => match json_value("", value) {
                Value::String(text) => Some(json!({"message": text})),
                _ => None,
            },
            _ => None,
        })
}
