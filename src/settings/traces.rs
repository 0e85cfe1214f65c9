//! The settings of traces: the standard variables of OpenTelemetry.

use std::collections::BTreeMap;

use serde_json::Value;

use super::reader::Reader;
use crate::http_url::without_secrets;
use crate::redact::{MASK, redact};
use crate::telemetry::otel::{Tracing, TracingBuilder};

/// A setting of its own, because logs read it, too.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// The variables that are set, and the traces that they name.
#[derive(Clone)]
pub(super) struct Traces {
    builder: TracingBuilder,
    values: BTreeMap<String, String>,
}

impl Traces {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let mut values = BTreeMap::new();
        let (builder, problems) = Tracing::from_lookup(&mut |name| {
            let text = reader.text(name).filter(|_| name != SERVICE_NAME)?;
            values.insert(name.to_owned(), text.clone());
            Some(text)
        });
        problems.into_iter().for_each(|it| reader.problem(it));
        Self { builder, values }
    }

    pub(super) fn builder(&self) -> &TracingBuilder {
        &self.builder
    }

    /// The variables that are set, without secrets.
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = (&str, Value)> {
        self.values.iter().map(|(name, text)| {
            let shown = match name.rsplit('_').next() {
                Some("HEADERS") => MASK.to_owned(),
                Some("ENDPOINT") => without_secrets(text),
                _ => redact(text).into_owned(),
            };
            (&**name, Value::from(shown))
        })
    }
}
