//! `Configuration`: all required settings are present.

use std::env;

use super::super::{Check, Outcome};

/// Unhealthy while a setting is missing. The message names the missing settings; values are never shown.
///
/// Answers from memory. Data: `required` (a count), `missing` (names).
///
/// ```
/// use tower_vitals::{Health, health::checks::Configuration};
///
/// let settings = Configuration::environment(["DATABASE_URL", "STRIPE_KEY"]);
/// let health = Health::builder().check("configuration", settings).build()?;
/// # Ok::<_, tower_vitals::Error>(())
/// ```
pub struct Configuration {
    names: Vec<String>,
    is_present: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Configuration {
    /// Requires these environment variables to be set and not empty.
    pub fn environment<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::new(names, |name| {
            env::var_os(name).is_some_and(|value| !value.is_empty())
        })
    }

    /// Requires `is_present` to return true for each of these names.
    pub fn new<N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        is_present: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            is_present: Box::new(is_present),
        }
    }

    fn outcome(&self) -> Outcome {
        let is_missing = |name: &&String| !(self.is_present)(name);
        let missing: Vec<_> = self.names.iter().filter(is_missing).cloned().collect();
        let outcome = if missing.is_empty() {
            Outcome::healthy()
        } else {
            Outcome::unhealthy().message(format!("not set: {}", missing.join(", ")))
        };
        outcome
            .data("required", self.names.len())
            .data("missing", missing)
    }
}

impl Check for Configuration {
    async fn check(&self) -> Outcome {
        self.outcome()
    }

    fn from_memory(&self) -> Option<Outcome> {
        Some(self.outcome())
    }
}

debug_fields!(Configuration { names });
