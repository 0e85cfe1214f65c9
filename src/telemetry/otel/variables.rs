//! Reads the standard variables of OpenTelemetry.

use std::fs;

use super::endpoint::Endpoint;
use super::protocol::Protocol;
use super::sampling::{SAMPLERS, Sampling};
use super::tracing_builder::TracingBuilder;
use super::values;
use crate::http_url::without_secrets;
use crate::redact::{MASK, redact_line};

/// Characters of a wrong value that a problem quotes.
const MAX_QUOTE: usize = 100;

/// Reads variables, and collects their problems: clauses such as `OTEL_SDK_DISABLED is "on": true or false is allowed`.
pub(super) struct Variables<'a> {
    /// Returns the value of a variable, trimmed, or `None` if it is not set or empty.
    lookup: &'a mut dyn FnMut(&str) -> Option<String>,
    problems: Vec<String>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(lookup: &'a mut dyn FnMut(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// Sets what the variables name. Wrong values change nothing.
    pub(super) fn read(mut self, builder: &mut TracingBuilder) -> Vec<String> {
        self.read_exporter(builder);
        self.read_batches(builder);
        let ratio = "a number from 0 to 1";
        let ratio = self.value("OTEL_TRACES_SAMPLER_ARG", values::ratio, ratio);
        let sampling = |name: &str| Sampling::parse(name, ratio);
        if let Some(sampling) = self.value("OTEL_TRACES_SAMPLER", sampling, SAMPLERS) {
            builder.sampling = sampling;
        }
        let attributes = "a list of key=value, with commas between them";
        if let Some(attributes) = self.value("OTEL_RESOURCE_ATTRIBUTES", values::pairs, attributes)
        {
            builder.attributes = attributes;
        }
        if let Some(name) = (self.lookup)("OTEL_SERVICE_NAME") {
            builder.service_name = Some(name);
        }
        self.problems
    }

    fn read_exporter(&mut self, builder: &mut TracingBuilder) {
        let bool = "true or false";
        if let Some(is_disabled) = self.value("OTEL_SDK_DISABLED", values::bool, bool) {
            builder.is_disabled = is_disabled;
        }
        if let Some(exports) = self.value("OTEL_TRACES_EXPORTER", values::exporter, "otlp or none")
        {
            builder.exports = exports;
        }
        let protocol = "grpc or http/protobuf";
        if let Some(protocol) = self.of_traces("PROTOCOL", values::protocol, protocol) {
            builder.protocol = protocol;
        }
        let is_insecure = self.of_traces("INSECURE", values::bool, bool);
        self.read_endpoint(builder, is_insecure.unwrap_or(false));
        let millis = "a whole number of milliseconds from 1 to 86400000";
        if let Some(timeout) = self.of_traces("TIMEOUT", values::millis, millis) {
            builder.timeout = timeout;
        }
        self.read_headers(builder);
        let certificate = |path: &str| fs::read(path).ok();
        let path = "the path of a file with certificates in PEM";
        if let Some(pem) = self.of_traces("CERTIFICATE", certificate, path) {
            builder.certificate = Some(pem);
        }
    }

    /// An address without a scheme is allowed for gRPC: the other variable decides on TLS.
    fn read_endpoint(&mut self, builder: &mut TracingBuilder, is_insecure: bool) {
        let Some((name, text)) = self.text_of_traces("ENDPOINT") else {
            return;
        };
        let text = match (builder.protocol, text.contains("://"), is_insecure) {
            (Protocol::Grpc, false, true) => format!("http://{text}"),
            (Protocol::Grpc, false, false) => format!("https://{text}"),
            _ => text,
        };
        let is_of_traces = name.contains("TRACES");
        let parse = if is_of_traces {
            Endpoint::of_traces
        } else {
            Endpoint::parse
        };
        match parse(&text) {
            Ok(endpoint) => builder.endpoint = Some(endpoint),
            Err(problem) => {
                let shown = without_secrets(&text);
                self.problems.push(format!(
                    "{name} is {shown:?} ({problem}): a URL that begins with http:// or https:// is allowed"
                ));
            }
        }
    }

    fn read_headers(&mut self, builder: &mut TracingBuilder) {
        let Some((name, text)) = self.text_of_traces("HEADERS") else {
            return;
        };
        match values::headers(&text) {
            Some(headers) => builder.headers = headers,
            None => self.problems.push(format!(
                "{name} is {MASK}: a list of name=value, with commas between them, is allowed"
            )),
        }
    }

    fn read_batches(&mut self, builder: &mut TracingBuilder) {
        let millis = "a whole number of milliseconds from 1 to 86400000";
        if let Some(delay) = self.value("OTEL_BSP_SCHEDULE_DELAY", values::millis, millis) {
            builder.delay = delay;
        }
        if let Some(timeout) = self.value("OTEL_BSP_EXPORT_TIMEOUT", values::millis, millis) {
            builder.export_timeout = timeout;
        }
        let count = "a whole number from 1 to 1000000";
        if let Some(max) = self.value("OTEL_BSP_MAX_QUEUE_SIZE", values::count, count) {
            builder.max_queue = max;
        }
        if let Some(max) = self.value("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", values::count, count) {
            builder.max_batch = max;
        }
    }

    /// Reads the variable of traces, or else that of all signals.
    fn of_traces<T>(
        &mut self,
        suffix: &str,
        parse: impl Fn(&str) -> Option<T>,
        allowed: &str,
    ) -> Option<T> {
        let (name, text) = self.text_of_traces(suffix)?;
        self.parsed(&name, &text, parse, allowed)
    }

    fn text_of_traces(&mut self, suffix: &str) -> Option<(String, String)> {
        ["OTEL_EXPORTER_OTLP_TRACES", "OTEL_EXPORTER_OTLP"]
            .iter()
            .find_map(|prefix| {
                let name = format!("{prefix}_{suffix}");
                let text = (self.lookup)(&name)?;
                Some((name, text))
            })
    }

    fn value<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        allowed: &str,
    ) -> Option<T> {
        let text = (self.lookup)(name)?;
        self.parsed(name, &text, parse, allowed)
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        text: &str,
        parse: impl Fn(&str) -> Option<T>,
        allowed: &str,
    ) -> Option<T> {
        let value = parse(text);
        if value.is_none() {
            let quoted = redact_line(text, MAX_QUOTE);
            self.problems
                .push(format!("{name} is {quoted:?}: {allowed} is allowed"));
        }
        value
    }
}
