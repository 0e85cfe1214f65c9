//! `JsonLines`: a layer that writes each event as a JSON object.

use std::fmt;
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::escape::{self, Style};
use super::excerpt::Excerpt;
use super::limits::{MAX_LINE, MAX_NAME, MAX_VALUE};
use super::line_sink::LineSink;
use super::scratch::Scratch;
use super::span_fields::{self, SpanFields};
use crate::trace_context;

/// The bytes of a line that ids and the count of fields may need.
const MAX_IDS: usize = MAX_VALUE + 256;

/// A layer that writes each event as one line with one JSON object.
///
/// ```
/// use tower_vitals::telemetry::logging::JsonLines;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry()
///     .with(JsonLines::new(std::io::stdout).service("shop").environment("production"));
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info!(order = 17, "order placed");
///     // {"timestamp":"2026-11-29T13:36:05.123456Z","level":"INFO","logger":"shop::orders","message":"order placed",
///     // "module":"shop::orders","line":7,"service":"shop","environment":"production","order":17}
/// });
/// ```
#[doc = include_str!("../../../docs/log-format.md")]
pub struct JsonLines<S> {
    sink: S,
    service: String,
    environment: String,
    /// The two as members of the object.
    constant: Vec<u8>,
}

impl<S: LineSink> JsonLines<S> {
    /// A layer whose lines go to this sink.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            service: String::new(),
            environment: String::new(),
            constant: Vec::new(),
        }
    }

    /// Sets the key `service` of all lines. Defaults to none.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = name.into();
        self.with_constant()
    }

    /// Sets the key `environment` of all lines. Defaults to none.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = name.into();
        self.with_constant()
    }

    fn with_constant(mut self) -> Self {
        self.constant.clear();
        for (key, text) in [
            (&b",\"service\":"[..], &self.service),
            (b",\"environment\":", &self.environment),
        ] {
            if !text.is_empty() {
                self.constant.extend_from_slice(key);
                Excerpt::of(text, MAX_NAME).push_json(&mut self.constant, MAX_NAME);
            }
        }
        self
    }

    /// The members before the ids.
    fn start(&self, scratch: &mut Scratch, metadata: &Metadata<'_>, function: Option<&str>) {
        let Scratch {
            line,
            parts,
            timestamp,
            ..
        } = scratch;
        line.clear();
        line.extend_from_slice(b"{\"timestamp\":\"");
        timestamp.push(line, SystemTime::now());
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(metadata.level().as_str().as_bytes());
        push_name(line, b"\",\"logger\":\"", metadata.target());
        line.extend_from_slice(b",\"message\":\"");
        line.extend_from_slice(&parts.message);
        line.push(b'"');
        if let Some(module) = metadata.module_path() {
            push_name(line, b",\"module\":\"", module);
        }
        if let Some(function) = function {
            push_name(line, b",\"function\":\"", function);
        }
        if let Some(number) = metadata.line() {
            line.extend_from_slice(b",\"line\":");
            line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        parts.exception.push(line);
        line.extend_from_slice(&self.constant);
    }
}

fn push_name(line: &mut Vec<u8>, before: &[u8], name: &str) {
    line.extend_from_slice(before);
    escape::push(line, name, Style::Json, MAX_NAME);
    line.push(b'"');
}

impl<S, L> Layer<S> for JsonLines<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: LineSink,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        span_fields::on_new_span(attributes, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        span_fields::on_record(id, values, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        Scratch::with(|scratch| {
            event.record(&mut scratch.event_visitor(event, Style::Json));
            let mut spans = context.event_scope(event).into_iter().flatten().peekable();
            let of_record = event.normalized_metadata();
            let metadata = of_record.as_ref().unwrap_or_else(|| event.metadata());
            self.start(scratch, metadata, spans.peek().map(SpanRef::name));
            let Scratch {
                line,
                fields,
                line_fields,
                ..
            } = scratch;
            let max = MAX_LINE - MAX_IDS - line.len().min(MAX_LINE - MAX_IDS);
            line_fields.start(trace_context::current_ids());
            line_fields.add(fields, max);
            for span in spans {
                if let Some(SpanFields(fields)) = span.extensions().get() {
                    line_fields.add(fields, max);
                }
            }
            line_fields.push_ids(line);
            line_fields.push_fields(line);
            line.extend_from_slice(b"}\n");
            self.sink.write(*metadata.level(), line);
        });
    }
}

/// Shows no sink.
impl<S> fmt::Debug for JsonLines<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines")
            .field("service", &self.service)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
