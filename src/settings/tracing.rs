//! Traces as the settings name them.

use super::Settings;
use crate::error::Error;
use crate::telemetry::otel::{Tracing, TracingBuilder};

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
        let mut builder = settings.traces.builder().clone();
        builder = builder.default_attribute("deployment.environment.name", &settings.environment);
        if let Some(name) = &settings.otel_service_name {
            builder = builder.service_name(name);
        }
        Ok(builder)
    }
}
