//! The settings of traces: the standard variables of OpenTelemetry.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Settings;
use super::reader::Reader;
use crate::error::Error;
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

impl Tracing {
    /// Returns a builder with the values of the variables of OpenTelemetry, as [`from_env`](Self::from_env) does, with
    /// `OTEL_SERVICE_NAME` and `ENVIRONMENT` as the settings have them. The latter is the attribute `deployment.environment.name`,
    /// unless `OTEL_RESOURCE_ATTRIBUTES` has one.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tower_vitals::Settings;
    /// use tower_vitals::telemetry::otel::Tracing;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
    /// let settings = Settings::from_env()?;
    /// let tracing = Tracing::from_settings(&settings)?.init()?;
    /// // ... the service runs ...
    /// tracing.shutdown(Duration::from_secs(5)).await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// None: wrong variables are errors of [`Settings::from_env`]. Later versions may check values that were changed in code.
    pub fn from_settings(settings: &Settings) -> Result<TracingBuilder, Error> {
        let mut builder = settings.traces.builder.clone();
        builder = builder.default_attribute("deployment.environment.name", &settings.environment);
        if let Some(name) = &settings.otel_service_name {
            builder = builder.service_name(name);
        }
        Ok(builder)
    }
}
