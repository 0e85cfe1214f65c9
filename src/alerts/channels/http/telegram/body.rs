//! The text of a message.

use crate::alerts::channels::http::message::Message;
use crate::alerts::channels::http::text::{cut, utf16_len};

/// Telegram's limit, in UTF-16 code units.
const MAX_TEXT: usize = 4_096;
/// The parts of a text.
const MAX_TITLE: usize = 200;
const MAX_NOTE: usize = 800;
const MAX_LONE_NOTE: usize = 3_000;
const MAX_ALERTS: usize = 2_500;
const MAX_FOOTER: usize = 150;
/// Heading, component, time, the number of other alerts, and line breaks.
const MAX_REST: usize = 400;

const _: () = assert!(MAX_TITLE + MAX_NOTE + MAX_ALERTS + MAX_FOOTER + MAX_REST <= MAX_TEXT);
const _: () = assert!(MAX_LONE_NOTE + MAX_FOOTER + MAX_REST <= MAX_TEXT);

/// Emoji and level, `Component:`, `Time: .. UTC`, a blank line, and the text.
pub(super) fn body(message: &Message) -> String {
    let mut text = format!("{}\n{}\n", message.heading, message.facts());
    let mut add = |part: &str, limit: usize| {
        text.push('\n');
        text.push_str(&cut(part, limit));
    };
    if let Some(title) = message.title.as_ref().filter(|_| is_group(message)) {
        add(title, MAX_TITLE);
    }
    if let Some(note) = &message.note {
        let is_alone = message.alerts.is_empty();
        add(note, if is_alone { MAX_LONE_NOTE } else { MAX_NOTE });
    }
    let share = message.share(MAX_ALERTS);
    for alert in &message.alerts {
        let runbook = alert.runbook.as_ref().map(|url| format!("Runbook: {url}"));
        let runbook = runbook.map(|line| cut(&line, share / 2).into_owned());
        let used = runbook.as_ref().map_or(0, |line| utf16_len(line));
        add(&alert.text, share - used);
        if let Some(line) = runbook {
            add(&line, share);
        }
    }
    if let Some(others) = message.others() {
        add(&others, MAX_FOOTER);
    }
    if let Some(footer) = &message.footer {
        add("", 0);
        add(footer, MAX_FOOTER);
    }
    text
}

fn is_group(message: &Message) -> bool {
    message.alerts.len() + message.more > 1
}
