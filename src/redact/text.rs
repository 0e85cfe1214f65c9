//! Redaction of text.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::bytes::{Span, skip};
use super::char_boundary;
use super::mask::MASK;
use super::registry;
use super::scan::scan;
use super::view::{Encoding, View};

/// The bytes of a text that are searched. Longer texts are cut here first.
const MAX_TEXT: usize = 64 * 1024;

/// The bytes before this cut that are not shown, because a secret that is cut in half is not recognized.
pub(crate) const MAX_HALF: usize = 4 * 1024;

/// How many encodings within each other are decoded.
const MAX_DEPTH: usize = 3;

/// Replaces the secrets in a text with `[redacted]`, as in all text that this crate emits. [The module](super) lists
/// them.
///
/// ```
/// use tower_vitals::redact::redact;
///
/// let error = "cannot reach postgres://shop:s3cret@db/shop: password authentication failed";
/// assert_eq!(redact(error), "cannot reach postgres://shop:[redacted]@db/shop: password authentication failed");
/// assert_eq!(redact("DB_PASSWORD=hunter2 is wrong"), "DB_PASSWORD=[redacted] is wrong");
/// assert_eq!(redact("environment variable DB_PASSWORD: not found"), "environment variable DB_PASSWORD: not found");
/// ```
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    masked(text, &secrets(text), text.len())
}

/// The spans of all secrets in order, without those that overlap.
fn secrets(text: &str) -> Vec<Span> {
    registry::read_environment();
    let mut spans = Vec::new();
    search(text.as_bytes(), 0, &mut spans);
    if registry::has_values() && text.bytes().any(|byte| byte.is_ascii_control()) {
        // A value with spaces may stand on two lines.
        let is_break = |byte: u8| byte.is_ascii_control();
        let line = text
            .bytes()
            .map(|byte| if is_break(byte) { b' ' } else { byte });
        registry::find(&line.collect::<Vec<_>>(), &mut spans);
    }
    spans.sort_unstable();
    spans.dedup_by(|next, previous| {
        let is_next = next.0 <= previous.1;
        if is_next {
            previous.1 = previous.1.max(next.1);
        }
        is_next
    });
    spans
}

/// Adds the secrets of the text, and those of its lines that are encoded or escaped.
fn search(text: &[u8], depth: usize, spans: &mut Vec<Span>) {
    registry::find(text, spans);
    scan(text, spans);
    if depth == MAX_DEPTH {
        return;
    }
    let mut escape = skip(text, 0, is_plain);
    while escape < text.len() {
        let start = text[..escape]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |line| line + 1);
        let end = skip(text, escape, |byte| byte != b'\n');
        let line = &text[start..end];
        if let Some(view) = View::of(line, Encoding::Both) {
            let mut found = Vec::new();
            search(&view.text, depth + 1, &mut found);
            let found = found.into_iter().map(|span| view.original(line, span));
            spans.extend(found.map(|(from, to)| (start + from, start + to)));
        }
        escape = skip(text, end, is_plain);
    }
}

fn is_plain(byte: u8) -> bool {
    byte != b'%' && byte != b'\\'
}

/// The text up to `limit`, with a mask in place of each span.
fn masked<'a>(text: &'a str, spans: &[Span], limit: usize) -> Cow<'a, str> {
    let mut redacted = String::new();
    let mut copied = 0;
    for (start, end) in spans {
        let start = char_boundary::floor(text, *start);
        if start >= limit {
            break;
        }
        redacted.push_str(&text[copied..start.max(copied)]);
        redacted.push_str(MASK);
        copied = char_boundary::ceil(text, *end);
    }
    if copied == 0 {
        return Cow::Borrowed(&text[..limit]);
    }
    redacted.push_str(&text[copied..limit.max(copied)]);
    Cow::Owned(redacted)
}

/// Redacts the text, joins its lines, and cuts it to `max` bytes with a note of the number of bytes that were cut.
#[allow(dead_code, reason = "some features show no messages")]
pub(crate) fn redact_line(text: &str, max: usize) -> String {
    let searched = &text[..char_boundary::floor(text, MAX_TEXT)];
    let limit = if searched.len() < text.len() {
        char_boundary::floor(text, MAX_TEXT - MAX_HALF)
    } else {
        text.len()
    };
    let redacted = masked(searched, &secrets(searched), limit);
    let mut line: String = redacted
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if registry::has_values() && redacted.chars().any(char::is_control) {
        // A value with spaces may stand on two lines.
        let mut spans = Vec::new();
        registry::find(line.as_bytes(), &mut spans);
        line = masked(&line, &spans, line.len()).into_owned();
    }
    let end = char_boundary::floor(&line, max);
    let cut = line.len() - end + text.len() - limit;
    line.truncate(end);
    if cut > 0 {
        // Writing to a string cannot fail.
        let _ = write!(line, " .. ({cut} bytes more)");
    }
    line
}

/// Redacts the start of a text that goes on. Its last 4 KiB are not shown, because a secret that is cut in half is not
/// recognized.
#[allow(dead_code, reason = "only logs need it")]
pub(crate) fn redact_start(start: &str) -> Cow<'_, str> {
    let limit = char_boundary::floor(start, start.len().saturating_sub(MAX_HALF));
    masked(start, &secrets(start), limit)
}

/// Redacts a text, and cuts it to `max` bytes. As many bytes of the rest are searched as show whether a secret is cut in half.
#[cfg(feature = "otel")]
pub(crate) fn redact_to(text: &str, max: usize) -> Cow<'_, str> {
    let start = &text[..char_boundary::floor(text, max + MAX_HALF)];
    let limit = char_boundary::floor(text, max);
    match masked(start, &secrets(start), limit) {
        Cow::Owned(mut text) => {
            text.truncate(char_boundary::floor(&text, max));
            Cow::Owned(text)
        }
        text @ Cow::Borrowed(_) => text,
    }
}

/// The `Debug` output of a value without secrets.
pub(crate) struct Redacted<T>(pub(crate) T);

impl<T: fmt::Debug> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if f.alternate() {
            format!("{:#?}", self.0)
        } else {
            format!("{:?}", self.0)
        };
        f.write_str(&redact(&text))
    }
}
