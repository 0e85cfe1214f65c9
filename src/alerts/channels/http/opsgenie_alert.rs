//! The body of a request that creates an alert in Opsgenie.

use serde_json::{Map, Value, json};

use super::text::cut;
use super::wire_forms::title;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::level::Level;

/// The limits of the fields, in characters.
const MAX_MESSAGE: usize = 130;
const MAX_DESCRIPTION: usize = 15_000;
const MAX_TAGS: usize = 20;
const MAX_TAG: usize = 50;
const MAX_DETAILS: usize = 8_000;
const MAX_ENTITY: usize = 512;

/// The body of a request that creates an alert.
pub(super) fn new_alert(
    notification: &Notification,
    alert: &NotifiedAlert,
    alias: &str,
    source: &str,
    tags: &[String],
) -> Value {
    let service = notification.service.as_deref();
    let own = [Some(alert.level.as_str()), Some(&alert.name), service];
    let tags = own
        .into_iter()
        .flatten()
        .chain(tags.iter().map(String::as_str));
    let tags = tags.filter(|tag| !tag.is_empty());
    let tags = tags.take(MAX_TAGS).map(|tag| cut(tag, MAX_TAG));
    json!({
        "message": cut(&title(alert), MAX_MESSAGE),
        "alias": alias,
        "description": cut(&description(alert), MAX_DESCRIPTION),
        "priority": priority(alert.level),
        "tags": tags.collect::<Vec<_>>(),
        "details": details(notification, alert),
        "entity": cut(alert.component(), MAX_ENTITY),
        "source": source,
    })
}

fn priority(level: Level) -> &'static str {
    match level {
        Level::Critical => "P1",
        Level::Error => "P2",
        Level::Warning => "P3",
        Level::Info => "P5",
    }
}

/// The summary, the description and the runbook.
fn description(alert: &NotifiedAlert) -> String {
    let annotation = |name| alert.annotations.get(name).map(String::as_str);
    let runbook = annotation("runbook_url").map(|url| format!("Runbook: {url}"));
    let description = annotation("description").filter(|text| *text != alert.summary());
    let paragraphs = [Some(alert.summary()), description, runbook.as_deref()];
    let paragraphs: Vec<_> = paragraphs.into_iter().flatten().collect();
    paragraphs.join("\n\n")
}

/// The value, the instance, the runbook and the labels, as far as the limit allows.
fn details(notification: &Notification, alert: &NotifiedAlert) -> Map<String, Value> {
    let value = alert.value.map(|value| value.to_string());
    let runbook = alert.annotations.get("runbook_url");
    let own = [
        ("value", value.as_deref()),
        ("instance", notification.instance.as_deref()),
        ("runbook_url", runbook.map(String::as_str)),
    ];
    let own = own
        .iter()
        .filter_map(|(name, text)| Some((*name, (*text)?)));
    let labels = alert.labels.iter();
    let labels = labels.map(|(name, value)| (name.as_str(), value.as_str()));
    let units = |text: &str| text.encode_utf16().count();
    let mut left = MAX_DETAILS;
    let mut details = Map::new();
    for (name, text) in own.chain(labels) {
        let size = units(name) + units(text);
        if size <= left && !details.contains_key(name) {
            left -= size;
            details.insert(name.to_owned(), text.into());
        }
    }
    details
}
