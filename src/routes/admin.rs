//! `/admin/config`: the configuration of the service, without its secrets.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::access::Access;
use super::answer::Answer;
use super::operation::Operation;
use super::respond;
use super::routes::Routes;
use crate::panics;
use crate::redact::{self, Budget, redact_line};
use crate::settings::Settings;

pub(super) const CONFIG_PATH: &str = "/admin/config";

const CONFIG: Operation = Operation {
    description: "What the service shows of its configuration, by part. Secrets read `[redacted]`.",
    ..Operation::new(
        "Administration",
        "Configuration",
        &[Answer::new(
            200,
            "The configuration.",
            &[("application/json", "config")],
        )],
    )
};

/// The part of `/admin/config` that holds the crate's own settings.
const MONITORING: &str = "monitoring";

/// The most values that one part of the service shows, and the most bytes of each text.
const MAX_VALUES: usize = 10_000;
const MAX_TEXT: usize = 1024;

impl Routes {
    /// Adds `/admin/config` (guarded) and shows these settings there as `monitoring`, each with its value and its source.
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
        // Cannot fail: the keys are strings and the values plain.
        let settings = serde_json::to_value(settings).unwrap_or_default();
        self.config.insert(MONITORING.to_owned(), settings);
        self.show_config()
    }

    /// Adds `/admin/config` (guarded) and shows the configuration of one part of the service there, under this name.
    ///
    /// Values whose names are those of secrets (`password`, `api_key`, ..) read `[redacted]`, and so do the credentials of
    /// URLs and texts that look like tokens. Leave out secrets that nothing distinguishes from other text. Texts are cut at
    /// 1 kB, and the configuration of one call at 10,000 values.
    ///
    /// A name that is taken is a [mistake](Self#mistakes), and so is a value that JSON has no form for (a map whose keys are
    /// no strings, or whose `Serialize` panics).
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_vitals::Routes;
    ///
    /// let routes = Routes::new().config("shop", &json!({
    ///     "database": "postgres://shop:s3cret@db/shop",
    ///     "page_size": 50,
    /// }));
    /// ```
    pub fn config(mut self, name: impl Into<String>, value: &impl Serialize) -> Self {
        let name = name.into();
        if name == MONITORING || self.config.contains_key(&name) {
            self.mistakes.push(format!(
                "config {name:?} is taken: each part of the service needs a name of its own, and {MONITORING:?} is the \
                 crate's"
            ));
            return self;
        }
        let value = panics::caught_here(|| serde_json::to_value(value));
        let problem = match value {
            Ok(Ok(value)) => {
                // Redacted together with its name, which may be that of a secret.
                let part = [(name, value)].into_iter().collect();
                let mut budget = Budget {
                    values: MAX_VALUES,
                    text: MAX_TEXT,
                };
                self.config.extend(redact::json(part, &mut budget));
                return self.show_config();
            }
            Ok(Err(error)) => redact_line(&error.to_string(), MAX_TEXT),
            Err(panic) => format!(
                "its Serialize panicked: {}",
                redact_line(panics::message(&*panic), MAX_TEXT)
            ),
        };
        self.mistakes.push(format!(
            "config {name:?} cannot be written as JSON: {problem}"
        ));
        self
    }

    pub(super) fn show_config(self) -> Self {
        let config = Value::Object(self.config.clone());
        self.add(CONFIG_PATH, &CONFIG, Access::Guarded, move |_| {
            let response = respond::json(StatusCode::OK, &json!({ "config": config }));
            async { response }
        })
    }
}
