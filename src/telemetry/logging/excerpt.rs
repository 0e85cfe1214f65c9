//! `Excerpt`: the start of a text.

use std::fmt::{self, Write};
use std::io::Write as _;

use super::escape::{self, Style};
use crate::redact::{MAX_HALF, is_secret_name, redact, redact_start};

/// The start of a text, and the length of the whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Excerpt<'a> {
    start: &'a str,
    length: usize,
}

impl<'a> Excerpt<'a> {
    /// As much of the text as decides `max` bytes of a line.
    pub(super) fn of(text: &'a str, max: usize) -> Self {
        let mut end = text.len().min(max + MAX_HALF);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            start: &text[..end],
            length: text.len(),
        }
    }

    /// Writes a value to the buffer, as far as it decides `max` bytes of a line.
    pub(super) fn format(buffer: &'a mut String, value: fmt::Arguments<'_>, max: usize) -> Self {
        buffer.clear();
        let mut writer = Writer {
            buffer,
            max: max + MAX_HALF,
            length: 0,
        };
        // A value that cannot be written is written as far as it can.
        let _ = writer.write_fmt(value);
        let length = writer.length;
        Self {
            start: buffer,
            length,
        }
    }

    /// Appends at most about `max` bytes of the text, redacted and escaped.
    pub(super) fn push(self, line: &mut Vec<u8>, style: Style, max: usize) {
        let (text, cut) = if self.start.len() < self.length {
            let cut = self.length - self.start.len() + MAX_HALF;
            (redact_start(self.start), cut)
        } else {
            (redact(self.start), 0)
        };
        let cut = cut + text.len() - escape::push(line, &text, style, max);
        if cut > 0 {
            // Writing to a vector cannot fail.
            let _ = write!(line, " .. ({cut} bytes more)");
        }
    }

    /// Whether the text holds a secret.
    pub(super) fn has_secret(self) -> bool {
        matches!(redact(self.start), std::borrow::Cow::Owned(_))
    }

    /// Whether the text is the name of a secret: `authorization`, `DB_PASSWORD`.
    pub(super) fn is_secret_name(self) -> bool {
        is_secret_name(self.start)
    }

    pub(super) fn push_json(self, line: &mut Vec<u8>, max: usize) {
        line.push(b'"');
        self.push(line, Style::Json, max);
        line.push(b'"');
    }
}

/// Keeps the start of what is written, and counts the rest.
struct Writer<'a> {
    buffer: &'a mut String,
    max: usize,
    length: usize,
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.buffer.len() == self.length {
            let mut end = text.len().min(self.max - self.length);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            self.buffer.push_str(&text[..end]);
        }
        self.length += text.len();
        Ok(())
    }
}
