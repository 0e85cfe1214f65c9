//! `Template`: a JSON value with placeholders.

use serde_json::{Map, Value as Json};

use super::placeholder::Placeholder;
use crate::alerts::channels::notification::Notification;
use crate::error::Error;

/// A JSON value with placeholders in its strings. They are filled with values, not with text of JSON, so no text can break out.
#[derive(Debug, Clone)]
pub(super) struct Template(Node);

#[derive(Debug, Clone)]
enum Node {
    Value(Json),
    /// A string that is one placeholder, which may become another type.
    Alone(Placeholder),
    Text(Vec<Part>),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

impl Template {
    /// The error names all wrong placeholders.
    pub(super) fn new(template: Json) -> Result<Self, Error> {
        let mut mistakes = Vec::new();
        let node = node(template, "", &mut mistakes);
        if mistakes.is_empty() {
            return Ok(Self(node));
        }
        Err(Error::invalid(format!(
            "the template of the webhook is invalid: {}: {} are allowed",
            mistakes.join(", "),
            Placeholder::names()
        )))
    }

    pub(super) fn fill(&self, notification: &Notification) -> Json {
        fill(&self.0, notification)
    }
}

/// `path` is the place in the template, as a JSON pointer.
fn node(template: Json, path: &str, mistakes: &mut Vec<String>) -> Node {
    match template {
        Json::String(text) => {
            let parts = parts(&text, path, mistakes);
            match parts.as_slice() {
                [Part::Placeholder(placeholder)] => Node::Alone(*placeholder),
                [] | [Part::Text(_)] => Node::Value(Json::String(text)),
                _ => Node::Text(parts),
            }
        }
        Json::Array(items) => {
            let items = items.into_iter().enumerate();
            let nodes = items.map(|(at, item)| node(item, &format!("{path}/{at}"), mistakes));
            Node::Array(nodes.collect())
        }
        Json::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| {
                let path = format!("{path}/{key}");
                if key.contains("{{") {
                    mistakes.push(format!("a placeholder in a key at {path:?}"));
                }
                let value = node(value, &path, mistakes);
                (key, value)
            });
            Node::Object(entries.collect())
        }
        other => Node::Value(other),
    }
}

fn parts(mut text: &str, path: &str, mistakes: &mut Vec<String>) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once("{{") {
        let Some((name, after)) = rest.split_once("}}") else {
            mistakes.push(format!("a {{{{ without }}}} at {path:?}"));
            return parts;
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        match Placeholder::named(name.trim()) {
            Some(placeholder) => parts.push(Part::Placeholder(placeholder)),
            None => mistakes.push(format!("unknown placeholder {:?} at {path:?}", name.trim())),
        }
        text = after;
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    parts
}

fn fill(node: &Node, notification: &Notification) -> Json {
    match node {
        Node::Value(value) => value.clone(),
        Node::Alone(placeholder) => placeholder.value(notification),
        Node::Text(parts) => {
            let part = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Placeholder(placeholder) => match placeholder.value(notification) {
                    Json::String(text) => text,
                    Json::Null => String::new(),
                    other => other.to_string(),
                },
            };
            Json::String(parts.iter().map(part).collect())
        }
        Node::Array(nodes) => nodes.iter().map(|node| fill(node, notification)).collect(),
        Node::Object(entries) => {
            let entry = |(key, node): &(String, Node)| (key.clone(), fill(node, notification));
            Json::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}
