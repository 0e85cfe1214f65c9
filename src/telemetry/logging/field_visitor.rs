//! `FieldVisitor`: reads the fields of a span or an event.

use std::error::Error;
use std::fmt;

use tracing::field::{Field, Visit};

use super::escape::Style;
use super::event_parts::EventParts;
use super::exception::Exception;
use super::excerpt::Excerpt;
use super::fields::Fields;
use super::limits::{MAX_BACKTRACE, MAX_VALUE};
use crate::redact::{MASK, is_count, is_pair_name, is_secret};

/// The message of a panic, which becomes that of `exception`, too.
const PANIC_MESSAGE: &str = "panic.message";

/// The backtrace of a panic, which is shown in `exception` only.
const PANIC_BACKTRACE: &str = "panic.backtrace";

/// Numbers with fewer digits are no registered secrets.
const MIN_SECRET: usize = 6;

/// Writes fields in JSON. Secrets are masked by their names and by their looks.
pub(super) struct FieldVisitor<'a> {
    pub(super) fields: &'a mut Fields,
    /// A buffer for the text of a value.
    pub(super) text: &'a mut String,
    /// The parts of an event, and the style of its message. A span has none.
    pub(super) event: Option<(&'a mut EventParts, Style)>,
}

impl FieldVisitor<'_> {
    /// Whether the field is one of those that carry the metadata of a record of the `log` crate.
    fn is_metadata(&self, name: &str) -> bool {
        let event = self.event.as_ref();
        event.is_some_and(|(event, _)| event.is_log_record) && name.starts_with("log.")
    }

    fn text(&mut self, name: &'static str, text: Excerpt<'_>) {
        if let Some((event, style)) = &mut self.event {
            match name {
                "message" if !event.has_message => return event.set_message(text, *style),
                PANIC_MESSAGE => event.exception.set_message(text),
                PANIC_BACKTRACE => return event.exception.set_backtrace(text),
                _ => {}
            }
        }
        if self.is_metadata(name) {
            return;
        }
        if is_pair_name(name) && text.is_secret_name() {
            self.note_secret_name();
        }
        if self.is_masked(name) {
            return self.fields.mask(name);
        }
        self.fields
            .set(name, |json| text.push_json(json, MAX_VALUE));
    }

    fn formatted(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        let max = if name == PANIC_BACKTRACE {
            MAX_BACKTRACE
        } else {
            MAX_VALUE
        };
        let mut buffer = std::mem::take(self.text);
        let text = Excerpt::format(&mut buffer, value, max);
        self.text(name, text);
        *self.text = buffer;
    }

    /// A value whose text is JSON.
    fn literal(&mut self, name: &'static str, literal: &str) {
        if self.is_message(name) {
            return self.text(name, Excerpt::of(literal, MAX_VALUE));
        }
        if self.is_metadata(name) {
            return;
        }
        let is_registered =
            || literal.len() >= MIN_SECRET && Excerpt::of(literal, MAX_VALUE).has_secret();
        let is_value = self.fields.is_beside_secret(name);
        if is_value || is_secret(name) && !is_count(name) || is_registered() {
            return self.fields.mask(name);
        }
        self.fields
            .set(name, |json| json.extend_from_slice(literal.as_bytes()));
    }

    /// Whether texts of this name are masked whatever they hold.
    fn is_masked(&self, name: &str) -> bool {
        is_secret(name) || self.fields.is_beside_secret(name)
    }

    /// Masks the values beside the name of a secret.
    fn note_secret_name(&mut self) {
        self.fields.set_names_secret();
        if let Some((event, _)) = &mut self.event {
            let is_beside_secret = |name: &str| self.fields.is_beside_secret(name);
            event.exception.mask_field(is_beside_secret);
        }
    }

    /// Whether a value of this name is the message.
    fn is_message(&self, name: &str) -> bool {
        name == "message"
            && self
                .event
                .as_ref()
                .is_some_and(|(event, _)| !event.has_message)
    }
}

impl Visit for FieldVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = name(field);
        let max = if name == PANIC_BACKTRACE {
            MAX_BACKTRACE
        } else {
            MAX_VALUE
        };
        self.text(name, Excerpt::of(value, max));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.formatted(name(field), format_args!("{value:?}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.literal(name(field), itoa::Buffer::new().format(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.literal(name(field), itoa::Buffer::new().format(value));
    }

    /// Numbers that need more than 64 bits are texts, because few readers of JSON know such numbers.
    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.text(
                name(field),
                Excerpt::of(itoa::Buffer::new().format(value), MAX_VALUE),
            ),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.record_u64(field, value),
            Err(_) => self.text(
                name(field),
                Excerpt::of(itoa::Buffer::new().format(value), MAX_VALUE),
            ),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            return self.literal(name(field), zmij::Buffer::new().format_finite(value));
        }
        // As in the JSON mapping of Protocol Buffers.
        let text = match value {
            f64::INFINITY => "Infinity",
            f64::NEG_INFINITY => "-Infinity",
            _ => "NaN",
        };
        self.text(name(field), Excerpt::of(text, MAX_VALUE));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        let literal = if value { "true" } else { "false" };
        if self.is_message(name(field)) {
            return self.text("message", Excerpt::of(literal, MAX_VALUE));
        }
        self.fields.set(name(field), |json| {
            json.extend_from_slice(literal.as_bytes());
        });
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        let name = name(field);
        let text = String::from_utf8_lossy(&value[..value.len().min(MAX_VALUE)]);
        if Excerpt::of(&text, MAX_VALUE).has_secret() {
            return self.text(name, Excerpt::of(MASK, MAX_VALUE));
        }
        self.formatted(name, format_args!("{}", Hex(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let (name, is_masked) = (name(field), self.is_masked(name(field)));
        let exception = self.event.as_mut().map(|(event, _)| &mut event.exception);
        if is_masked {
            if let Some(exception) = exception {
                exception.set_masked();
            }
            return self.fields.mask(name);
        }
        let mut buffer = std::mem::take(self.text);
        let text = Exception::set_error(exception, name, value, &mut buffer);
        self.text(name, text);
        *self.text = buffer;
    }
}

/// The name without the `r#` of a raw identifier.
fn name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

/// Bytes as hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
