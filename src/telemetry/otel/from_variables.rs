//! Traces as the variables of OpenTelemetry name them.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;

use super::tracing::Tracing;
use super::tracing_builder::TracingBuilder;
use super::variables::Variables;
use crate::error::Error;

impl Tracing {
    /// Returns a builder with the values of the [variables](super) of OpenTelemetry in the environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if a variable is wrong. The message names every wrong
    /// variable and the allowed values.
    pub fn from_env() -> Result<TracingBuilder, Error> {
        Self::from_values(&|name| env::var_os(name))
    }

    /// Reads these variables in place of the environment. The last of several with the same name wins.
    ///
    /// ```
    /// use tower_vitals::telemetry::otel::Tracing;
    ///
    /// let wrong = Tracing::from_vars([("OTEL_TRACES_SAMPLER", "sometimes"), ("OTEL_SDK_DISABLED", "no")]);
    /// assert!(wrong.unwrap_err().to_string().contains("OTEL_SDK_DISABLED is \"no\": true or false is allowed"));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Tracing::from_env`].
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<TracingBuilder, Error>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let vars = vars.into_iter();
        let vars = vars.map(|(name, value)| (name.into(), OsString::from(value.into())));
        let vars: HashMap<String, OsString> = vars.collect();
        Self::from_values(&|name| vars.get(name).cloned())
    }

    fn from_values(value: &dyn Fn(&str) -> Option<OsString>) -> Result<TracingBuilder, Error> {
        let mut problems = Vec::new();
        let (builder, wrong) = Self::from_lookup(&mut |name| {
            let Ok(text) = value(name)?.into_string() else {
                problems.push(format!("{name} is not UTF-8: text in UTF-8 is allowed"));
                return None;
            };
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        });
        problems.extend(wrong);
        if problems.is_empty() {
            Ok(builder)
        } else {
            Err(Error::invalid(problems.join("; ")))
        }
    }

    /// Reads variables whose values are trimmed and not empty. Returns the problems, too.
    pub(crate) fn from_lookup(
        lookup: &mut dyn FnMut(&str) -> Option<String>,
    ) -> (TracingBuilder, Vec<String>) {
        let mut builder = Self::builder();
        let problems = Variables::new(lookup).read(&mut builder);
        (builder, problems)
    }
}
