//! `AlertText`: an alert as a chat message shows it.

use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::alerts::level::Level;

/// Labels that a message shows elsewhere, or not at all.
const HIDDEN: [&str; 4] = ["alertname", "component", "severity", "source"];

/// An alert as a chat message shows it. Neither escaped nor cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AlertText {
    /// The emoji, the name, the labels and the summary in one line. The description and the acknowledgement follow.
    pub(super) text: String,
    /// The runbook's URL.
    pub(super) runbook: Option<String>,
}

impl AlertText {
    pub(super) fn of(alert: &NotifiedAlert) -> Self {
        let shown = alert
            .labels
            .iter()
            .filter(|(name, value)| !HIDDEN.contains(&name.as_str()) && !value.is_empty());
        let labels: Vec<_> = shown
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut text = format!("{} {}", emoji(alert.level, alert.is_firing), alert.name);
        if !labels.is_empty() {
            text.extend([" (", &labels.join(", "), ")"]);
        }
        let summary = alert.summary();
        if summary != alert.name {
            text.extend([": ", summary]);
        }
        let description = alert.annotations.get("description");
        if let Some(description) = description.filter(|text| !text.is_empty() && *text != summary) {
            text.extend(["\n", description]);
        }
        if let Some(acknowledged) = &alert.acknowledged {
            text.extend(["\nAcknowledged by ", &acknowledged.by]);
            if let Some(note) = &acknowledged.note {
                text.extend([": ", note]);
            }
        }
        let runbook = alert.annotations.get("runbook_url");
        Self {
            text: clean(&text),
            runbook: runbook.filter(|url| !url.is_empty()).map(|url| clean(url)),
        }
    }
}

/// The emoji of a level, or of a resolved alert.
pub(super) fn emoji(level: Level, is_firing: bool) -> &'static str {
    match level {
        _ if !is_firing => "✅",
        Level::Info => "🔵",
        Level::Warning => "🟡",
        Level::Error => "🟠",
        Level::Critical => "🔴",
    }
}

/// The text with spaces in place of control characters, because some receivers refuse them. Line breaks and tabs stay.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|char| match char {
            '\n' | '\t' => char,
            char if char.is_control() => ' ',
            char => char,
        })
        .collect()
}
