//! The settings of the log.

use super::Settings;
use crate::error::Error;
use crate::telemetry::logging::{Logging, LoggingBuilder};

impl Logging {
    /// Creates a builder with these settings.
    ///
    /// | variable | effect |
    /// |---|---|
    /// | `LOG_LEVEL` | the [filter](LoggingBuilder::filter) |
    /// | `MONITORING_LOG_LEVEL` | the level of the [crate's own lines](LoggingBuilder::own_level) |
    /// | `LOG_DIR` | the [folder](LoggingBuilder::folder) of `alerts.log` and `app.jsonl` |
    /// | `ENABLE_JSON_LOGGING` | writes [`app.jsonl`](LoggingBuilder::json_file), or, without `LOG_DIR`, [JSON on the console](LoggingBuilder::json_console) |
    /// | `OTEL_SERVICE_NAME`, `ENVIRONMENT` | `service` and `environment` of JSON lines |
    ///
    /// ```no_run
    /// use tower_vitals::Settings;
    /// use tower_vitals::telemetry::logging::Logging;
    ///
    /// let settings = Settings::from_env()?;
    /// let _logging = Logging::from_settings(&settings)?.init()?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// None that [`Settings::from_env`] has not reported: it is for settings that were changed in code.
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) names all of them.
    pub fn from_settings(settings: &Settings) -> Result<LoggingBuilder, Error> {
        let mut builder = Self::builder()
            .filter(&settings.log_level)
            .environment(&settings.environment);
        if let Some(level) = &settings.monitoring_log_level {
            builder = builder.own_level(level);
        }
        if let Some(name) = &settings.otel_service_name {
            builder = builder.service(name);
        }
        builder = match &settings.log_dir {
            Some(folder) => builder
                .folder(folder)
                .json_file(settings.enable_json_logging),
            None => builder.json_console(settings.enable_json_logging),
        };
        let ignored = settings.ignored.clone();
        builder.at_init = Some(Box::new(move || ignored.log()));
        builder.check()?;
        Ok(builder)
    }
}
