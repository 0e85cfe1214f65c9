//! `Exception`: the error or the panic of an event.

use std::error::Error;

use super::excerpt::Excerpt;
use super::limits::{MAX_BACKTRACE, MAX_VALUE};
use crate::redact::MASK;

/// The maximum number of sources. An error may be its own source.
const MAX_SOURCES: usize = 16;

/// The members of `exception`, in JSON. Each is empty if it is unknown.
#[derive(Debug, Default)]
pub(super) struct Exception {
    /// The field that the error is the value of. Empty for a panic.
    field: &'static str,
    message: Vec<u8>,
    /// Strings with commas between them.
    sources: Vec<u8>,
    backtrace: Vec<u8>,
}

impl Exception {
    pub(super) fn clear(&mut self) {
        self.field = "";
        self.message.clear();
        self.sources.clear();
        self.backtrace.clear();
    }

    /// Keeps the message of the first error or panic.
    pub(super) fn set_message(&mut self, message: Excerpt<'_>) {
        if self.message.is_empty() {
            message.push_json(&mut self.message, MAX_VALUE);
        }
    }

    pub(super) fn set_backtrace(&mut self, backtrace: Excerpt<'_>) {
        self.backtrace.clear();
        backtrace.push_json(&mut self.backtrace, MAX_BACKTRACE);
    }

    /// Keeps the first error, which is secret, without its text.
    pub(super) fn set_masked(&mut self) {
        self.set_message(Excerpt::of(MASK, MAX_VALUE));
    }

    /// Masks the error if it is the value of such a field.
    pub(super) fn mask_field(&mut self, is_secret: impl Fn(&str) -> bool) {
        if is_secret(self.field) {
            self.message.clear();
            self.sources.clear();
            self.set_masked();
        }
    }

    /// Keeps the first error, and returns the text of its field in the buffer: the message, and those messages of its
    /// sources that it does not contain.
    pub(super) fn set_error<'a>(
        exception: Option<&mut Self>,
        field: &'static str,
        error: &(dyn Error + 'static),
        buffer: &'a mut String,
    ) -> Excerpt<'a> {
        let mut exception = exception.filter(|exception| exception.message.is_empty());
        let mut part = String::new();
        let message = Excerpt::format(&mut part, format_args!("{error}"), MAX_VALUE);
        if let Some(exception) = &mut exception {
            exception.field = field;
            message.push_json(&mut exception.message, MAX_VALUE);
        }
        buffer.clear();
        buffer.push_str(&part);
        let sources = std::iter::successors(error.source(), |error| (*error).source());
        for source in sources.take(MAX_SOURCES) {
            let source = Excerpt::format(&mut part, format_args!("{source}"), MAX_VALUE);
            if let Some(exception) = &mut exception
                && let Some(left) = MAX_VALUE.checked_sub(exception.sources.len())
            {
                let comma: &[u8] = if exception.sources.is_empty() {
                    b""
                } else {
                    b","
                };
                exception.sources.extend_from_slice(comma);
                source.push_json(&mut exception.sources, left);
            }
            if !buffer.contains(&part) && buffer.len() < 2 * MAX_VALUE {
                buffer.push_str(": ");
                buffer.push_str(&part);
            }
        }
        Excerpt::of(buffer, MAX_VALUE)
    }

    /// Appends the member of the line, unless there was neither an error nor a panic.
    pub(super) fn push(&self, line: &mut Vec<u8>) {
        let members = [
            (&b"\"message\":"[..], &self.message, &b""[..]),
            (b"\"sources\":[", &self.sources, b"]"),
            (b"\"backtrace\":", &self.backtrace, b""),
        ];
        let mut before: &[u8] = b",\"exception\":{";
        for (name, value, end) in members {
            if !value.is_empty() {
                line.extend_from_slice(before);
                line.extend_from_slice(name);
                line.extend_from_slice(value);
                line.extend_from_slice(end);
                before = b",";
            }
        }
        if before == b"," {
            line.push(b'}');
        }
    }
}
