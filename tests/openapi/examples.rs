//! The examples of the document are responses of the routes.
//!
//! `UPDATE_EXAMPLES=1 cargo test --all-features --test openapi examples` writes them again.

use std::fs;

use axum::Router;
use serde_json::{Map, Value, json};

use crate::answers::{assert_valid, content, successes};
use crate::document::json;
use crate::service::{Answer, open_routes};

const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/src/routes/openapi/examples.json"
);

/// The families and paths that examples show of all those that a service has.
const SHOWN: [&str; 4] = [
    "active_connections",
    "orders_total",
    "wait_seconds",
    "/metrics",
];

/// Pages and scripts tell nobody anything.
fn has_example(media_type: &str) -> bool {
    media_type.ends_with("json")
        || ["text/plain", "application/openmetrics-text"].contains(&media_type)
}

/// A response as a reader wants it: of many families a few.
fn shown(answer: &Answer) -> Value {
    if answer.media_type.ends_with("json") {
        let mut body = answer.json();
        for field in ["metrics", "families", "paths"] {
            if let Some(Value::Object(families)) = body.get_mut(field) {
                families.retain(|name, _| SHOWN.contains(&&**name));
            }
        }
        shorten(&mut body);
        return body;
    }
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let lines = text.lines().filter(|line| {
        let is_end = *line == "# EOF";
        is_end || SHOWN.iter().any(|family| line.contains(family))
    });
    let lines: Vec<_> = lines.collect();
    (lines.join(
        "
",
    ) + "
")
    .into()
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.truncate(3);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Whether each field of an example is one of the response, with the same type. Of an array, the first item is like one of the
/// response.
fn is_like(example: &Value, real: &Value) -> bool {
    match (example, real) {
        (Value::Object(fields), Value::Object(real)) => fields
            .iter()
            .all(|(name, value)| real.get(name).is_some_and(|real| is_like(value, real))),
        (Value::Array(items), Value::Array(real)) => match items.first() {
            Some(item) => real.iter().any(|real| is_like(item, real)),
            None => real.is_empty(),
        },
        (Value::Null, _)
        | (_, Value::Null)
        | (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => true,
        _ => false,
    }
}

#[test]
fn an_example_with_another_shape_is_found() {
    let real = json!({ "a": [{ "b": 1, "c": null }], "d": "x" });
    assert!(is_like(&real, &real));
    assert!(is_like(&json!({ "a": [{ "b": 2 }] }), &real));
    for other in [
        json!({ "e": 1 }),
        json!({ "a": [] }),
        json!({ "a": [{ "b": "1" }] }),
        json!({ "d": false }),
        json!([]),
    ] {
        assert!(!is_like(&other, &real), "{other}");
    }
}

#[tokio::test]
async fn examples_are_responses() {
    let routes = open_routes().await;
    let document = json(&routes.openapi());
    let app = Router::from(routes);
    let is_update = std::env::var_os("UPDATE_EXAMPLES").is_some();
    let mut examples = Map::new();
    let mut seen = 0;
    for request in successes(&app).await {
        let answer = request.send(&app).await;
        if !has_example(&answer.media_type) || request.path == "/openapi.json" {
            continue;
        }
        let (real, content) = (shown(&answer), content(&document, &request, &answer));
        let at = format!("{} {} {}", request.method, request.path, answer.media_type);
        if is_update {
            let method = request.method.to_lowercase();
            let id = &document["paths"][request.path][method]["operationId"];
            let id = id.as_str().unwrap().to_owned();
            let entry = examples.entry(id).or_insert_with(|| json!({}));
            let entry = &mut entry[answer.status.to_string()][&answer.media_type];
            // The first one.
            if entry.is_null() {
                *entry = real;
            }
            continue;
        }
        let Some(example) = content.get("example") else {
            panic!("{at} has no example");
        };
        if answer.media_type.ends_with("json") {
            assert_valid(&document, &content["schema"], example);
        }
        seen += 1;
        // Other requests of the same operation show something else.
        if !request.concrete.contains("rules/some") && request.concrete != "/metrics/history" {
            assert!(
                is_like(example, &real),
                "{at}: {example:#}\nis not like\n{real:#}"
            );
        }
    }
    if is_update {
        let text = serde_json::to_string_pretty(&Value::Object(examples)).unwrap();
        fs::write(FILE, text + "\n").unwrap();
    } else {
        assert!(seen > 40, "{seen} responses");
    }
}

#[tokio::test]
async fn examples_of_bodies_are_valid() {
    let document = json(&open_routes().await.openapi());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut checked = 0;
    for (name, schema) in schemas {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
            assert_valid(&document, &reference, example);
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked} examples");
}
