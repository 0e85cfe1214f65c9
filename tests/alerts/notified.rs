//! Notifications for the tests of channels.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tower_vitals::alerts::channels::{Notification, NotificationReason, NotifiedAlert};

/// 2027-01-15 08:00:00 UTC.
pub(crate) fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A critical alert that fires, with these fields in place of its own.
pub(crate) fn alert(fields: &Value) -> NotifiedAlert {
    let mut alert = json!({
        "id": "00000000000000ff",
        "name": "ErrorRatio",
        "level": "critical",
        "is_firing": true,
        "labels": {"alertname": "ErrorRatio", "endpoint": "/users", "severity": "critical"},
        "annotations": {"summary": "7 % of requests fail"},
        "value": "0.07",
        "starts_at": "2027-01-15T07:55:00Z",
        "ends_at": null,
        "acknowledged": null,
    });
    for (name, value) in fields.as_object().unwrap() {
        alert[name] = value.clone();
    }
    serde_json::from_value(alert).unwrap()
}

/// The first notification of the group `api`.
pub(crate) fn notification(alerts: impl IntoIterator<Item = NotifiedAlert>) -> Notification {
    let mut notification = Notification::new(NotificationReason::First, "api", at());
    notification.alerts.extend(alerts);
    notification
}
