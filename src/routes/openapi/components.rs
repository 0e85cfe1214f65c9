//! [`Components`]: the schemas of a document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{Object, Schema, SchemaType};
use utoipa::openapi::{Ref, RefOr};

/// JSON Schemas by file. The tests of the routes check responses against them.
const FILES: [(&str, &str); 21] = [
    ("alerts", include_str!("schemas/alerts.json")),
    ("checker", include_str!("schemas/checker.json")),
    ("config", include_str!("schemas/config.json")),
    ("dashboard", include_str!("schemas/dashboard.json")),
    ("detailed", include_str!("schemas/detailed.json")),
    ("health", include_str!("schemas/health.json")),
    ("health_json", include_str!("schemas/health_json.json")),
    ("healthz", include_str!("schemas/healthz.json")),
    ("history", include_str!("schemas/history.json")),
    ("jobs", include_str!("schemas/jobs.json")),
    ("log-level", include_str!("schemas/log-level.json")),
    (
        "log-level-body",
        include_str!("schemas/log-level-body.json"),
    ),
    ("metrics", include_str!("schemas/metrics.json")),
    ("openapi", include_str!("schemas/openapi.json")),
    ("pprof_index", include_str!("schemas/pprof_index.json")),
    ("problem", include_str!("schemas/problem.json")),
    ("registries", include_str!("schemas/registries.json")),
    ("reset", include_str!("schemas/reset.json")),
    ("status", include_str!("schemas/status.json")),
    ("tasks", include_str!("schemas/tasks.json")),
    ("text", r#"{"type": "string"}"#),
];

/// Where the schemas of a document are.
const LOCATION: &str = "#/components/schemas/";

/// The schemas that a document refers to.
#[derive(Default)]
pub(super) struct Components {
    schemas: BTreeMap<String, RefOr<Schema>>,
    /// The definitions of files that are parsed.
    files: BTreeMap<&'static str, Map<String, Value>>,
}

impl Components {
    /// Returns a reference to a schema, which the document then has, with all that it refers to. An app has schemas of its own
    /// in the same document, so each name begins with `monitoring.`.
    pub(super) fn reference(&mut self, name: &str) -> RefOr<Schema> {
        let name = component_name(name);
        self.add(&name);
        RefOr::Ref(Ref::from_schema_name(name))
    }

    pub(super) fn into_schemas(self) -> BTreeMap<String, RefOr<Schema>> {
        self.schemas
    }

    fn add(&mut self, component: &str) {
        let mut missing = vec![component.to_owned()];
        while let Some(component) = missing.pop() {
            if self.schemas.contains_key(&component) {
                continue;
            }
            let schema = self.find(&component).unwrap_or_default();
            references(&schema, &mut missing);
            self.schemas.insert(component, keywords(schema));
        }
    }

    fn find(&mut self, component: &str) -> Option<Value> {
        let name = component.strip_prefix("monitoring.")?;
        let (file, definition) = name.split_once('.').unwrap_or((name, ""));
        let (file, text) = FILES.iter().find(|(known, _)| *known == file)?;
        let definitions = self
            .files
            .entry(file)
            .or_insert_with(|| definitions(file, text));
        definitions.get(definition).cloned()
    }
}

/// `alerts/list` is `monitoring.alerts.list`.
fn component_name(name: &str) -> String {
    ["monitoring.", &name.replace('/', ".")].concat()
}

/// The schemas of a file by name, with references that hold in a document. That of the file itself has an empty name.
fn definitions(file: &str, text: &str) -> Map<String, Value> {
    let mut root: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    for keyword in ["$schema", "title"] {
        root.remove(keyword);
    }
    let mut definitions = match root.remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    };
    definitions.insert(String::new(), Value::Object(root));
    let prefix = format!("{LOCATION}monitoring.{file}.");
    for schema in definitions.values_mut() {
        locate(schema, &prefix);
    }
    definitions
}

/// Makes all references in a schema such that they hold in a document.
fn locate(schema: &mut Value, prefix: &str) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                match value.as_str().and_then(|to| to.strip_prefix("#/$defs/")) {
                    Some(name) if keyword == "$ref" => *value = [prefix, name].concat().into(),
                    _ => locate(value, prefix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| locate(item, prefix)),
        _ => {}
    }
}

/// Adds the names of all components that a schema refers to.
fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(keywords) => {
            let name = keywords.get("$ref").and_then(Value::as_str);
            found.extend(name.and_then(|name| Some(name.strip_prefix(LOCATION)?.to_owned())));
            keywords.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// A schema with these keywords. They go where utoipa keeps extensions, because its types lack many of JSON Schema 2020-12
/// (`const`, `not`, `unevaluatedProperties`, ..).
pub(super) fn keywords(schema: Value) -> RefOr<Schema> {
    let mut object = Object::with_type(SchemaType::AnyValue);
    if let Value::Object(keywords) = schema {
        object.extensions = Some(Extensions::from_iter(keywords));
    }
    RefOr::T(Schema::Object(object))
}
