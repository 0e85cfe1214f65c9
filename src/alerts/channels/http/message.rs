//! `Message`: a notification as chat messages show it.

use super::alert_text::{AlertText, clean, emoji};
use super::text::cut;
use super::times;
use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;

/// The alerts of one message. Slack refuses messages with 20 and more, and nobody reads them.
const MAX_ALERTS: usize = 15;
/// The components of one message.
const MAX_COMPONENTS: usize = 3;
/// The length of their names, so that the time stays visible.
const MAX_COMPONENT: usize = 100;

/// A notification as chat messages show it. Its parts are not escaped, and have no control characters. Only `component` is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The emoji and the level: `🔴 CRITICAL`.
    pub(super) heading: String,
    /// The title of a notification with alerts.
    pub(super) title: Option<String>,
    /// The components of the alerts, else the service.
    pub(super) component: Option<String>,
    /// `2026-11-29 02:43:44 UTC`.
    pub(super) time: String,
    /// The notification's text, else its reason if people cannot tell it from the alerts.
    pub(super) note: Option<String>,
    /// The first alerts.
    pub(super) alerts: Vec<AlertText>,
    /// The number of the other alerts.
    pub(super) more: usize,
    /// The service and the instance.
    pub(super) footer: Option<String>,
}

impl Message {
    pub(super) fn of(notification: &Notification) -> Self {
        let shown = notification.alerts.len().min(MAX_ALERTS);
        let source = [&notification.service, &notification.instance];
        let source: Vec<_> = source.into_iter().flatten().map(String::as_str).collect();
        Self {
            heading: heading(notification),
            title: (shown > 0).then(|| clean(&notification.title())),
            component: component(notification).map(|text| clean(&cut(&text, MAX_COMPONENT))),
            time: times::readable(notification.at),
            note: note(notification).map(clean),
            alerts: notification.alerts[..shown]
                .iter()
                .map(AlertText::of)
                .collect(),
            more: notification.alerts.len() - shown + notification.left_out,
            footer: Some(clean(&source.join(", "))).filter(|text| !text.trim().is_empty()),
        }
    }

    /// `🔴 CRITICAL [FIRING:2] HighErrorRate (api)`.
    pub(super) fn headline(&self) -> String {
        match &self.title {
            Some(title) => format!("{} {title}", self.heading),
            None => self.heading.clone(),
        }
    }

    /// `Component: ..` and `Time: .. UTC`.
    pub(super) fn facts(&self) -> String {
        match &self.component {
            Some(component) => format!("Component: {component}\nTime: {}", self.time),
            None => format!("Time: {}", self.time),
        }
    }

    /// `and 3 more`.
    pub(super) fn others(&self) -> Option<String> {
        (self.more > 0).then(|| format!("and {} more", self.more))
    }

    /// The note and the alerts.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<_> = self.note.iter().cloned().collect();
        for alert in &self.alerts {
            lines.push(alert.text.clone());
            lines.extend(alert.runbook.iter().map(|url| format!("Runbook: {url}")));
        }
        lines.extend(self.others());
        lines.join("\n")
    }

    /// The part of a budget for each alert.
    pub(super) fn share(&self, budget: usize) -> usize {
        budget / self.alerts.len().max(1)
    }
}

fn heading(notification: &Notification) -> String {
    let level = notification.level();
    let name = level.as_str().to_uppercase();
    if notification.alerts.is_empty() || notification.is_firing() {
        format!("{} {name}", emoji(level, true))
    } else {
        format!("{} RESOLVED ({name})", emoji(level, false))
    }
}

fn component(notification: &Notification) -> Option<String> {
    let mut components = Vec::new();
    for alert in &notification.alerts {
        if components.contains(&alert.component()) {
            continue;
        }
        if components.len() == MAX_COMPONENTS {
            return Some(format!("{}, ..", components.join(", ")));
        }
        components.push(alert.component());
    }
    if components.is_empty() {
        return notification.service.clone();
    }
    Some(components.join(", "))
}

fn note(notification: &Notification) -> Option<&str> {
    if let Some(text) = &notification.text {
        return Some(text)
            .filter(|text| !text.trim().is_empty())
            .map(|text| &**text);
    }
    Some(match notification.reason {
        NotificationReason::Acknowledged => "Acknowledged.",
        NotificationReason::Escalation => "Nobody acknowledged this in time.",
        NotificationReason::Fallback => "Another channel failed to deliver this.",
        NotificationReason::Repeat => "Still firing.",
        NotificationReason::Summary => "Notifications were held back.",
        NotificationReason::SilenceBegan => "A silence began.",
        NotificationReason::SilenceEnded => "A silence ended.",
        NotificationReason::Test if notification.alerts.is_empty() => "This is a test.",
        NotificationReason::Test
        | NotificationReason::First
        | NotificationReason::NewAlerts
        | NotificationReason::SomeResolved
        | NotificationReason::AllResolved
        | NotificationReason::Sync
        | NotificationReason::Heartbeat => return None,
    })
}
