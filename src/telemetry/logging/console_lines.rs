//! `ConsoleLines`: a layer that writes each event as a line for people.

use std::fmt;
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::escape::{self, Style};
use super::fields::Fields;
use super::limits::{MAX_LINE, MAX_NAME};
use super::line_sink::LineSink;
use super::scratch::Scratch;
use super::span_fields::{self, SpanFields};
use super::trace_source::TraceSource;
use crate::request_target::{EXCLUDED_REQUEST, REQUEST};

/// A layer that writes each event as one line that people read:
///
/// ```text
/// 2026-11-29T13:36:05.123456Z  INFO shop::orders: order placed price=12.5 to="New York" in place{order=17} in request{method=POST}
/// ```
///
/// It has the time, the level, the target, the message, the fields of the event, and the spans from the inner to the outer one with
/// theirs. Line feeds, other control characters and the controls of bidirectional text are escaped, so an event cannot forge lines
/// or colours. Secrets are masked, and lengths limited, as in [`JsonLines`](super::JsonLines). The backtrace of a panic is only
/// in those, and so are the fields of the spans of [`ServerSpanLayer`](crate::ServerSpanLayer), but for the id of the request.
pub struct ConsoleLines<S> {
    sink: S,
    traces: TraceSource,
    has_colors: bool,
}

impl<S: LineSink> ConsoleLines<S> {
    /// A layer whose lines go to this sink, without colours.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            traces: TraceSource::default(),
            has_colors: false,
        }
    }

    /// Sets whether the line has colours, as escape sequences of a terminal. Defaults to `false`.
    pub fn colors(mut self, has_colors: bool) -> Self {
        self.has_colors = has_colors;
        self
    }

    /// Appends what `write` does, in a colour (ECMA-48, section 8.3.117).
    fn paint(&self, line: &mut Vec<u8>, color: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.has_colors {
            line.extend_from_slice(color.as_bytes());
            write(line);
            line.extend_from_slice(b"\x1b[0m");
        } else {
            write(line);
        }
    }
}

const DIM: &str = "\x1b[2m";

fn level(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::ERROR => ("ERROR", "\x1b[31m"),
        Level::WARN => (" WARN", "\x1b[33m"),
        Level::INFO => (" INFO", "\x1b[32m"),
        Level::DEBUG => ("DEBUG", "\x1b[34m"),
        Level::TRACE => ("TRACE", "\x1b[35m"),
    }
}

/// Appends `name=value` for each field, as far as the line does not get too long.
fn push_fields(line: &mut Vec<u8>, fields: &Fields, first: &[u8]) {
    push_some(line, fields, first, |_| true);
}

/// Appends the fields of some names.
fn push_some(line: &mut Vec<u8>, fields: &Fields, first: &[u8], is_shown: impl Fn(&str) -> bool) {
    let mut before = first;
    for field in fields.iter().filter(|field| is_shown(field.name)) {
        let value = fields.value(field);
        if line.len() + value.len() + field.name.len() > MAX_LINE - MAX_NAME {
            line.extend_from_slice(before);
            line.extend_from_slice(b"..");
            return;
        }
        line.extend_from_slice(before);
        escape::push(line, field.name, Style::Plain, MAX_NAME);
        line.push(b'=');
        line.extend_from_slice(without_quotes(value));
        before = b" ";
    }
}

/// The value without its quotes, if it has no byte that could be taken for the end of it.
fn without_quotes(value: &[u8]) -> &[u8] {
    let Some(text) = value.strip_prefix(b"\"") else {
        return value;
    };
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    let is_plain = |byte: &u8| !matches!(byte, b' ' | b'"' | b'\\' | b'=' | b',' | b'{' | b'}');
    if !text.is_empty() && text.iter().all(is_plain) {
        text
    } else {
        value
    }
}

impl<S, L> Layer<S> for ConsoleLines<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: LineSink,
{
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.traces.on_register_dispatch(dispatch);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        span_fields::on_new_span(attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        span_fields::on_record(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        Scratch::with(|scratch| {
            event.record(&mut scratch.event_visitor(event, Style::Plain));
            let Scratch {
                line,
                fields,
                parts,
                timestamp,
                ..
            } = scratch;
            let of_record = event.normalized_metadata();
            let metadata = of_record.as_ref().unwrap_or_else(|| event.metadata());
            line.clear();
            self.paint(line, DIM, |line| timestamp.push(line, SystemTime::now()));
            line.push(b' ');
            let (name, color) = level(*metadata.level());
            self.paint(line, color, |line| line.extend_from_slice(name.as_bytes()));
            line.push(b' ');
            self.paint(line, DIM, |line| {
                escape::push(line, metadata.target(), Style::Plain, MAX_NAME);
                line.push(b':');
            });
            if !parts.message.is_empty() {
                line.push(b' ');
                line.extend_from_slice(&parts.message);
            }
            push_fields(line, fields, b" ");
            for span in context.event_scope(event).into_iter().flatten() {
                if line.len() > MAX_LINE - 2 * MAX_NAME {
                    break;
                }
                self.paint(line, DIM, |line| line.extend_from_slice(b" in "));
                escape::push(line, span.name(), Style::Plain, MAX_NAME);
                if let Some(SpanFields(fields)) = span.extensions().get() {
                    // The attributes of a request's span would fill each line.
                    let target = span.metadata().target();
                    let is_request = matches!(target, REQUEST | EXCLUDED_REQUEST);
                    line.push(b'{');
                    push_some(line, fields, b"", |name| {
                        !is_request || name == "request_id"
                    });
                    line.push(b'}');
                }
            }
            if let Some(trace) = self.traces.ids(event) {
                self.paint(line, DIM, |line| line.extend_from_slice(b" trace_id="));
                line.extend_from_slice(trace.trace_id().as_bytes());
            }
            line.push(b'\n');
            self.sink.write(*metadata.level(), line);
        });
    }
}

/// Shows no sink.
impl<S> fmt::Debug for ConsoleLines<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleLines")
            .field("has_colors", &self.has_colors)
            .finish_non_exhaustive()
    }
}
