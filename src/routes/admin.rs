//! `/admin/config`: what the service was told, without its secrets.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Access, Routes, problem};
use crate::error::Error;
use crate::redact::{self, Budget};
use crate::settings::Settings;

/// The name that the crate's own settings are shown by.
const MONITORING: &str = "monitoring";

/// Values that one of the service's parts may show, and bytes of each text.
const MAX_VALUES: usize = 10_000;
const MAX_TEXT: usize = 1024;

impl Routes {
    /// Adds `/admin/config` (guarded), or to it: these settings as `monitoring`, each with its value and where that is from.
    /// Secrets read `[redacted]`.
    ///
    /// ```
    /// use tower_vitals::{Routes, Settings};
    ///
    /// let settings = Settings::from_vars([("MONITORING_TOKEN", "correct-horse")])?;
    /// let routes = Routes::new().settings(&settings).guard(settings.guard());
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    pub fn settings(mut self, settings: &Settings) -> Self {
        // Its keys are strings and its values plain: that cannot fail.
        let settings = serde_json::to_value(settings).unwrap_or_default();
        self.config.insert(MONITORING.to_owned(), settings);
        self.show_config()
    }

    /// Adds `/admin/config` (guarded), or to it: what this part of the service was configured with, under this name.
    ///
    /// Values whose names say that they are secret (`password`, `api_key`, ..) read `[redacted]`, and so do the credentials
    /// of URLs and what looks like a token; a secret that nothing tells from other text is shown, so leave it out.
    /// Texts are cut at 1 kB, and what is handed over in one call at 10,000 values.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().config("shop", &json!({
    ///     "database": "postgres://shop:s3cret@db/shop",
    ///     "page_size": 50,
    /// }))?;
    /// # Ok::<_, tower_vitals::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name that is taken, or a value that JSON has no form for (a map whose keys are no strings).
    pub fn config(
        mut self,
        name: impl Into<String>,
        value: &impl Serialize,
    ) -> Result<Self, Error> {
        let name = name.into();
        if name == MONITORING || self.config.contains_key(&name) {
            return Err(Error::invalid(format!(
                "config {name:?} is taken: each part of the service needs a name of its own, and {MONITORING:?} is the \
                 crate's"
            )));
        }
        let value = serde_json::to_value(value).map_err(|error| {
            Error::invalid(format!(
                "config {name:?} cannot be written as JSON: {error}"
            ))
        })?;
        // With its name, which may be what tells that it is secret.
        let one = [(name, value)].into_iter().collect();
        let mut budget = Budget {
            values: MAX_VALUES,
            text: MAX_TEXT,
        };
        self.config.extend(redact::json(one, &mut budget));
        Ok(self.show_config())
    }

    fn show_config(self) -> Self {
        let config = Value::Object(self.config.clone());
        self.add("/admin/config", Access::Guarded, move |_| {
            let response = shown(&config);
            async { response }
        })
    }
}

fn shown(config: &Value) -> Response {
    problem::json(StatusCode::OK, &json!({ "config": config }))
}
