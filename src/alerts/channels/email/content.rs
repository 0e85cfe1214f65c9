//! `Content`: the text of a mail.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::alerts::channels::notification::Notification;
use crate::alerts::channels::notification_reason::NotificationReason;
use crate::alerts::channels::notified_alert::NotifiedAlert;
use crate::redact::redact;

/// The alerts that a mail shows.
const MAX_ALERTS: usize = 50;
/// The labels of an alert that a mail shows.
const MAX_LABELS: usize = 40;
/// The characters of a summary, a description or a note.
const MAX_TEXT: usize = 2000;
/// The characters of all other lines.
const MAX_LINE: usize = 300;
/// The characters of a subject.
const MAX_SUBJECT: usize = 200;

/// The text of a mail, which its text part and its HTML part show alike: redacted and cut, but not escaped.
pub(super) struct Content {
    /// One line.
    pub(super) subject: String,
    pub(super) sections: Vec<Section>,
}

/// Some lines below a head, which may be empty.
#[derive(Default)]
pub(super) struct Section {
    pub(super) head: String,
    pub(super) lines: Vec<String>,
    /// A colour of CSS for alerts.
    pub(super) color: Option<&'static str>,
    /// A URL of HTTP.
    pub(super) link: Option<String>,
}

impl Content {
    pub(super) fn of(notification: &Notification) -> Self {
        let mut sections = Vec::new();
        let why = reason(notification.reason).map(str::to_owned);
        let text = notification.text.as_deref().map(|it| shown(it, MAX_TEXT));
        let lines: Vec<_> = why.into_iter().chain(text).collect();
        if !lines.is_empty() {
            sections.push(Section {
                lines,
                ..Section::default()
            });
        }
        let alerts = notification.alerts.iter();
        sections.extend(alerts.take(MAX_ALERTS).map(alert));
        let not_shown = notification.alerts.len().saturating_sub(MAX_ALERTS);
        let more = not_shown + notification.left_out;
        if more > 0 {
            sections.push(Section {
                lines: vec![format!("and {more} more alerts")],
                ..Section::default()
            });
        }
        sections.extend(sender(notification));
        Self {
            subject: subject(notification),
            sections,
        }
    }

    /// The plain text part.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.subject);
        for section in &self.sections {
            text.push('\n');
            let head = Some(&section.head).filter(|head| !head.is_empty());
            for line in head.into_iter().chain(&section.lines).chain(&section.link) {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

/// A text that looks encoded (RFC 2047) would be decoded by the receiver, so it is broken up.
fn subject(notification: &Notification) -> String {
    let title = shown(&notification.title(), MAX_SUBJECT).replace("=?", "= ?");
    let words: Vec<_> = title.split_whitespace().collect();
    if words.is_empty() {
        "alerts".to_owned()
    } else {
        words.join(" ")
    }
}

fn reason(reason: NotificationReason) -> Option<&'static str> {
    match reason {
        NotificationReason::Escalation => Some("Nobody acknowledged these alerts in time."),
        NotificationReason::Fallback => Some("Another channel failed. This mail takes its place."),
        _ => None,
    }
}

fn alert(alert: &NotifiedAlert) -> Section {
    let state = if alert.is_firing {
        "firing"
    } else {
        "resolved"
    };
    let name = shown(&alert.name, MAX_LINE);
    let annotation = |name| alert.annotations.get(name);
    let mut lines: Vec<_> = [annotation("summary"), annotation("description")]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .map(|text| shown(text, MAX_TEXT))
        .collect();
    lines.extend(alert.value.map(|value| format!("value: {value}")));
    let labels = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let count = labels.clone().count();
    let line = |(name, value): (&String, &String)| shown(&format!("{name}: {value}"), MAX_LINE);
    lines.extend(labels.take(MAX_LABELS).map(line));
    if count > MAX_LABELS {
        lines.push(format!("and {} more labels", count - MAX_LABELS));
    }
    lines.push(format!("since: {}", time(alert.starts_at)));
    lines.extend(alert.ends_at.map(|end| format!("until: {}", time(end))));
    if let Some(act) = &alert.acknowledged {
        let note = act.note.as_ref();
        let note = note.map_or(String::new(), |note| format!(": {note}"));
        let text = format!("acknowledged by {}{note}", act.by);
        lines.push(shown(&text, MAX_TEXT));
    }
    Section {
        head: format!("{}: {name} ({state})", alert.level),
        lines,
        color: Some(if alert.is_firing {
            "#c0392b"
        } else {
            "#27ae60"
        }),
        link: annotation("runbook_url").and_then(|url| link(url)),
    }
}

/// The origin of the mail.
fn sender(notification: &Notification) -> Option<Section> {
    let service = notification.service.as_ref();
    let service = service.map(|service| format!("service: {service}"));
    let instance = notification.instance.as_ref();
    let instance = instance.map(|instance| format!("instance: {instance}"));
    let lines = [service, instance].into_iter().flatten();
    let lines: Vec<_> = lines.map(|line| shown(&line, MAX_LINE)).collect();
    let url = notification.external_url.as_deref();
    let link = url.and_then(|url| link(&format!("{url}/alerts")));
    (!lines.is_empty() || link.is_some()).then(|| Section {
        lines,
        link,
        ..Section::default()
    })
}

/// Only URLs of HTTP become links, because others may run as scripts. A URL that is too long would lead astray if it were cut.
fn link(url: &str) -> Option<String> {
    let is_http = ["http://", "https://"].iter().any(|scheme| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let is_whole = |it: &char| it.is_whitespace() || it.is_control();
    let is_link = is_http && url.len() <= MAX_TEXT && !url.chars().any(|c| is_whole(&c));
    is_link.then(|| redact(url).into_owned())
}

fn time(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(
        |_| "unknown".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Redacted, without control characters besides line ends and tabs, and cut to `max` characters.
fn shown(text: &str, max: usize) -> String {
    let text = redact(text).replace("\r\n", "\n");
    let visible = |c: char| match c {
        '\n' | '\t' => c,
        '\r' => '\n',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut characters = text.chars().map(visible);
    let mut shown: String = characters.by_ref().take(max).collect();
    if characters.next().is_some() {
        shown.push_str(" ..");
    }
    shown
}
