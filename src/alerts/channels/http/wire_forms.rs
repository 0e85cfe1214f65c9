//! Texts, times and numbers in the JSON of receivers.

use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::Value;

use super::text::cut;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notified_alert::NotifiedAlert;

/// A time as RFC 3339, or `None` if it is not in the years 0 to 9999.
pub(super) fn time(time: SystemTime) -> Option<String> {
    let text = Timestamp::try_from(time).ok()?.to_string();
    text.starts_with(|c: char| c.is_ascii_digit())
        .then_some(text)
}

/// A number, or a text for NaN and the infinities, which JSON has not.
pub(super) fn number_or_text(value: f64) -> Value {
    match Value::from(value) {
        Value::Null => value.to_string().into(),
        number => number,
    }
}

/// The title of one alert: its name and its summary.
pub(super) fn title(alert: &NotifiedAlert) -> String {
    match alert.summary() {
        summary if summary == alert.name => alert.name.clone(),
        summary => format!("{}: {summary}", alert.name),
    }
}

/// The key of an alert that all its notifications share: the service, the instance unless instances share the alert, and the
/// alert's id. It has at most `max` characters, which are at least 200.
pub(super) fn dedup_key(notification: &Notification, alert: &NotifiedAlert, max: usize) -> String {
    let mut key = String::new();
    for name in [&notification.service, &notification.owner] {
        if let Some(name) = name {
            key += &cut(name, (max - 20) / 2);
            key.push('-');
        }
    }
    key + &alert.id.to_string()
}

/// The source of an alert: the instance, else the service. Receivers refuse an empty one.
pub(super) fn source(notification: &Notification, max: usize) -> String {
    let sources = [&notification.instance, &notification.service];
    let mut sources = sources.into_iter().flatten();
    let source = sources.find(|source| !source.is_empty());
    let source = source.map_or("unknown", String::as_str);
    cut(source, max).into_owned()
}
