//! [`Settings`] and the table of its variables.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::SecretString;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::form;
use super::ignored_links::IgnoredLinks;
use super::reader::{Reader, Source, Sources};
use super::redacted::Redacted;
use super::traces::Traces;
use crate::error::Error;

/// Each row: `field: Type = read(variable, form, default)`, or `secret(..)` for a secret.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $Type:ty = $read:ident($variable:literal, $form:expr, $default:expr);)*) => {
        /// Typed settings from the environment. The [module](super) lists the variables.
        ///
        /// Secrets are [`SecretString`]s: `Debug` does not show them, and [`ExposeSecret`](super::ExposeSecret) reads them.
        ///
        /// Settings serialize to a map of variables, each with its value and its source (`default`, `environment` or
        /// `file`). A secret reads `[redacted]`, or null if it is not set; other texts lose their passwords. A field that
        /// was changed in code keeps its source.
        ///
        /// ```
        /// use tower_vitals::Settings;
        ///
        /// let settings = Settings::from_vars([("ENVIRONMENT", "staging"), ("MONITORING_TOKEN", "correct-horse")])?;
        /// let json = serde_json::to_value(&settings)?;
        /// assert_eq!(json["ENVIRONMENT"]["value"], "staging");
        /// assert_eq!(json["ENVIRONMENT"]["source"], "environment");
        /// assert_eq!(json["MONITORING_TOKEN"]["value"], "[redacted]");
        /// assert_eq!(json["MONITORING_PORT"]["source"], "default");
        /// # Ok::<_, Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct Settings {
            $(
                $(#[$doc])*
                #[doc = concat!("\n\nRead from `", $variable, "`. Defaults to `", stringify!($default), "`.")]
                pub $field: $Type,
            )*
            pub(super) traces: Traces,
            sources: Sources,
            pub(super) ignored: IgnoredLinks,
        }

        impl Settings {
            fn read(reader: &mut Reader<'_>) -> Self {
                Self {
                    $($field: reader.$read($variable, &$form, $default),)*
                    traces: Traces::read(reader),
                    sources: Sources::new(),
                    ignored: IgnoredLinks::default(),
                }
            }

            fn values(&self) -> impl ExactSizeIterator<Item = (&'static str, Value)> {
                [$(($variable, self.$field.redacted()),)*].into_iter()
            }
        }
    };
}

