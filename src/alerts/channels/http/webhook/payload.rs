//! `Payload`: the body that Alertmanager posts to a webhook.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alerts::channels::http::links::explain_url;
use crate::alerts::channels::http::times::rfc3339;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::labels::Labels;
use crate::alerts::state::AlertId;

/// The zero time of Go, as Alertmanager writes the end of a firing alert.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// Version 4 of the payload, with the names and in the order of Alertmanager 0.32
/// ([source](https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    receiver: &'a str,
    status: &'static str,
    alerts: Vec<Alert<'a>>,
    #[serde(rename = "notification_reason")]
    notification_reason: &'static str,
    group_labels: &'a Labels,
    common_labels: Labels,
    common_annotations: BTreeMap<String, String>,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert<'a> {
    status: &'static str,
    labels: &'a Labels,
    annotations: &'a BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

impl<'a> Payload<'a> {
    pub(super) fn of(notification: &'a Notification, receiver: &'a str) -> Self {
        let mut common_annotations = notification.common_annotations();
        if let Some(text) = &notification.text {
            common_annotations.insert("text".to_owned(), text.clone());
        }
        Self {
            receiver,
            status: status(notification.is_firing()),
            alerts: alerts(notification),
            notification_reason: reason(notification.reason),
            group_labels: &notification.group_labels,
            common_labels: notification.common_labels(),
            common_annotations,
            external_url: notification.external_url.as_deref().unwrap_or_default(),
            version: "4",
            group_key: &notification.group_key,
            truncated_alerts: notification.left_out,
        }
    }
}

/// The fingerprint that Alertmanager computes for the labels of the payload. The identity of the alert leaves out those that its rule
/// adds.
fn fingerprint(alert: &NotifiedAlert) -> AlertId {
    AlertId::of(&alert.name, &alert.labels)
}

pub(super) fn status(is_firing: bool) -> &'static str {
    if is_firing { "firing" } else { "resolved" }
}

pub(super) fn alerts(notification: &Notification) -> Vec<Alert<'_>> {
    let alert = |alert| Alert::of(notification, alert);
    notification.alerts.iter().map(alert).collect()
}

impl<'a> Alert<'a> {
    fn of(notification: &Notification, alert: &'a NotifiedAlert) -> Self {
        Self {
            status: status(alert.is_firing),
            labels: &alert.labels,
            annotations: &alert.annotations,
            starts_at: rfc3339(alert.starts_at),
            ends_at: alert.ends_at.map_or(NO_TIME.to_owned(), rfc3339),
            generator_url: explain_url(notification, alert).unwrap_or_default(),
            fingerprint: fingerprint(alert).to_string(),
        }
    }
}

/// The words of Alertmanager where it has the same reason, else those of the crate.
pub(super) fn reason(reason: NotificationReason) -> &'static str {
    match reason {
        NotificationReason::First => "first notification",
        NotificationReason::NewAlerts => "new alerts added",
        NotificationReason::SomeResolved => "some alerts resolved",
        NotificationReason::AllResolved => "all alerts resolved",
        NotificationReason::Repeat => "repeat interval elapsed",
        NotificationReason::Acknowledged => "acknowledged",
        NotificationReason::Escalation => "escalation",
        NotificationReason::Summary => "summary",
        NotificationReason::Fallback => "fallback",
        NotificationReason::SilenceBegan => "silence began",
        NotificationReason::SilenceEnded => "silence ended",
        NotificationReason::Sync => "sync",
        NotificationReason::Heartbeat => "heartbeat",
        NotificationReason::Test => "test",
    }
}
