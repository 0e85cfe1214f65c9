//! Notifications for tests.

use std::time::{Duration, SystemTime};

use serde_json::json;
use tower_vitals::alerts::Labels;
use tower_vitals::alerts::channels::{Notification, NotificationReason, NotifiedAlert};
use tower_vitals::alerts::state::AlertId;

/// 2026-08-01T12:00:00Z.
pub(crate) fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_585_600)
}

pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pairs.collect()
}

/// A firing alert of level error, since 11:55.
pub(crate) fn firing(name: &str, also: &[(&str, &str)]) -> NotifiedAlert {
    let mut all = labels(also);
    let id = AlertId::of(name, &all);
    all.insert("alertname".to_owned(), name.to_owned());
    serde_json::from_value(json!({
        "id": id,
        "name": name,
        "level": "error",
        "is_firing": true,
        "labels": all,
        "annotations": { "summary": "12 % of requests fail" },
        "value": "0.12",
        "starts_at": "2026-08-01T11:55:00Z",
        "ends_at": null,
        "acknowledged": null,
    }))
    .unwrap()
}

/// The alert, which resolved at 12:00.
pub(crate) fn resolved(name: &str, also: &[(&str, &str)]) -> NotifiedAlert {
    let mut alert = firing(name, also);
    alert.is_firing = false;
    alert.ends_at = Some(noon());
    alert
}

/// The alert, which a person acknowledged.
pub(crate) fn acknowledged(name: &str, also: &[(&str, &str)]) -> NotifiedAlert {
    let mut alert = firing(name, also);
    alert.acknowledged = serde_json::from_value(json!({
        "by": "Ada", "note": "on it", "at": "2026-08-01T11:58:00Z",
    }))
    .unwrap();
    alert
}

/// A notification of the service `shop`.
pub(crate) fn notification(
    reason: NotificationReason,
    alerts: impl IntoIterator<Item = NotifiedAlert>,
) -> Notification {
    let mut notification = Notification::new(reason, "group", noon());
    notification.alerts = alerts.into_iter().collect();
    notification.service = Some("shop".to_owned());
    notification.instance = Some("shop-0".to_owned());
    notification.external_url = Some("https://shop.example.org/vitals".to_owned());
    notification
}