settings! {
    /// The IP address that the routes are served on.
    monitoring_host: IpAddr = read("MONITORING_HOST", form::HOST, IpAddr::V4(Ipv4Addr::LOCALHOST));
    /// The port that the routes are served on.
    monitoring_port: u16 = read("MONITORING_PORT", form::PORT, 9100);
    /// The bearer token of guarded routes. Without one they refuse every request.
    monitoring_token: Option<SecretString> = secret("MONITORING_TOKEN", form::TOKEN, None);
    /// The timeout of health checks that set none.
    health_check_timeout: Duration = read("HEALTH_CHECK_TIMEOUT", form::TIMEOUT, Duration::from_secs(2));
    /// The interval at which process, host and runtime metrics are collected.
    metrics_collection_interval: Duration =
        read("METRICS_COLLECTION_INTERVAL", form::INTERVAL, Duration::from_secs(15));
    /// The webhook that alerts go to.
    alert_webhook_url: Option<SecretString> = secret("ALERT_WEBHOOK_URL", form::URL, None);
    /// The token of the Telegram bot that sends alerts.
    telegram_token: Option<SecretString> = secret("TELEGRAM_TOKEN", form::TELEGRAM_TOKEN, None);
    /// The Telegram chat that alerts go to.
    manager_chat_id: Option<String> = read("MANAGER_CHAT_ID", form::CHAT_ID, None);
    /// The minutes in which a channel is not told again that the same alert fires.
    alert_cooldown_minutes: u32 = read("ALERT_COOLDOWN_MINUTES", form::COOLDOWN_MINUTES, 5);
    /// The most notifications of a channel in an hour.
    alert_max_notifications_per_hour: u32 =
        read("ALERT_MAX_NOTIFICATIONS_PER_HOUR", form::MAX_PER_HOUR, 10);
    /// The consecutive failures of a job that are a problem.
    alert_threshold_job_failures: u32 = read("ALERT_THRESHOLD_JOB_FAILURES", form::COUNT, 3);
    /// The percentage of a file system that is used when an alert fires.
    alert_threshold_disk: f64 = read("ALERT_THRESHOLD_DISK", form::PERCENT, 90.0);
    /// The percentage of memory that is used when an alert fires.
    alert_threshold_memory: f64 = read("ALERT_THRESHOLD_MEMORY", form::PERCENT, 85.0);
    /// The filter of the log.
    log_level: String = read("LOG_LEVEL", form::LOG_FILTER, String::from("info"));
    /// The level of the crate's own log lines, if it differs from that of the filter.
    monitoring_log_level: Option<String> = read("MONITORING_LOG_LEVEL", form::LOG_LEVEL, None);
    /// Whether the log is written as JSON lines, too.
    enable_json_logging: bool = read("ENABLE_JSON_LOGGING", form::SWITCH, false);
    /// The folder of log files.
    log_dir: Option<String> = read("LOG_DIR", form::FOLDER, None);
    /// The name of the service in logs and traces.
    otel_service_name: Option<String> = read("OTEL_SERVICE_NAME", form::SERVICE_NAME, None);
    /// The name of the environment.
    environment: String = read("ENVIRONMENT", form::ENVIRONMENT, String::from("production"));
}

impl Settings {
    /// Reads the environment of this process, and the files of secrets that it names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if a variable is wrong. The message names every wrong
    /// variable, its value unless it is a secret, and the allowed values.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(&|name| env::var_os(name))
    }

    /// Reads these variables in place of the environment, and the files of secrets that they name. Ignores unknown
    /// variables. The last of several variables with the same name wins.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, Error>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let vars: HashMap<String, OsString> = vars
            .into_iter()
            .map(|(name, value)| (name.into(), value.into().into()))
            .collect();
        Self::from_lookup(&|name| vars.get(name).cloned())
    }

    fn from_lookup(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let mut reader = Reader::new(lookup);
        let mut settings = Self::read(&mut reader);
        settings.ignored = std::mem::take(&mut reader.ignored);
        // For services whose log runs already. Otherwise, the log writes them when it starts.
        settings.ignored.log();
        settings.sources = reader.finish()?;
        Ok(settings)
    }

    fn values_of_traces(&self) -> impl ExactSizeIterator<Item = (&str, Value)> {
        self.traces.values()
    }

    /// Returns `MONITORING_HOST` and `MONITORING_PORT`, for [`Routes::serve`](crate::Routes::serve) and
    /// [`Routes::spawn`](crate::Routes::spawn). [`Monitoring`](crate::Monitoring) uses it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.monitoring_host, self.monitoring_port)
    }
}

/// Every setting has its default.
impl Default for Settings {
    fn default() -> Self {
        Self::read(&mut Reader::new(&|_| None))
    }
}

#[derive(serde::Serialize)]
struct Setting {
    value: Value,
    source: Source,
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (values, traces) = (self.values(), self.values_of_traces());
        let mut map = serializer.serialize_map(Some(values.len() + traces.len()))?;
        for (name, value) in values {
            let source = self.sources.get(name).copied().unwrap_or(Source::Default);
            map.serialize_entry(name, &Setting { value, source })?;
        }
        for (name, value) in traces {
            let source = Source::Environment;
            map.serialize_entry(name, &Setting { value, source })?;
        }
        map.end()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("Settings");
        for (name, value) in self.values() {
            settings.field(name, &format_args!("{value}"));
        }
        for (name, value) in self.values_of_traces() {
            settings.field(name, &format_args!("{value}"));
        }
        settings.finish()
    }
}
