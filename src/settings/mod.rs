//! Typed settings from the environment: each checked, and every wrong one named at once.
//!
//! ```
//! use std::time::Duration;
//! use tower_vitals::Settings;
//!
//! let settings = Settings::from_vars([("MONITORING_PORT", "9200"), ("HEALTH_CHECK_TIMEOUT", "500ms")])?;
//! assert_eq!(settings.address().to_string(), "127.0.0.1:9200");
//! assert_eq!(settings.health_check_timeout, Duration::from_millis(500));
//!
//! let error = Settings::from_vars([("MONITORING_PORT", "http")]).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "1 setting is wrong: MONITORING_PORT is \"http\": a whole number from 1 to 65535 is allowed"
//! );
//! # Ok::<_, tower_vitals::Error>(())
//! ```
//!
//! A service reads them once, and hands on what each part needs:
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_vitals::Error> {
//! use tower_vitals::{Health, Routes, Settings};
//!
//! let settings = Settings::from_env()?;
//! let health = Health::builder().timeout(settings.health_check_timeout).build()?;
//! let server = Routes::new()
//!     .health(health.clone())
//!     .guard(settings.guard())
//!     .serve(settings.address())
//!     .await?;
//! server.until(health.shutdown_signal()).await;
//! # Ok(()) }
//! ```
//!
//! # The variables
//!
//! The field of each is its name in small letters. In the last column, "now" is what this version has a use for. What waits
//! is read and checked all the same: a deployment's settings are known to be right before the features that use them come.
//!
//! | variable | type | default | what it is for | used |
//! |---|---|---|---|---|
//! | `MONITORING_HOST` | IP address, or `localhost` | `127.0.0.1` | where the routes are served | now: [`Settings::address`] |
//! | `MONITORING_PORT` | 1 to 65535 | `9100` | where the routes are served | now: [`Settings::address`] |
//! | `MONITORING_TOKEN` | secret: 8 characters or more | none: guarded routes refuse everyone | the bearer token of guarded routes | now: [`Settings::guard`] |
//! | `LOG_LEVEL` | [`LogLevel`] | `info` | the level of all logs | waits for logging |
//! | `MONITORING_LOG_LEVEL` | [`LogLevel`] | that of `LOG_LEVEL` | the level of this crate's logs | waits for logging |
//! | `ENABLE_JSON_LOGGING` | yes or no | `false` | logs as JSON, one object a line | waits for logging |
//! | `HEALTH_CHECK_TIMEOUT` | time: more than 0 s, at most 1 h | `2` | the timeout of checks that name none | now: [`HealthBuilder::timeout`](crate::health::HealthBuilder::timeout) |
//! | `METRICS_COLLECTION_INTERVAL` | time: 1 s to 1 h | `15` | how often the process, host and runtime are read | now: [`Collectors::every`](crate::instrument::Collectors::every) |
//! | `ALERT_WEBHOOK_URL` | secret: http or https URL | none | where alerts are sent | waits for alerts |
//! | `ALERT_COOLDOWN_MINUTES` | 0 to 10080 | `15` | how long an alert is not sent again | waits for alerts |
//! | `ALERT_MAX_NOTIFICATIONS_PER_HOUR` | 1 to 3600 | `60` | how many notifications are sent in an hour | waits for alerts |
//! | `ALERT_THRESHOLD_DISK` | percent | `90` | the use of a disk that is an alert | waits for alerts |
//! | `ALERT_THRESHOLD_MEMORY` | percent | `90` | the use of memory that is an alert | waits for alerts |
//! | `ALERT_THRESHOLD_JOB_FAILURES` | 1 or more | `3` | the failures of a job in a row that are a problem | now: `Builder::failing_after` of `jobs` |
//! | `TELEGRAM_TOKEN` | secret: digits, `:`, letters | none | the Telegram bot that sends alerts | waits for alerts |
//! | `MANAGER_CHAT_ID` | whole number, or `@name` | none | the Telegram chat that gets alerts | waits for alerts |
//! | `ENVIRONMENT` | at most 64 letters, digits, `-`, `_`, `.` | `production` | the name of the environment, for metrics, logs and alerts | now: [`Collectors::app`](crate::instrument::Collectors::app) |
//! | `OTEL_SDK_DISABLED` | `true`; all else is no | `false` | no traces at all | waits for traces |
//! | `OTEL_SERVICE_NAME` | text | none | `service.name` of traces | waits for traces |
//! | `OTEL_RESOURCE_ATTRIBUTES` | `key=value,key=value` | none | attributes of all traces | waits for traces |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | http or https URL; with `grpc` also `host:port` and what else gRPC takes | none: the protocol's own | where traces are sent | waits for traces |
//! | `OTEL_EXPORTER_OTLP_HEADERS` | secret: `key=value,key=value` | none | headers sent with traces | waits for traces |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL` | [`OtlpProtocol`] | `http/protobuf` | how traces are sent | waits for traces |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT` | milliseconds | `10000` | how long sending may take; 0 is no limit | waits for traces |
//! | `OTEL_TRACES_SAMPLER` | [`Sampler`] | `parentbased_always_on` | which traces are kept | waits for traces |
//! | `OTEL_TRACES_SAMPLER_ARG` | 0 to 1 for samplers by ratio, else text | none | the sampler's argument | waits for traces |
//!
//! - Values are trimmed. One that is empty or white space is as good as not set, which is OpenTelemetry's rule and what
//!   compose files make of a variable they pass on.
//! - A time is in seconds, with decimals or without, or has its unit: `500ms`, `1.5s`, `1m`.
//! - Yes is `true`, `1`, `yes` or `on`, no is `false`, `0`, `no` or `off`. In words, the case of letters does not matter.
//! - A percentage is more than 0 and at most 100: `90`, `87.5` or `90%`.
//! - A secret can be in a file instead, whose path is in the variable's name and `_FILE` (`MONITORING_TOKEN_FILE`): how Docker
//!   and Kubernetes hand secrets on. The file holds at most 64 KiB, which are trimmed; an empty one is an error, for who names a
//!   file means to set the secret. Both at once is an error.
//! - 9100 is the port of Prometheus' node exporter too: on a machine that runs one, name another.
//! - The `OTEL_` ones are as OpenTelemetry's specification has them ("Environment Variable Specification", "OTLP Exporter
//!   Configuration"), but for one thing: it ignores a wrong value with a warning, and here it is an error.

mod choices;
mod forms;
mod reader;
mod shown;

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

pub use secrecy::{ExposeSecret, SecretString};

pub use self::choices::{LogLevel, OtlpProtocol, Sampler};
use self::reader::{Reader, Sources};
use crate::error::Error;
use crate::routes::Guard;

/// What the environment sets, typed and checked. The [module](self) has the table of variables.
///
/// Secrets are [`SecretString`]s: `Debug` does not show them, and [`ExposeSecret`] reads them.
///
/// It serializes to a map of variables, in the order of that table, with value and source (`default`, `environment` or
/// `file`). What is secret is `[redacted]` there, or null if it is not set, and URLs and attributes lose their passwords. A
/// field that was changed since keeps its source.
///
/// ```
/// use tower_vitals::Settings;
///
/// let settings = Settings::from_vars([("LOG_LEVEL", "debug"), ("MONITORING_TOKEN", "correct-horse")])?;
/// let shown = serde_json::to_value(&settings)?;
/// assert_eq!(shown["LOG_LEVEL"]["value"], "debug");
/// assert_eq!(shown["LOG_LEVEL"]["source"], "environment");
/// assert_eq!(shown["MONITORING_TOKEN"]["value"], "[redacted]");
/// assert_eq!(shown["MONITORING_PORT"]["source"], "default");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// `MONITORING_HOST`: where the routes are served. Defaults to 127.0.0.1.
    pub monitoring_host: IpAddr,
    /// `MONITORING_PORT`: where the routes are served. Defaults to 9100.
    pub monitoring_port: u16,
    /// `MONITORING_TOKEN`: the bearer token of guarded routes. Defaults to none, and they refuse everyone.
    pub monitoring_token: Option<SecretString>,
    /// `LOG_LEVEL`: the level of all logs. Defaults to info.
    pub log_level: LogLevel,
    /// `MONITORING_LOG_LEVEL`: the level of this crate's logs. Defaults to that of `LOG_LEVEL`.
    pub monitoring_log_level: LogLevel,
    /// `ENABLE_JSON_LOGGING`: whether logs are JSON. Defaults to no.
    pub enable_json_logging: bool,
    /// `HEALTH_CHECK_TIMEOUT`: the timeout of checks that name none. Defaults to 2 s.
    pub health_check_timeout: Duration,
    /// `METRICS_COLLECTION_INTERVAL`: how often the process, host and runtime are read. Defaults to 15 s.
    pub metrics_collection_interval: Duration,
    /// `ALERT_WEBHOOK_URL`: where alerts are sent. Defaults to none.
    pub alert_webhook_url: Option<SecretString>,
    /// `ALERT_COOLDOWN_MINUTES`: how many minutes an alert is not sent again. Defaults to 15.
    pub alert_cooldown_minutes: u32,
    /// `ALERT_MAX_NOTIFICATIONS_PER_HOUR`: how many notifications are sent in an hour. Defaults to 60.
    pub alert_max_notifications_per_hour: u32,
    /// `ALERT_THRESHOLD_DISK`: the use of a disk, in percent, that is an alert. Defaults to 90.
    pub alert_threshold_disk: f64,
    /// `ALERT_THRESHOLD_MEMORY`: the use of memory, in percent, that is an alert. Defaults to 90.
    pub alert_threshold_memory: f64,
    /// `ALERT_THRESHOLD_JOB_FAILURES`: how many failures of a job in a row are a problem. Defaults to 3.
    pub alert_threshold_job_failures: u32,
    /// `TELEGRAM_TOKEN`: the Telegram bot that sends alerts. Defaults to none.
    pub telegram_token: Option<SecretString>,
    /// `MANAGER_CHAT_ID`: the Telegram chat that gets alerts, a number or `@name`. Defaults to none.
    pub manager_chat_id: Option<String>,
    /// `ENVIRONMENT`: the name of the environment. Defaults to `production`.
    pub environment: String,
    /// `OTEL_SDK_DISABLED`: whether there are no traces at all. Defaults to no.
    pub otel_sdk_disabled: bool,
    /// `OTEL_SERVICE_NAME`: `service.name` of traces. Defaults to none.
    pub otel_service_name: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`: attributes of all traces, `key=value,key=value`, not decoded. Defaults to none.
    pub otel_resource_attributes: Option<String>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: where traces are sent. Defaults to none, which is the protocol's own.
    pub otel_exporter_otlp_endpoint: Option<String>,
    /// `OTEL_EXPORTER_OTLP_HEADERS`: headers sent with traces, `key=value,key=value`, not decoded. Defaults to none.
    pub otel_exporter_otlp_headers: Option<SecretString>,
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`: how traces are sent. Defaults to `http/protobuf`.
    pub otel_exporter_otlp_protocol: OtlpProtocol,
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`: how long sending may take; zero is no limit. Defaults to 10 s.
    pub otel_exporter_otlp_timeout: Duration,
    /// `OTEL_TRACES_SAMPLER`: which traces are kept. Defaults to `parentbased_always_on`.
    pub otel_traces_sampler: Sampler,
    /// `OTEL_TRACES_SAMPLER_ARG`: the sampler's argument; that of samplers by ratio is a number from 0 to 1. Defaults to
    /// none.
    pub otel_traces_sampler_arg: Option<String>,
    /// Where values are from that are not defaults.
    sources: Sources,
}

impl Settings {
    /// Reads the environment of this process, and the files of secrets that it names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if any variable is wrong. The message names each of
    /// them, its value unless it is a secret, and what is allowed.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(&|name| env::var_os(name))
    }

    /// Reads these variables instead of the environment, and the files of secrets that they name. Others than those of the
    /// table are left alone; of two with the same name the last one counts.
    ///
    /// # Errors
    ///
    /// As of [`Settings::from_env`].
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
        settings.sources = reader.finish()?;
        Ok(settings)
    }

    /// With defaults in the place of what is wrong, which the reader knows.
    fn read(reader: &mut Reader<'_>) -> Self {
        // What defaults or forms of others hang on.
        let log_level = reader.read("LOG_LEVEL", LogLevel::read);
        let log_level = log_level.unwrap_or(LogLevel::Info);
        let sampler = reader.read("OTEL_TRACES_SAMPLER", Sampler::read);
        let sampler = sampler.unwrap_or(Sampler::ParentBasedAlwaysOn);
        let protocol = reader.read("OTEL_EXPORTER_OTLP_PROTOCOL", OtlpProtocol::read);
        let protocol = protocol.unwrap_or(OtlpProtocol::HttpProtobuf);
        // Where nobody knows which it was to be, what either takes is not wrong.
        let judged_by = if reader.was_wrong("OTEL_EXPORTER_OTLP_PROTOCOL") {
            OtlpProtocol::Grpc
        } else {
            protocol
        };
        Self {
            monitoring_host: reader
                .read("MONITORING_HOST", forms::host)
                .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            monitoring_port: reader
                .read("MONITORING_PORT", forms::whole(1..=u16::MAX))
                .unwrap_or(9100),
            monitoring_token: reader.secret("MONITORING_TOKEN", forms::token),
            log_level,
            monitoring_log_level: reader
                .read("MONITORING_LOG_LEVEL", LogLevel::read)
                .unwrap_or(log_level),
            enable_json_logging: reader
                .read("ENABLE_JSON_LOGGING", forms::yes_or_no)
                .unwrap_or(false),
            health_check_timeout: reader
                .read("HEALTH_CHECK_TIMEOUT", forms::timeout)
                .unwrap_or(Duration::from_secs(2)),
            metrics_collection_interval: reader
                .read("METRICS_COLLECTION_INTERVAL", forms::interval)
                .unwrap_or(Duration::from_secs(15)),
            alert_webhook_url: reader.secret("ALERT_WEBHOOK_URL", forms::url),
            alert_cooldown_minutes: reader
                .read("ALERT_COOLDOWN_MINUTES", forms::whole(0..=10_080))
                .unwrap_or(15),
            alert_max_notifications_per_hour: reader
                .read("ALERT_MAX_NOTIFICATIONS_PER_HOUR", forms::whole(1..=3600))
                .unwrap_or(60),
            alert_threshold_disk: reader
                .read("ALERT_THRESHOLD_DISK", forms::percent)
                .unwrap_or(90.0),
            alert_threshold_memory: reader
                .read("ALERT_THRESHOLD_MEMORY", forms::percent)
                .unwrap_or(90.0),
            alert_threshold_job_failures: reader
                .read("ALERT_THRESHOLD_JOB_FAILURES", forms::whole(1..=u32::MAX))
                .unwrap_or(3),
            telegram_token: reader.secret("TELEGRAM_TOKEN", forms::telegram_token),
            manager_chat_id: reader.read("MANAGER_CHAT_ID", forms::chat),
            environment: reader
                .read("ENVIRONMENT", forms::environment)
                .unwrap_or_else(|| "production".to_owned()),
            otel_sdk_disabled: reader
                .read("OTEL_SDK_DISABLED", forms::true_or_else)
                .unwrap_or(false),
            otel_service_name: reader.read("OTEL_SERVICE_NAME", forms::text),
            otel_resource_attributes: reader.read("OTEL_RESOURCE_ATTRIBUTES", forms::pairs),
            otel_exporter_otlp_endpoint: reader
                .read("OTEL_EXPORTER_OTLP_ENDPOINT", forms::endpoint(judged_by)),
            otel_exporter_otlp_headers: reader.secret("OTEL_EXPORTER_OTLP_HEADERS", forms::headers),
            otel_exporter_otlp_protocol: protocol,
            otel_exporter_otlp_timeout: reader
                .read("OTEL_EXPORTER_OTLP_TIMEOUT", forms::milliseconds)
                .unwrap_or(Duration::from_secs(10)),
            otel_traces_sampler: sampler,
            otel_traces_sampler_arg: reader
                .read("OTEL_TRACES_SAMPLER_ARG", forms::argument(sampler)),
            sources: Sources::new(),
        }
    }

    /// Who may read guarded routes: whoever sends `MONITORING_TOKEN` as bearer token, or nobody if it is not set.
    #[must_use]
    pub fn guard(&self) -> Guard {
        match &self.monitoring_token {
            Some(token) => Guard::bearer(token.expose_secret()),
            None => Guard::closed(),
        }
    }

    /// `MONITORING_HOST` and `MONITORING_PORT`, for [`Routes::serve`](crate::Routes::serve).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.monitoring_host, self.monitoring_port)
    }
}

/// As with none of the variables set.
impl Default for Settings {
    fn default() -> Self {
        Self::read(&mut Reader::new(&|_| None))
    }
}
